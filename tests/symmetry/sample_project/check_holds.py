"""What a project writes to have its symmetries checked: these hold."""

import pytest
from spin_model import action, example


@pytest.mark.symmetry("gauge: links -> scalars")
def test_action_is_gauge_invariant():
    return action, example()


@pytest.mark.symmetry("translations: links -> scalars", "charge: links -> scalars", trials=16)
def test_action_is_invariant_under_lattice_symmetries():
    return action, example()


def test_with_the_fixture(symmetry):
    from gaugeflow.symmetry import Links, Scalars

    report = symmetry(action, Links(example()), "gauge * hypercubic", out=Scalars)
    assert set(report.findings[0].largest) == {"float32", "float64"}


def test_without_symmetry():
    assert action(example()).shape == (3,)
