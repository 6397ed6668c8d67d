"""Philox4x32-10 against the published known answers, keys and uniform numbers."""

import pytest
import torch

from gaugeflow.random import draw_key, philox, uniform32, uniform64

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
