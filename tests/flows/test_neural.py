"""Flows of learned potentials: Laplacian, log-determinant as steps shrink, training from a configuration."""

import math
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import ContinuousFlow, NeuralFlow, luescher_functions
from gaugeflow.groups import get_group
from gaugeflow.lattice import LINKS, Action, WilsonAction, hot_start, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.nn import GaugeTheory, Potential
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.config import FlowConfig

TINY: dict[str, Any] = {
    "task": "flow",
    "seed": 1,
    "group": "u1",
    "shape": [3, 3],
    "dtype": "float32",
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "neural", "channels": [2], "hidden": [], "steps": 3},
    "training": {"steps": 14, "batch": 16, "optimizer": {"name": "adam", "rate": 0.01}, "clip": 10.0},
}


def random_flow(name: str, generator: torch.Generator, steps: int) -> NeuralFlow:
    potential = Potential.of(GaugeTheory(name, 2), 2, generator=generator, channels=(1,), hidden=())
    flow = NeuralFlow(potential, 2, steps)
    with torch.no_grad():
        flow.coefficients.copy_(0.1 * torch.randn(2, 2, generator=generator, dtype=torch.float64))
    return flow


@pytest.mark.parametrize("name", ["u1", "su2"])
def test_the_laplacian_is_the_trace_of_the_hessian(name: str, generator: torch.Generator) -> None:
    flow, group = random_flow(name, generator, 1), get_group(name)
    links = hot_start(name, (2, 3), generator)
    c = torch.tensor([0.7, -0.4], dtype=torch.float64)
    shape = torch.Size(flow.potential.space.tangent_shape(links))

    def potential(w: Tensor) -> Tensor:
        return flow.potential(group.mul(group.exp(w.view(shape)), links), c).sum()

    hessian = torch.autograd.functional.hessian(potential, torch.zeros(shape.numel(), dtype=torch.float64))
    with torch.no_grad():
        assert float(flow.laplacian(links, c)) == pytest.approx(float(hessian.trace()), rel=1e-9)


def test_the_log_determinant_tends_to_that_of_the_steps(generator: torch.Generator) -> None:
    """SU(2), a method of order 2: twice as many steps leave a quarter of the difference, and of that of the inverse."""
    flow, group = random_flow("su2", generator, 2), get_group("su2")
    links = hot_start("su2", (2, 2), generator)
    shape = torch.Size(flow.potential.space.tangent_shape(links))
    off = []
    for flow.steps in (1, 2):
        end = flow(links)[0].detach()

        def moved(w: Tensor, end: Tensor = end) -> Tensor:
            return group.coefficients(-1j * flow(group.exp(w.view(shape)) @ links)[0] @ end.mH).flatten()

        zero = torch.zeros(shape.numel(), dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(moved, zero)
        with torch.no_grad():
            log_det = flow(links)[1]
            start, back = flow.inverse(end)
        exact = float(torch.linalg.slogdet(jacobian)[1])
        off.append([abs(float(log_det) - exact), float((start - links).abs().max()), abs(float(log_det + back))])
    assert abs(exact) > 1e-3
    for coarse, fine in zip(*off, strict=True):
        assert math.log2(coarse / fine) > 1.6


class Plaquettes(Action):
    """``c sum Re (1/N) tr P``, as a potential of one term."""

    space = LINKS
    theory = GaugeTheory("su2", 2)

    def __call__(self, field: Tensor, c: Tensor | None = None) -> Tensor:
        coefficient = torch.ones(1, dtype=torch.float64) if c is None else c
        return coefficient[0] * plaquette(field) * prod(field.shape[2:4])

    def force(self, field: Tensor, c: Tensor | None = None) -> Tensor:
        return Potential.force(self, field, c)  # type: ignore[arg-type]


def test_with_the_plaquette_for_a_network_it_is_the_flow_of_loops(generator: torch.Generator) -> None:
    """The other flow has its force and Laplacian in closed form, and other kernels."""
    group = get_group("su2")
    neural = NeuralFlow(Plaquettes(), 1, 2, "rkmk4", 3)  # type: ignore[arg-type]
    functions = luescher_functions(group, 2, WilsonAction(2, 1.0).loops, 0)
    loops = ContinuousFlow(group, functions, 2, "rkmk4", 3, backend="torch")
    with torch.no_grad():
        neural.coefficients.copy_(torch.tensor([[-0.2], [-0.5], [0.3]]))
        loops.coefficients.copy_(neural.coefficients)
        z = hot_start("su2", (3, 2), generator, 2)
        for mine, known in ((neural(z), loops(z)), (neural.inverse(z), loops.inverse(z))):
            assert float((mine[0] - z).abs().max()) > 0.03
            for one, other in zip(mine, known, strict=True):
                assert torch.allclose(one, other, atol=1e-12)


def test_it_trains_from_a_configuration() -> None:
    task = Flow(FlowConfig.model_validate(TINY))
    task.begin()
    losses = [float(task.trainer.step(k, task.generator)["loss"]) for k in range(14)]
    least = -float(Exact2D("u1", (3, 3), 1.0).log_z)  # of E_q[log q + S], which is 9 for Haar measure
    assert abs(sum(losses[-4:]) / 4 - least) < 0.25 * (9 - least)


def test_mistakes_are_named(generator: torch.Generator) -> None:
    with pytest.raises(UserError, match="steps and chunk_size >= 1, got 0"):
        random_flow("u1", generator, 0)
