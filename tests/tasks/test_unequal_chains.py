"""Chains of unequal length: value and error are those of the same data."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gaugeflow.groups import get_group
from gaugeflow.io import EnsembleWriter
from gaugeflow.lattice import hot_start, plaquette
from gaugeflow.montecarlo.errors import derived, estimate, split_r_hat
from gaugeflow.tasks.measure import measure

LENGTHS = [(40, 3), (40, 8), (5, 40, 17), (43,)]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_measure_uses_every_configuration_in_value_and_error(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    fields = hot_start(get_group("su2"), (2, 2, 2, 2), torch.Generator().manual_seed(4), sum(lengths))
    chain = [number for number, length in enumerate(lengths) for _ in range(length)]
    with EnsembleWriter.create(tmp_path / "e.h5", "su2", (2, 2, 2, 2), capacity=len(chain)) as ensemble:
        for number in range(len(lengths)):  # each chain at its own time
            mine = [place for place, owner in enumerate(chain) if owner == number]
            ensemble.append(fields[mine], chain=[number] * len(mine), step=0)
    found, values = measure(tmp_path / "e.h5"), plaquette(fields).numpy()
    assert found["configurations"] == len(values)
    assert found["plaquette"] == pytest.approx(values.mean(), rel=1e-12)
    independent = values.std() / np.sqrt(len(values))
    assert found["errors"]["plaquette"] == pytest.approx(independent, rel=0.35)  # the window of so few is noisy
    assert np.isfinite(found["errors"]["polyakov"]).all()


@pytest.mark.parametrize("lengths", [(300, 3), (300, 20, 90), (2, 300)])
def test_the_error_is_that_of_all_samples(lengths: tuple[int, ...]) -> None:
    """Over many ensembles the error that is quoted is the scatter of the mean."""
    generator = np.random.default_rng(5)
    ensembles = [[generator.normal(size=length) for length in lengths] for _ in range(200)]
    found = [estimate(series) for series in ensembles]
    assert {entry.count for entry in found} == {sum(lengths)}
    assert found[0].value == pytest.approx(np.concatenate(ensembles[0]).mean())
    scatter = np.std([entry.value for entry in found])
    assert np.mean([entry.error for entry in found]) == pytest.approx(scatter, rel=0.15)


def test_unequal_chains_that_disagree_are_seen() -> None:
    generator = np.random.default_rng(6)
    series = [generator.normal(size=400), generator.normal(size=90)]
    assert split_r_hat(series) == pytest.approx(1, abs=0.03)
    assert estimate(series).warning == ""
    assert "disagree" in estimate([series[0], series[1] + 1.5]).warning


def test_a_function_of_unequal_chains() -> None:
    generator = np.random.default_rng(7)
    one = [3 + generator.normal(size=n) for n in (200, 50)]
    ratio = derived(lambda a, b: a / b, one, [2 * series for series in one])
    assert ratio.value == pytest.approx(0.5)
    assert ratio.error < 1e-12
    square = derived(lambda a: a**2, one)
    assert square.error == pytest.approx(2 * estimate(one).value * estimate(one).error, rel=1e-9)
