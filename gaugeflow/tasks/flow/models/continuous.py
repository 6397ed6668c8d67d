"""Trivializing flows of Wilson-loop potentials, fitted by least squares before any gradient step."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.fit import GaussNewton, fit_along_path
from gaugeflow.flows.continuous.flow import ContinuousFlow
from gaugeflow.flows.continuous.loop_algebra import Monomial
from gaugeflow.flows.continuous.loop_basis import luescher_functions, parse_function
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.runs import Count, Positive
from gaugeflow.tasks.flow.models.integrated import IntegratedModel
from gaugeflow.tasks.flow.models.model import Log, Setting

__all__ = ["Continuous"]


class Continuous(IntegratedModel):
    """A flow from Haar measure along the gradient of a potential made of Wilson loops.

    Before any gradient step the coefficients are fitted along `exp(-t S)` on heat-bath configurations. Gauss-Newton
    steps on samples of the flow then lower the variance of the log-weight.

    An entry of `functions` is a product of loops such as `"+x+y-x-y * +x+y-x-y @ 1 0"`, the second of which starts at
    (1, 0); all lattice images of it are summed. `functions: staples` takes seven functions of the sums of plaquettes
    at each link: most of what order 1 has, for a fraction of the products.
    """

    name: Literal["continuous"]
    order: Annotated[int, Field(ge=0, le=3)] = 1
    """Which Wilson loops the potential has: those of Luescher's expansion up to this order."""
    max_traces: Count | None = None
    """Leaves out products of more traces than this."""
    functions: Annotated[list[str], Field(min_length=1)] | Literal["staples"] | None = None
    """A list of one's own loops instead, or `staples`."""
    steps: Count = 8
    """Steps of the integrator from base to target."""
    integrator: Literal["cg2", "cg3", "rkmk4", "rkmk8"] = "rkmk4"
    """`cg2` and `cg3` have order 2 and 3, `rkmk4` and `rkmk8` have order 4 and 8. A step of `rkmk8` costs three of
    `rkmk4`."""
    splines: Count = 5
    """B-splines in flow time for each coefficient."""
    degree: Annotated[int, Field(ge=0, le=5)] = 3
    """Degree of the splines."""
    chunk_size: Count = 512
    """Configurations that are integrated at a time."""
    fit_shape: Annotated[list[Count], Field(min_length=2)] | None = None
    """Extents of the lattice of the fit; by default those of the run."""
    samples: Annotated[int, Field(ge=0)] = 256
    """Heat-bath configurations at each t of the fit; zero leaves the coefficients at zero."""
    times: Annotated[int, Field(ge=2)] = 9
    """Values of t in [0, 1] of the fit."""
    sweeps: Count = 10
    """Heat-bath sweeps from one t to the next."""
    ridge: Positive = 1e-7
    """Regularisation of the least squares."""
    newton_steps: Annotated[int, Field(ge=0)] = 2
    """Gauss-Newton steps after the fit."""
    newton_samples: Count = 512
    """Samples of the flow in each Gauss-Newton step."""
    newton_ridge: Positive = 1e-4
    """Regularisation of a Gauss-Newton step."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        action, group, ndim = setting.action, setting.group, len(setting.shape)
        if group is None or not is_loop_sum(action):
            raise UserError(f"model continuous: expected links and a sum of loops, got {type(action).__name__}")
        functions: Sequence[Monomial] | Literal["staples"]
        if isinstance(self.functions, list):
            functions = [parse_function(text, ndim) for text in self.functions]
        else:
            functions = self.functions or luescher_functions(group, ndim, action.loops, self.order, self.max_traces)
        integrator = self.steps, self.integrator, self.splines, self.degree
        return [
            ContinuousFlow(
                group, functions, *integrator, setting.dtype, self.chunk_size, extrapolated=self.extrapolated
            )
        ]

    def symmetry(self, scalars: bool) -> str:
        return "gauge * translations * charge * centre"  # reflections up to the error of the steps

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        if not self.samples:
            return
        shape = flow.q0.shape if self.fit_shape is None else tuple(self.fit_shape)
        if len(shape) != len(flow.q0.shape):
            raise UserError(f"model.fit_shape: expected {len(flow.q0.shape)} extents, got {list(shape)}")
        layer = flow.flows[0]
        solution = fit_along_path(layer, action, shape, generator, self.times, self.samples, self.sweeps, self.ridge)
        log({"stage": 0, "variance": solution.residual, "ess": float("nan")})
        newton = GaussNewton(self.newton_samples, self.newton_ridge)
        for step in range(self.newton_steps):
            log({"stage": step + 1, **newton.step(layer, action, shape, generator)})
