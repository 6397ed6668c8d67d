"""What a check costs, in calls of the function, as the docs say it."""

import pytest
import torch

from gaugeflow.symmetry import Points, Scalars, check
from tests.symmetry.samples import energy, points


@pytest.mark.parametrize(("batch", "calls"), [(1, 135), (2, 72), (8, 24), (32, 16)])
def test_the_default_costs_so_many_calls(batch, calls):
    """2 x 2 for each chunk of the batch's size, of which there are 32 / batch but two at least, and eight to start."""
    seen = []

    def f(r):
        seen.append((len(r), r.dtype))
        return energy(r)

    assert check(f, points(batch), "permutations", out=Scalars).holds
    assert len(seen) == calls
    assert {size for size, _ in seen} == ({1, 2} if batch == 1 else {batch})


def test_the_worst_case_of_memory_is_one_chunk():
    sizes = set()

    def f(r):
        sizes.add(len(r))
        return energy(r)

    check(f, Points(torch.randn(12, 5, 3, dtype=torch.float64)), "permutations", out=Scalars, chunk_size=4)
    assert sizes == {4}
