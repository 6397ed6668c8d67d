"""The gradient flow of the Wilson action and the scales t0 and w0."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import LoopKernels
from gaugeflow.lattice.charge import energy_clover, energy_plaquette
from gaugeflow.lattice.smearing import descent_kernels

__all__ = ["FlowHistory", "flow_scale", "gradient_flow"]

ENERGIES = {"clover": energy_clover, "plaquette": energy_plaquette}


def flow_step_(kernels: LoopKernels, state: Tensor, momenta: Tensor, epsilon: float) -> None:
    """One step of the third-order Runge-Kutta scheme of arXiv:1006.4518, appendix C, in place.

    With ``Z = -g0^2 dS`` the three moves are ``w1 = e Z0/4``, ``w2 = 8/9 e Z1 - 17/36 e Z0`` and
    ``w3 = 3/4 e Z2 - w2``: kicks of one momentum that is scaled in between.

    Args:
        kernels: those whose force is -Z.
        state: packed links.
        momenta: a packed momentum to work in.
        epsilon: step in units of a^2.
    """
    momenta.zero_()
    for scale, weight in ((1.0, 1 / 4), (-17 / 9, 8 / 9), (-1.0, 3 / 4)):
        kernels.kick_(momenta.mul_(scale), state, weight * epsilon)
        kernels.drift_(state, momenta, 1.0)


@dataclass(frozen=True)
class FlowHistory:
    """What a flow has measured.

    Attributes:
        time: flow times t in units of a^2, ``(n,)``, from 0; the fields are smoothed over a radius ``sqrt(8 t)``.
        energy: E(t) of each configuration, ``(n, batch)``.
        links: the field at the last time.
        measured: what was asked for beside the energy, by name, each ``(n, batch, ...)``.
    """

    time: Tensor
    energy: Tensor
    links: Tensor
    measured: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def t2e(self) -> Tensor:
        """``t^2 E(t)``, dimensionless in four dimensions: ``(n, batch)``."""
        return self.time[:, None] ** 2 * self.energy

    @property
    def w(self) -> Tensor:
        """``W(t) = t d/dt (t^2 E)`` by central differences: ``(n, batch)``."""
        return self.time[:, None] * torch.gradient(self.t2e, spacing=(self.time,), dim=0)[0]

    @property
    def t0(self) -> Tensor:
        """t0/a^2 with ``t0^2 E(t0) = 0.3`` (arXiv:1006.4518) of each configuration: ``(batch,)``, NaN if not reached.

        For an ensemble apply :func:`flow_scale` to the mean of :attr:`t2e`.
        """
        return flow_scale(self.time, self.t2e)

    @property
    def w0(self) -> Tensor:
        """w0/a with ``W(w0^2) = 0.3`` (arXiv:1203.4469) of each configuration: ``(batch,)``, NaN if not reached."""
        return flow_scale(self.time, self.w).sqrt()


@torch.no_grad()
def gradient_flow(
    links: Tensor,
    time: float,
    epsilon: float = 0.02,
    energy: str = "clover",
    every: int = 1,
    measure: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
) -> FlowHistory:
    """Flows ``links`` to the flow time ``time`` by the gradient of the Wilson action.

    Args:
        links: ``(batch, D, *shape, ...)``, any group. The flow has no derivative; :func:`stout_smear` has.
        time: flow time in units of a^2, positive.
        epsilon: step; the error of E is of order ``epsilon^3``, 0.02 leaves about 1e-6 at t0.
        energy: ``clover`` or ``plaquette``.
        every: steps between measurements; the last step is always measured.
        measure: further observables by name, such as ``{"charge": charge_clover}``.

    Raises:
        UserError: times that are not positive and finite, or an unknown energy.
    """
    if not (0 < time < math.inf and 0 < epsilon < math.inf and every >= 1):
        raise UserError(f"gradient flow: expected time and epsilon > 0, every >= 1, got {time}, {epsilon}, {every}")
    if energy not in ENERGIES:
        raise UserError(f"gradient flow: expected energy {' or '.join(ENERGIES)}, got {energy!r}")
    observables = {**(measure or {}), "energy": ENERGIES[energy]}
    steps = max(1, round(time / epsilon))
    kernels = descent_kernels(links)
    state = kernels.pack(links)
    momenta = torch.zeros_like(kernels.force(state))
    times, rows = [0.0], [{name: f(links) for name, f in observables.items()}]
    for step in range(1, steps + 1):
        flow_step_(kernels, state, momenta, time / steps)
        if step % every == 0 or step == steps:
            links = kernels.unpack(kernels.reunitarize_(state))
            times.append(time * step / steps)
            rows.append({name: f(links) for name, f in observables.items()})
    measured = {name: torch.stack([row[name] for row in rows]) for name in observables}
    grid = torch.tensor(times, dtype=torch.float64, device=links.device)
    return FlowHistory(grid, measured.pop("energy"), links, measured)


def flow_scale(time: Tensor, values: Tensor, level: float = 0.3) -> Tensor:
    """The first time at which ``values`` ``(n, batch)`` rises through ``level``, NaN where none: ``(batch,)``.

    Linear between the times.

    Raises:
        UserError: fewer than two times.
    """
    if len(time) < 2:
        raise UserError(f"flow scale: expected at least two flow times, got {len(time)}")
    above = values >= level
    crossing = above[1:] & ~above[:-1]
    k = crossing.to(torch.int8).argmax(0)
    low, high = values.gather(0, k[None])[0], values.gather(0, k[None] + 1)[0]
    fraction = (level - low) / torch.where(high == low, 1, high - low)
    found = time[k] + fraction * (time[k + 1] - time[k])
    return torch.where(crossing.any(0), found, torch.nan)
