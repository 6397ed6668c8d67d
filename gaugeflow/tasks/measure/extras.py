"""What is measured on request: the gradient flow with charge, t0 and w0; Wilson loops, Creutz ratios, the potential."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import U1, group_of
from gaugeflow.lattice import charge, observables
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.gradient_flow import gradient_flow
from gaugeflow.montecarlo.errors import Estimate, derived, estimate
from gaugeflow.tasks.scales import flow_scales

__all__ = ["Columns", "Flow", "Loops"]

Columns = Mapping[str, list[np.ndarray]]
"""By name what was measured: one array ``(configurations, ...)`` for each chain."""

LONGEST_STEP = 0.02
"""Of the integration of the flow, in units of a^2; the error of E is then about 1e-6 at t0."""
MOST_TIMES = 100_000


@dataclass(frozen=True)
class Flow:
    """The gradient flow of the Wilson action at the times start, start + step, ..., stop, in units of a^2."""

    start: float
    stop: float
    step: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``0:3:0.01``. Raises UserError."""
        number = r"\d*\.?\d+(?:[eE][+-]?\d+)?|\d+\."
        match = re.fullmatch(rf"({number}):({number}):({number})", text.strip())
        start, stop, step = map(float, match.groups()) if match else (0.0, 0.0, 0.0)
        if not (0 <= start < stop < math.inf and 0 < step <= stop and stop / step <= MOST_TIMES):
            raise UserError(
                f"--flow: expected times START:STOP:STEP in units of a^2 with 0 <= START < STOP and at most "
                f"{MOST_TIMES} steps, as in 0:3:0.01, got {text!r}"
            )
        return cls(start, stop, step)

    @property
    def times(self) -> np.ndarray:
        """All times at which the flow is looked at, from 0 on, equally spaced."""
        return np.linspace(0, self._steps * self.step, self._steps + 1)

    @property
    def _steps(self) -> int:
        return max(1, round(self.stop / self.step))

    def measure(self, links: Tensor) -> dict[str, Tensor]:
        """t^2 E and, where it is defined, the charge, each ``(batch, times)``."""
        finer = math.ceil(self.step / LONGEST_STEP)
        wanted = _charge_of(links)
        last = self._steps * self.step
        history = gradient_flow(links, last, self.step / finer, "clover", finer, {"charge": wanted} if wanted else {})
        return {"flow_t2e": history.t2e.T, **{f"flow_{name}": values.T for name, values in history.measured.items()}}

    def report(self, columns: Columns) -> dict[str, Any]:
        """Curves as lists over the times asked for, and the scales."""
        samples = columns["flow_t2e"]
        shown = self.times >= self.start - self.step / 2
        found: dict[str, Any] = {"times": self.times[shown]} | _curve("t2e", samples, shown)
        if "flow_charge" in columns:
            charges = columns["flow_charge"]
            found |= _curve("charge", charges, shown) | _curve("charge_squared", [one**2 for one in charges], shown)
        scales = flow_scales(self.times, samples)
        for name in ("t0", "w0"):
            found[name] = scales[name].value if name in scales else None
            found[f"{name}_error"] = _error(scales[name]) if name in scales else None
        convention = "t^2 E(t), clover energy; t0/a^2 where <t^2 E> = 0.3, w0/a where t d/dt <t^2 E> = 0.3 at t = w0^2"
        return {**found, "convention": convention}


@dataclass(frozen=True)
class Loops:
    """Planar Wilson loops up to R x T, R along a spatial axis and T along t."""

    r: int
    t: int

    def measure(self, links: Tensor) -> dict[str, Tensor]:
        """W(R, T) ``(batch, R, T)``."""
        return {"loops": observables.wilson_loops(links, self.r, self.t)}

    def report(self, columns: Columns) -> dict[str, Any]:
        """Tables over R and T, from 1 on."""
        samples = columns["loops"]

        def of(r: int, t: int) -> list[np.ndarray]:
            return [one[:, r, t] for one in samples]

        loops = _table(self.r, self.t, lambda r, t: estimate(of(r, t)))
        potential = _table(self.r, self.t - 1, lambda r, t: derived(_effective, of(r, t), of(r, t + 1)))
        corners = ((1, 1), (0, 0), (1, 0), (0, 1))
        creutz = _table(self.r - 1, self.t - 1, lambda r, t: derived(_creutz, *(of(r + i, t + j) for i, j in corners)))
        return {
            **_with_errors("wilson_loops", loops),
            **_with_errors("potential", potential),
            **_with_errors("creutz_ratios", creutz),
            "conventions": {
                "wilson_loops": "W(R,T) = (1/N) Re tr, R along a spatial axis, T along t; rows R, columns T, from 1",
                "potential": "a V_T(R) = ln W(R,T) / W(R,T+1); rows R, columns T, from 1",
                "creutz_ratios": "-ln W(R,T) W(R-1,T-1) / (W(R,T-1) W(R-1,T)); rows R, columns T, from 2",
            },
        }


def _effective(loop: Any, longer: Any) -> Any:
    return np.log(loop / longer)


def _creutz(whole: Any, small: Any, tall: Any, wide: Any) -> Any:
    return -np.log(whole * small / (tall * wide))


def _charge_of(links: Tensor) -> Callable[[Tensor], Tensor] | None:
    ndim = len(lattice_shape(links))
    if ndim == 4:
        return charge.charge_clover
    return charge.charge_geometric if ndim == 2 and isinstance(group_of(links), U1) else None


def _curve(name: str, samples: list[np.ndarray], shown: np.ndarray) -> dict[str, list[float | None]]:
    """Means and errors over the times that are shown."""
    found = [estimate([one[:, k] for one in samples]) for k in np.flatnonzero(shown)]
    return {name: [one.value for one in found], f"{name}_errors": [_error(one) for one in found]}


def _table(rows: int, columns: int, entry: Callable[[int, int], Estimate]) -> list[list[Estimate]]:
    return [[entry(r, t) for t in range(columns)] for r in range(rows)]


def _with_errors(name: str, table: list[list[Estimate]]) -> dict[str, Any]:
    """Values and errors, None where there is none."""
    values = [[one.value if math.isfinite(one.value) else None for one in row] for row in table]
    return {name: values, f"{name}_errors": [[_error(one) for one in row] for row in table]}


def _error(found: Estimate) -> float | None:
    return found.error if math.isfinite(found.error) else None
