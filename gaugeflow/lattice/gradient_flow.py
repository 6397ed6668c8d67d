"""The gradient flow of the Wilson action and the scales t0 and w0."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import U1
from gaugeflow.kernels import LoopKernels
from gaugeflow.lattice.charge import energy_clover, energy_plaquette
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import WilsonAction

__all__ = ["FlowHistory", "flow_scale", "gradient_flow"]

ENERGIES = {"clover": energy_clover, "plaquette": energy_plaquette}


def flow_step_(kernels: LoopKernels, state: Tensor, epsilon: float) -> None:
    """One step of the third-order Runge-Kutta scheme of eq. (C.2) of arXiv:1006.4518, in place.

    With ``Z = -g0^2 dS`` the three moves are ``w1 = e Z0/4``, ``w2 = 8/9 e Z1 - 17/36 e Z0`` and
    ``w3 = 3/4 e Z2 - w2``: kicks of one momentum that is scaled in between.

    Args:
        kernels: those of the Wilson action at beta = 1, whose force times ``g0^2 beta`` is -Z.
        state: packed links.
        epsilon: step in units of a^2.
    """
    step = epsilon * (1 if isinstance(kernels.group, U1) else 2 * kernels.group.n)  # e g0^2 beta
    w = torch.zeros_like(kernels.force(state))
    for scale, weight in ((1.0, 1 / 4), (-17 / 9, 8 / 9), (-1.0, 3 / 4)):
        kernels.kick_(w.mul_(scale), state, weight * step)
        kernels.drift_(state, w, 1.0)


@dataclass(frozen=True)
class FlowHistory:
    """What a flow has measured.

    Attributes:
        time: flow times t in units of a^2, ``(steps + 1,)``; the fields are smoothed over a radius ``sqrt(8 t)``.
        energy: E(t) of each configuration, ``(steps + 1, batch)``.
        links: the field at the last time.
    """

    time: Tensor
    energy: Tensor
    links: Tensor

    @property
    def t2e(self) -> Tensor:
        """``t^2 E(t)``, dimensionless in four dimensions: ``(steps + 1, batch)``."""
        return self.time[:, None] ** 2 * self.energy

    @property
    def w(self) -> Tensor:
        """``t d/dt (t^2 E)`` by central differences: ``(steps + 1, batch)``."""
        return self.time[:, None] * torch.gradient(self.t2e, spacing=(self.time,), dim=0)[0]


@torch.no_grad()
def gradient_flow(links: Tensor, time: float, epsilon: float = 0.02, energy: str = "clover") -> FlowHistory:
    """Flows ``links`` to the flow time ``time`` with steps of ``epsilon``, measuring E after each.

    Args:
        links: the field, any dimension and group.
        time: flow time in units of a^2, positive.
        epsilon: step; the error of E is of order ``epsilon^3``, 0.02 leaves about 1e-6 at t0.
        energy: ``clover`` or ``plaquette``.

    Raises:
        UserError: times that are not positive, or an unknown energy.
    """
    if not (time > 0 and epsilon > 0):
        raise UserError(f"gradient flow: expected time and epsilon > 0, got {time} and {epsilon}")
    if energy not in ENERGIES:
        raise UserError(f"gradient flow: expected energy {' or '.join(ENERGIES)}, got {energy!r}")
    steps = max(1, round(time / epsilon))
    measure = ENERGIES[energy]
    history = [measure(links)]
    kernels = WilsonAction(len(lattice_shape(links)), 1.0).kernels(links)
    state = kernels.pack(links)
    for _ in range(steps):
        flow_step_(kernels, state, time / steps)
        links = kernels.unpack(state)
        history.append(measure(links))
    times = torch.linspace(0, time, steps + 1, dtype=history[0].dtype, device=links.device)
    return FlowHistory(times, torch.stack(history), links)


def flow_scale(time: Tensor, values: Tensor, level: float = 0.3) -> Tensor:
    """The first time at which ``values`` ``(steps, batch)`` rises through ``level``, NaN where none: ``(batch,)``.

    With :attr:`FlowHistory.t2e` this is t0 (arXiv:1006.4518, eq. (4.1)); with :attr:`FlowHistory.w` it is w0^2
    (arXiv:1203.4469). Linear between the steps.
    """
    above = values >= level
    crossing = above[1:] & ~above[:-1]
    k = crossing.to(torch.int8).argmax(0)
    low, high = values.gather(0, k[None])[0], values.gather(0, k[None] + 1)[0]
    fraction = (level - low) / torch.where(high == low, 1, high - low)
    found = time[k] + fraction * (time[k + 1] - time[k])
    return torch.where(crossing.any(0), found, torch.nan)
