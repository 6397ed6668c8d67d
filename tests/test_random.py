"""Streams by keys; Philox4x32-10 against the published known answers; uniform numbers."""

from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow.random import MERSENNE, draw_key, philox, stream, uniform32, uniform64

# The three vectors of philox4x32 with 10 rounds in the file kat_vectors of Random123 (Salmon et al., SC11).
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    low, high = words(key)
    assert philox(low | high << 32, torch.tensor(words(counter))).tolist() == words(answer)


def test_batched_counters_are_independent_calls() -> None:
    counters = torch.randint(0, 1 << 32, (5, 3, 4), generator=torch.Generator().manual_seed(1))
    together = philox(12345, counters)
    for index in ((0, 0), (4, 2)):
        assert torch.equal(together[index], philox(12345, counters[index]))


def test_keys_follow_the_generator() -> None:
    keys = [draw_key(torch.Generator().manual_seed(seed)) for seed in (7, 7, 8)]
    assert keys[0] == keys[1] != keys[2]
    assert all(0 <= key < 1 << 64 for key in keys)
    generator = torch.Generator().manual_seed(7)
    assert draw_key(generator) != draw_key(generator)


def test_uniforms_stay_inside_the_open_interval() -> None:
    extremes = torch.tensor([0, (1 << 32) - 1])
    for values in (uniform32(extremes), uniform64(extremes, extremes)):
        assert 0 < values[0] < 1e-9
        assert 1 - 1e-9 < values[1] < 1


def test_uniforms_have_the_moments_of_the_interval() -> None:
    counter = torch.zeros(100_000, 4, dtype=torch.int64)
    counter[:, 0] = torch.arange(100_000)
    draws = philox(99, counter)
    for values in (uniform32(draws[:, 0]), uniform64(draws[:, 1], draws[:, 2])):
        for power in (1, 2, 3):
            mean, deviation = 1 / (power + 1), (1 / (2 * power + 1) - 1 / (power + 1) ** 2) ** 0.5
            assert abs(values.pow(power).mean() - mean) < 4 * deviation / 100_000**0.5


def first(generator: torch.Generator) -> list[float]:
    return torch.rand(4, generator=generator, dtype=torch.float64).tolist()


KEYS: list[tuple[int | str, ...]] = [
    ("run", 1),
    ("run", 1 + 2**32),
    ("run", 1 + 2**63),
    ("run", 1, 0),
    ("run", 1, 0, 0),
    ("report", 1),
    ("run", "1"),
    (1, "run"),
    ("run1",),
    ("run",),
    (),
]
"""Keys that a truncated seed, numpy's SeedSequence, or text that is joined would take for one another."""


def test_each_key_has_a_stream_of_its_own() -> None:
    drawn = [tuple(first(stream(*key))) for key in KEYS]
    assert len(set(drawn)) == len(KEYS)
    assert drawn == [tuple(first(stream(*key))) for key in KEYS]
    assert stream("run", np.int64(1)).get_state().equal(stream("run", 1).get_state())


def test_the_whole_state_of_the_twister_comes_from_the_key() -> None:
    """torch's own seeding makes all 624 words from 32 bits: each is a function of the one before (Matsumoto, 2002)."""
    words = stream("run", 1).get_state().view(torch.int64)[MERSENNE]
    assert len(words) == 624
    assert 0 <= int(words.min()) <= int(words.max()) < 1 << 32
    assert len(set(words.tolist())) == 624
    assert all(sum(a == b for a, b in zip(words.tolist(), other, strict=True)) < 3 for other in others(words))
    ones = sum(int(word).bit_count() for word in words.tolist())
    assert abs(ones - 624 * 16) < 4 * (624 * 8) ** 0.5


def others(words: torch.Tensor) -> list[list[int]]:
    """The states of another seed, and the words that torch's seeding makes from the first of these."""
    seeded = torch.Generator().manual_seed(int(words[0])).get_state().view(torch.int64)[MERSENNE]
    assert int(seeded[0]) == int(words[0])  # where torch keeps what it is seeded with
    return [seeded.tolist(), stream("run", 1 + 2**32).get_state().view(torch.int64)[MERSENNE].tolist()]


def test_the_state_is_that_of_a_reference_twister() -> None:
    """numpy's MT19937 with the same 624 words draws the same numbers, so that the layout is understood."""
    generator = stream("run", 7)
    reference = np.random.MT19937()
    words = generator.get_state().view(torch.int64)[MERSENNE].numpy().astype(np.uint32)
    reference.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": 624}}
    drawn = torch.randint(0, 1 << 24, (2000,), generator=generator)
    assert drawn.tolist() == (reference.random_raw(2000) & 0xFFFFFF).tolist()


def test_a_stream_goes_on_from_its_state() -> None:
    generator = stream("run", 7)
    torch.randn(17, generator=generator)
    again = torch.Generator()
    again.set_state(generator.get_state())
    assert first(generator) == first(again)


def test_draws_of_a_stream_are_uniform_and_independent_of_those_of_the_next_seed() -> None:
    one, other = (torch.rand(50_000, generator=stream("run", seed), dtype=torch.float64) - 0.5 for seed in (3, 4))
    error = 50_000**-0.5
    assert abs(float(one.mean())) < 4 * error / 12**0.5
    assert abs(float((one * one).mean()) - 1 / 12) < 4 * error / 180**0.5
    assert abs(float((one * other).mean())) < 4 * error / 12


@pytest.mark.parametrize("part", [1.0, None, b"run"])
def test_a_key_of_something_else_is_refused(part: Any) -> None:
    with pytest.raises(TypeError):
        stream("run", part)
