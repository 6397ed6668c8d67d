"""The log-determinant of an integrated flow beside the Jacobian of the map that was computed, and the order of both.

It is that of the equation. So it differs from the Jacobian of the discrete map, by differences in the frames of the
links, by an error of the order of the method: a step half as long leaves 1/16 of it at order 4.
"""

import math
from collections.abc import Callable
from math import prod
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from gaugeflow.flows import ContinuousFlow, NeuralFlow, ScalarContinuousFlow, luescher_functions
from gaugeflow.flows.integrated import Integrated
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.nn import GaugeTheory, Potential

H = 2e-5
Make = Callable[[str, tuple[int, ...], torch.Generator], Integrated]
DOUBLE = torch.float64

pytestmark = pytest.mark.slow


def randomised(flow: Integrated, size: float, generator: torch.Generator, name: str = "coefficients") -> Integrated:
    parameter = getattr(flow, name)
    with torch.no_grad():
        parameter.copy_(size * torch.randn(parameter.shape, generator=generator, dtype=DOUBLE))
    return flow


def loops(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Integrated:
    group, action = get_group(name), WilsonAction(len(shape), 1.0)
    functions = luescher_functions(group, len(shape), action.loops, 3 - len(shape))
    return randomised(ContinuousFlow(group, functions, splines=3, backend="torch"), 0.1, generator)


def staples(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Integrated:
    return randomised(ContinuousFlow(get_group(name), "staples", splines=3, backend="torch"), 0.012, generator)


def neural(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Integrated:
    potential = Potential.of(GaugeTheory(name, len(shape)), 1, generator=generator, channels=(1,), hidden=())
    return randomised(NeuralFlow(potential, 1, integrator="rkmk4"), 0.05, generator)


def scalar(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Integrated:
    return randomised(ScalarContinuousFlow(shape, [2.0], 1, 3), 0.05, generator, "weights")


def field(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if not name:
        return torch.randn(1, *shape, generator=generator, dtype=DOUBLE)
    return hot_start(name, shape, generator)


def moved(x: Tensor, w: Tensor) -> Tensor:
    """``exp(i w_a T_a) U`` for links, ``phi + w`` for scalars; w is ``(batch, numbers)``."""
    if not x.is_complex():
        return x + w.view(-1, *x.shape[1:])
    return get_group("su2").exp(w.view(-1, *x.shape[1:-2], 3)) @ x


def apart(x: Tensor, y: Tensor) -> Tensor:
    """The small w with ``x = moved(y, w)``."""
    if not x.is_complex():
        return torch.remainder(x - y + math.pi, 2 * math.pi).sub(math.pi).flatten(1)
    return get_group("su2").log(x @ y.mH).flatten(1)


@torch.no_grad()
def discrepancy(flow: Integrated, z: Tensor, steps: int) -> float:
    """The log-determinant that the flow gives, less that of its map by differences."""
    flow.steps = steps
    end, log_det = flow(z)
    size = prod(z.shape[1:-2]) * 3 if z.is_complex() else z[0].numel()
    step = H * torch.eye(size, dtype=DOUBLE)
    with patch.object(NeuralFlow, "laplacian", lambda flow, links, c: torch.zeros(len(links), dtype=DOUBLE)):
        after, before = apart(flow(moved(z, torch.cat([step, -step])))[0], end).split(size)
    return float(log_det - torch.linalg.slogdet((after - before) / (2 * H)).logabsdet)


CASES = [
    (loops, "su2", (2, 2)),
    (loops, "u1", (2, 2, 2)),
    (staples, "su2", (3, 3)),  # their least extents
    (neural, "u1", (2, 2)),
    (neural, "u1", (2, 2, 2)),
    (scalar, "", (2, 2)),
    (scalar, "", (2, 2, 2)),
]


@pytest.mark.parametrize(("make", "name", "shape"), CASES)
def test_the_error_of_the_log_determinant_has_the_order_of_the_method(
    make: Make, name: str, shape: tuple[int, ...], generator: torch.Generator
) -> None:
    """Four as it is: halving leaves 1/16. Extrapolated it is five, 1/32, from a smaller error."""
    flow, z = make(name, shape, generator), field(name, shape, generator)
    few = 2 if make is neural else 3  # its steps are dear
    plain = [discrepancy(flow, z, steps) for steps in (few, 2 * few)]
    flow.extrapolated = True
    beyond = [discrepancy(flow, z, steps) for steps in (few, 2 * few)]
    assert 10 < plain[0] / plain[1] < 26
    assert abs(beyond[0] / beyond[1]) > 20
    assert abs(beyond[0]) < 0.1 * abs(plain[0])


@pytest.mark.parametrize(("make", "name", "shape"), [CASES[0], CASES[5]])
def test_the_extrapolated_inverse_undoes_the_extrapolated_flow(
    make: Make, name: str, shape: tuple[int, ...], generator: torch.Generator
) -> None:
    flow, z, off = make(name, shape, generator), field(name, shape, generator), []
    for flow.extrapolated in (False, True):
        flow.steps = 6
        with torch.no_grad():
            x, log_det = flow(z)
            again, back = flow.inverse(x)
        off.append((float(apart(again, z).abs().max()), float((log_det + back).abs())))
    for plain, beyond in zip(*off, strict=True):
        assert beyond < 0.2 * plain
