"""The same for an action with a mistake: both ways to ask fail."""

import pytest
from spin_model import action_with_a_dropped_dagger, example


@pytest.mark.symmetry("gauge: links -> scalars")
def test_marked():
    return action_with_a_dropped_dagger, example()


def test_with_the_fixture(symmetry):
    from gaugeflow.symmetry import Links, Scalars

    symmetry(action_with_a_dropped_dagger, Links(example()), "gauge", out=Scalars)
