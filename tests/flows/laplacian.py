"""What is asked of the functions of every trivializing flow."""

import pytest
import torch
from torch import Tensor

from gaugeflow.flows import LoopBasis, StapleBasis
from gaugeflow.kernels.select import get_loop_polynomials
from gaugeflow.lattice import hot_start


def assert_laplacian(basis: LoopBasis | StapleBasis, generator: torch.Generator) -> None:
    """That of a random sum of the functions is the trace of its Hessian, by automatic derivatives in the algebra."""
    shape, group = basis.shape, basis.group
    reference = get_loop_polynomials(group, shape, basis.recording, backend="torch")
    state = reference.kernels.pack(hot_start(group, shape, generator))
    size = (1, len(shape), *shape, group.dim)
    c = torch.randn(basis.size, generator=generator, dtype=torch.float64)

    def potential(w: Tensor) -> Tensor:
        return reference.values(reference._moved(state, w.view(size)))[0, : basis.size] @ c

    zero = torch.zeros(torch.Size(size).numel(), dtype=torch.float64)
    trace = float(torch.autograd.functional.hessian(potential, zero).trace())
    assert float(reference.values(state)[0] @ basis.weights(c)[1]) == pytest.approx(trace, rel=1e-10)
