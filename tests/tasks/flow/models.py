"""An action and small models of a user's own, as the configurations of the tests name them."""

import math
from collections.abc import Sequence
from typing import Any

import normflows
import torch
from torch import Tensor

from gaugeflow.flows import GaugeFlow, GaussianBase, HaarBase
from gaugeflow.lattice import LINKS, SCALARS, Action, WilsonAction

SIGMA = 1.5


class Harmonic(Action):
    """Independent Gaussians: log Z = V log(sigma sqrt(2 pi)), <phi^2> = sigma^2."""

    space = SCALARS

    def __init__(self, sigma: float = SIGMA) -> None:
        self.sigma = sigma

    def __call__(self, field: Tensor) -> Tensor:
        return (field**2).flatten(1).sum(1) / (2 * self.sigma**2)


class Plaquettes(Action):
    """Wilson's action under another name, so that nothing but its formula is known."""

    space = LINKS

    def __call__(self, links: Tensor) -> Tensor:
        return WilsonAction(2, 1.0)(links)


class Scale(normflows.flows.Flow):
    """`x = exp(a) z`, a flow for every lattice."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.a = torch.nn.Parameter(torch.zeros((), dtype=dtype))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z * self.a.exp(), (self.a * z[0].numel()).expand(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x / self.a.exp(), (-self.a * x[0].numel()).expand(len(x))


class Bend(normflows.flows.Flow):
    """`x = z + b sin z` of the angle of every link of U(1), which no gauge transformation leaves alone."""

    def __init__(self, b: float = 0.6) -> None:
        super().__init__()
        self.b = torch.nn.Parameter(torch.tensor(b, dtype=torch.float64))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z + self.b * z.sin(), (1 + self.b * z.cos()).log().flatten(1).sum(1)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = x
        for _ in range(100):  # b^100 is below rounding
            z = x - self.b * z.sin()
        return z, -self.forward(z)[1]


class Shift(Scale):
    """`x = z + mu` with a mean for each site, which no translation leaves alone."""

    def __init__(self, mean: Sequence[Any], dtype: torch.dtype) -> None:
        super().__init__(dtype)
        self.register_buffer("mean", torch.tensor(mean, dtype=dtype))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z + self.mean, self.a * torch.zeros(len(z), dtype=z.dtype)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x - self.mean, self.a * torch.zeros(len(x), dtype=x.dtype)


class Poison(Scale):
    """NaN in the gradient as soon as `a` passes 0.05."""

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        x, log_det = super().forward(z)
        return (x * torch.sqrt(0.05 - self.a) if self.a > 0.05 else x), log_det


class Turn(normflows.flows.Flow):
    """Every U(1) link by an angle of its own: Haar measure stays, and so does the action's distribution of none."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        super().__init__()
        self.angle = torch.nn.Parameter(torch.zeros(len(shape), *shape, dtype=dtype))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z + self.angle, torch.zeros(len(z), dtype=z.dtype)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x - self.angle, torch.zeros(len(x), dtype=x.dtype)


def scale(
    action: Action, group: Any, shape: Any, dtype: Any, device: Any, generator: Any, layers: int = 1
) -> GaugeFlow:
    return GaugeFlow(GaussianBase(shape, dtype), [Scale(dtype) for _ in range(layers)], action)


def shifted(
    action: Action, group: Any, shape: Any, dtype: Any, device: Any, generator: Any, mean: Sequence[float]
) -> GaugeFlow:
    return GaugeFlow(GaussianBase(shape, dtype), [Shift(mean, dtype)], action)


def poison(action: Action, group: Any, shape: Any, dtype: Any, device: Any, generator: Any) -> GaugeFlow:
    return GaugeFlow(GaussianBase(shape, dtype), [Poison(dtype)], action)


def turn(action: Action, group: Any, shape: Any, dtype: Any, device: Any, generator: Any) -> GaugeFlow:
    return GaugeFlow(HaarBase(group, shape, dtype), [Turn(shape, dtype)], action)


def bend(action: Action, group: Any, shape: Any, dtype: Any, device: Any, generator: Any) -> GaugeFlow:
    return GaugeFlow(HaarBase(group, shape, dtype), [Bend()], action)


def fit(flow: GaugeFlow, action: Action, generator: torch.Generator, log: Any) -> None:
    """The optimum of `scale` in closed form."""
    with torch.no_grad():
        flow.flows[0].a.fill_(math.log(SIGMA))
    log({"a": math.log(SIGMA)})
