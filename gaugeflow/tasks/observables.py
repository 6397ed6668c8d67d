"""The `observables` section of a configuration: what is measured, what is estimated from it, what is exact.

To add one: a `Section` with its `name`, the five things that `Observable` lists, and its place in `ObservableConfig`;
a plain number per configuration is one line in `PLAIN`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from mpmath import mp
from pydantic import BeforeValidator, Field
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice import charge, observables
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.lattice.gradient_flow import gradient_flow
from gaugeflow.lattice.spaces import LINKS, SCALARS, Space
from gaugeflow.montecarlo.errors import Estimate, derived
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.scales import flow_scales

__all__ = ["NO_VALUE", "ObservableConfig", "ObservableSection"]

Columns = dict[str, np.ndarray]
ClosedForms = Mapping[str, Callable[[], Any]]
NO_VALUE = (UserError, ArithmeticError, ValueError, mp.NoConvergence)
"""What a closed form raises where it has no value, or where its sums do not end."""
Quantities = dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]]
"""By name: a function of averages, as `gaugeflow.montecarlo.derived` takes it, and the samples to average."""


def mean(average: Any) -> Any:
    """The plain average as a function of averages."""
    return average


class ObservableSection(Section):
    """One entry of the list.

    - `measure`: columns by name, each `(chains, ...)`, of a field; `columns` lists the names;
    - `quantities`: by name, each a function of averages with what is averaged; by default the mean of each column;
    - `closed_forms`: what gives those of them that are known in 2D;
    - `convention`: a sentence that fixes normalisation and units;
    - `space`: what kind of field it is measured on.
    """

    space: ClassVar[Space] = LINKS

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what `measure` gives."""
        return (self.name,)  # type: ignore[attr-defined]  # every entry has its own literal

    @property
    def convention(self) -> str:
        """What exactly the numbers are."""
        raise NotImplementedError

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        """One row: columns by name, each `(chains, ...)`."""
        raise NotImplementedError

    def quantities(self, columns: Columns) -> Quantities:
        """From columns `(chains, measurements, ...)`, with samples `(chains, measurements)` to average."""
        return {name: (mean, (samples,)) for name, samples in columns.items()}

    def estimates(self, columns: Columns) -> dict[str, Estimate]:
        """The quantities with errors from all rows."""
        return {name: derived(function, *samples) for name, (function, samples) in self.quantities(columns).items()}

    def closed_forms(self, solution: Exact2D) -> ClosedForms:
        """Functions without arguments that give the closed-form values of some of the quantities."""
        return {}

    def exact(self, solution: Exact2D) -> dict[str, float]:
        """The closed-form values that can be had."""
        return self.compared(solution)[0]

    def compared(self, solution: Exact2D) -> tuple[dict[str, float], dict[str, str]]:
        """The closed-form values, and for each that cannot be had the reason: a comparison never costs a report."""
        values, reasons = {}, {}
        for name, form in self.closed_forms(solution).items():
            try:
                values[name] = float(form())
            except NO_VALUE as error:
                reasons[name] = str(error)
        return values, reasons


PLAIN: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "plaquette": (observables.plaquette, "(1/N) Re tr P, mean over sites and planes"),
    "plaquette_spatial": (observables.plaquette_spatial, "(1/N) Re tr P, mean over sites and planes without t"),
    "plaquette_temporal": (observables.plaquette_temporal, "(1/N) Re tr P, mean over sites and planes with t"),
    "energy_clover": (charge.energy_clover, "E = (1/4) F^a F^a a^4 per site, clover field strength"),
}


class Plain(ObservableSection):
    """A number per configuration."""

    name: Literal["plaquette", "plaquette_spatial", "plaquette_temporal", "energy_clover"]
    """Which number: a mean plaquette, or the clover energy density in lattice units."""

    @property
    def convention(self) -> str:
        return PLAIN[self.name][1]

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        return {self.name: PLAIN[self.name][0](field)}

    def closed_forms(self, solution: Exact2D) -> ClosedForms:
        known = self.name in ("plaquette", "plaquette_temporal")
        return {self.name: lambda: solution.plaquette} if known else {}


class Polyakov(ObservableSection):
    """The Polyakov loop and its modulus."""

    name: Literal["polyakov"]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("polyakov_re", "polyakov_im", "polyakov_abs")

    @property
    def convention(self) -> str:
        return "(1/N) tr of the product of links along t, mean over space; _abs is the mean modulus of that"

    def closed_forms(self, solution: Exact2D) -> ClosedForms:
        return {"polyakov_re": lambda: 0.0, "polyakov_im": lambda: 0.0}  # by centre symmetry, on any finite lattice

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        loop = observables.polyakov(field)
        return dict(zip(self.columns, (loop.real, loop.imag, loop.abs()), strict=True))


class WilsonLoops(ObservableSection):
    """All planar loops up to the given extents, and the Creutz ratios of the square ones."""

    name: Literal["wilson_loops"]
    r: Count
    """The largest extent along a spatial axis, in sites."""
    t: Count
    """The largest extent along time, in sites."""

    @property
    def convention(self) -> str:
        return (
            "W(R,T) = (1/N) Re tr, R along a spatial axis, T along t; "
            "creutz_ratio RxR = -ln W(R,R) W(R-1,R-1) / (W(R,R-1) W(R-1,R))"
        )

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        return {self.name: observables.wilson_loops(field, self.r, self.t)}

    def quantities(self, columns: Columns) -> Quantities:
        samples = columns[self.name]
        found: Quantities = {f"wilson_loop_{r}x{t}": (mean, (samples[:, :, r - 1, t - 1],)) for r, t in self._sides()}
        for r in self._squares():
            sides = ((r, r), (r - 1, r - 1), (r, r - 1), (r - 1, r))
            corners = tuple(samples[:, :, i - 1, j - 1] for i, j in sides)
            found[f"creutz_ratio_{r}x{r}"] = (lambda a, b, c, d: -np.log(a * b / (c * d)), corners)
        return found

    def closed_forms(self, solution: Exact2D) -> ClosedForms:
        loops = {f"wilson_loop_{r}x{t}": partial(solution.wilson_loop, r, t) for r, t in self._sides()}
        return loops | {f"creutz_ratio_{r}x{r}": partial(solution.creutz_ratio, r, r) for r in self._squares()}

    def _sides(self) -> list[tuple[int, int]]:
        return [(r, t) for r in range(1, self.r + 1) for t in range(1, self.t + 1)]

    def _squares(self) -> range:
        return range(2, min(self.r, self.t) + 1)


CHARGES = {
    "geometric": (charge.charge_geometric, "Q = (1/2pi) sum arg P"),
    "plaquette": (charge.charge_plaquette, "Q from the plaquette's field strength"),
    "clover": (charge.charge_clover, "Q from the clover's field strength"),
    "improved": (charge.charge_improved, "Q = 5/3 Q_clover - 1/6 Q[(C_2x1 + C_1x2)/8]"),
}


class Charge(ObservableSection):
    """The topological charge and its square: `geometric` in 2D U(1), the others in four dimensions."""

    name: Literal["charge"]
    definition: Literal["geometric", "plaquette", "clover", "improved"]
    """The lattice definition of Q."""
    flow_time: Positive | None = None
    """Gradient-flow time t/a^2 before the measurement; none measures the bare field."""
    epsilon: Positive = 0.02
    """Step of the flow, in units of a^2."""

    @property
    def convention(self) -> str:
        flowed = f", after gradient flow to t/a^2 = {self.flow_time}" if self.flow_time else ""
        return f"{CHARGES[self.definition][1]}{flowed}; charge_squared = <Q^2>"

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        if self.flow_time:  # the energies on the way are not asked for
            every = max(1, round(self.flow_time / self.epsilon))
            field = gradient_flow(field, self.flow_time, self.epsilon, "plaquette", every).links
        return {self.name: CHARGES[self.definition][0](field)}

    def quantities(self, columns: Columns) -> Quantities:
        samples = columns[self.name]
        return {"charge": (mean, (samples,)), "charge_squared": (mean, (samples**2,))}

    def closed_forms(self, solution: Exact2D) -> ClosedForms:
        if self.definition != "geometric" or self.flow_time:
            return {}
        return {"charge": lambda: 0.0, "charge_squared": lambda: solution.charge_squared}


class GradientFlow(ObservableSection):
    """E(t) along the gradient flow, with the scales t0 and w0 where it flows far enough."""

    name: Literal["gradient_flow"]
    time: Positive
    """The last flow time t/a^2."""
    epsilon: Positive = 0.02
    """Step of the flow, in units of a^2."""
    energy: Literal["clover", "plaquette"] = "clover"
    """The lattice definition of the energy density E."""

    @property
    def convention(self) -> str:
        return (
            f"t^2 E(t) with the {self.energy} energy, in units of a; t0/a^2 where <t^2 E> = 0.3, "
            "w0/a where t d/dt <t^2 E> = 0.3 at t = w0^2"
        )

    def times(self) -> Tensor:
        """Flow times t/a^2 of the column's entries."""
        steps = max(1, round(self.time / self.epsilon))
        return torch.linspace(0, self.time, steps + 1, dtype=torch.float64)

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        history = gradient_flow(field, self.time, self.epsilon, self.energy)
        return {self.name: history.t2e.T}

    def quantities(self, columns: Columns) -> Quantities:
        return {}  # where t0 and w0 lie is found from the averages first

    def estimates(self, columns: Columns) -> dict[str, Estimate]:
        return flow_scales(self.times().numpy(), columns[self.name])


class Magnetization(ObservableSection):
    """The mean of a scalar field, its modulus, and the susceptibility."""

    space = SCALARS

    name: Literal["magnetization"]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("magnetization", "magnetization_abs", "susceptibility")

    @property
    def convention(self) -> str:
        return "M = mean of phi over sites; _abs is <|M|>; susceptibility = V <M^2>"

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        mean = field.flatten(1).mean(1)
        volume = field[0].numel()
        return dict(zip(self.columns, (mean, mean.abs(), volume * mean**2), strict=True))


class PhiSquared(ObservableSection):
    """The mean square of a scalar field."""

    space = SCALARS

    name: Literal["phi_squared"]

    @property
    def convention(self) -> str:
        return "phi^2, mean over sites"

    def measure(self, field: Tensor) -> dict[str, Tensor]:
        return {self.name: (field * field).flatten(1).mean(1)}


def _entry(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


ObservableConfig = Annotated[
    Annotated[
        Plain | Polyakov | WilsonLoops | Charge | GradientFlow | Magnetization | PhiSquared,
        Field(discriminator="name"),
    ],
    BeforeValidator(_entry),
]
"""A name alone stands for an observable without parameters."""
