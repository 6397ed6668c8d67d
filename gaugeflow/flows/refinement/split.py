"""The learned law of a new path through a cell: a bijection of the loop L that is conditioned on M.

Every coordinate of L (`chart`) is mapped by a monotone spline whose parameters come from a small network of
the invariants of M and of the coordinates before it; the rest of L is kept. Conjugating L and M together changes no
coordinate, so the map commutes with it.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.spline import spline
from gaugeflow.flows.refinement.chart import Chart, Coordinate, Frame, SU2Chart, U1Chart
from gaugeflow.flows.refinement.chart_su3 import SU3Chart
from gaugeflow.groups import Group

__all__ = ["SplitFlow"]

_spline = partial(spline, left=0.0, floor=1e-6)
"""A map of [0, right] whose bins may be very narrow."""


class SplitFlow(nn.Module):
    """From Haar-distributed L to the law of L given M.

    Args:
        group: U(1), SU(2) or SU(3).
        area: plaquettes of either half of the cell.
        bins: bins of each spline.
        hidden: widths of the hidden layers of each network.
        generator: draws the first weights; the first map is the identity.
        dtype: real dtype.
        centred: whether the law is one of L alone, which does not depend on M; M then only lends its eigenvectors.

    Raises:
        UserError: another group.
    """

    def __init__(
        self,
        group: Group,
        area: int,
        bins: int,
        hidden: Sequence[int],
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
        centred: bool = False,
    ) -> None:
        super().__init__()
        self.chart, self.bins, self.centred = _chart(group), bins, centred
        self.learned = self.chart.learned(area, centred)
        self.networks = nn.ModuleList()
        features, columns = torch.zeros(1, self.chart.features), torch.zeros(1, len(self.chart.coordinates)).unbind(1)
        for i in self.learned:
            inputs, knots = self.chart.context(features, columns[:i]).shape[1], 3 * bins + 1
            outputs = knots + self.chart.coordinates[i].narrow
            self.networks.append(_network(inputs, hidden, outputs, generator, dtype))

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        """The frame of the chart and the invariants of M that the law depends on."""
        return self.chart.centred(m) if self.centred else self.chart.frame(m)

    def forward(self, loops: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
        """The new loops and the log-determinants ``(n,)`` under Haar measure."""
        frame, features = self.frame(m)
        given, rest = self.chart.read(loops, frame)
        found = list(given.unbind(-1))
        total = torch.zeros_like(found[0])
        for i, coordinate, network in self._steps():
            z = found[i]
            a, log_slope = _draw(z, network(self.chart.context(features, found[:i])), self.bins, coordinate)
            total = total + log_slope + coordinate.power * (_log_sine(a) - _log_sine(z))
            found[i] = a
        return self.chart.write(torch.stack(found, -1), rest, frame), total

    def inverse(self, loops: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
        """Back, with the log-determinants of this map: the log-density of L given M under Haar measure."""
        frame, features = self.frame(m)
        given, rest = self.chart.read(loops, frame)
        found, total = self._unfold(given, features)
        return self.chart.write(found, rest, frame), total

    def log_density(self, coordinates: Tensor, features: Tensor) -> Tensor:
        """`inverse`'s log-determinants from coordinates and invariants of M that are known."""
        return self._unfold(coordinates, features)[1]

    def log_density_jacobian(self, coordinates: Tensor, features: Tensor) -> tuple[Tensor, list[Tensor]]:
        """`log_density`, ``(n,)``, and for each network its derivatives by the parameters, ``(n, parameters)``."""
        given, total, contexts, outputs = coordinates.unbind(-1), torch.zeros_like(coordinates[:, 0]), [], []
        for i, coordinate, network in self._steps():
            contexts.append(self.chart.context(features, given[:i]))
            outputs.append(network(contexts[-1]).detach().requires_grad_())
            z, log_slope = _flatten(given[i], outputs[-1], self.bins, coordinate)
            total = total + log_slope + coordinate.power * (_log_sine(z) - _log_sine(given[i]))
        slopes = torch.autograd.grad(total.sum(), outputs)
        parts = zip(self.networks, contexts, slopes, strict=True)
        return total.detach(), [_network_jacobian(network, inputs, slope) for network, inputs, slope in parts]

    @torch.no_grad()
    def widen(self, coordinates: Tensor) -> None:
        """Begins the narrow coordinates of ``(n, len(chart.coordinates))`` with the widths of these."""
        for i, coordinate, network in self._steps():
            if coordinate.narrow:
                scale = (2 * (coordinates[:, i] ** 2).mean()).rsqrt().clamp_min(0.1)
                network[-1].bias[0] = _raw_scale(scale)  # type: ignore[index]

    def _steps(self) -> Iterable[tuple[int, Coordinate, nn.Module]]:
        return [(i, self.chart.coordinates[i], net) for i, net in zip(self.learned, self.networks, strict=True)]

    def _unfold(self, coordinates: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        given = coordinates.unbind(-1)
        found, total = list(given), torch.zeros_like(given[0])
        for i, coordinate, network in self._steps():
            parameters = network(self.chart.context(features, given[:i]))
            found[i], log_slope = _flatten(given[i], parameters, self.bins, coordinate)
            total = total + log_slope + coordinate.power * (_log_sine(found[i]) - _log_sine(given[i]))
        return torch.stack(found, -1), total


def _chart(group: Group) -> Chart:
    charts: dict[str, Chart] = {"u1": U1Chart(), "su2": SU2Chart(), "su3": SU3Chart()}
    if group.name not in charts:
        raise UserError(f"refinement: expected u1, su2 or su3, got {group.name}")
    return charts[group.name]


def _flatten(a: Tensor, parameters: Tensor, bins: int, of: Coordinate) -> tuple[Tensor, Tensor]:
    """A monotone map of [0, e] and the log of its slope: a spline, where narrow then ``e erf(s a) / erf(s e)``.

    The second factor, of learned width 1/s, makes the Gaussian tail of a narrow law, which no spline follows alone.
    """
    if not of.narrow:
        return _spline(a, parameters, bins, right=of.end, inverse=False)
    scale, knots = _scale(parameters), parameters[..., 1:]
    whole = torch.erf(of.end * scale) / of.end
    y, log_slope = _spline(a, knots, bins, right=of.end, inverse=False)
    return torch.erf(scale * y) / whole, log_slope + _log_gauss(scale, y, whole)


def _draw(z: Tensor, parameters: Tensor, bins: int, of: Coordinate) -> tuple[Tensor, Tensor]:
    """Inverse of `_flatten`."""
    if not of.narrow:
        return _spline(z, parameters, bins, right=of.end, inverse=True)
    scale, knots = _scale(parameters), parameters[..., 1:]
    whole = torch.erf(of.end * scale) / of.end
    below_one = 1 - torch.finfo(z.dtype).eps
    y = (torch.erfinv((z * whole).clamp(0, below_one)) / scale).clamp_max(of.end)
    a, log_slope = _spline(y, knots, bins, right=of.end, inverse=True)
    return a, log_slope - _log_gauss(scale, y, whole)


def _log_gauss(scale: Tensor, y: Tensor, whole: Tensor) -> Tensor:
    """The log-slope of ``erf(s y) / whole``."""
    return torch.log(2 / math.pi**0.5 * scale / whole) - (scale * y) ** 2


def _scale(parameters: Tensor) -> Tensor:
    return 0.01 + nn.functional.softplus(parameters[..., 0])


def _raw_scale(scale: Tensor) -> Tensor:
    return torch.log(torch.expm1(scale - 0.01))


def _log_sine(a: Tensor) -> Tensor:
    return torch.log(torch.sin(a).clamp_min(torch.finfo(a.dtype).tiny))


def _network(
    inputs: int, hidden: Sequence[int], outputs: int, generator: torch.Generator, dtype: torch.dtype
) -> nn.Module:
    """A perceptron with smooth activations whose last layer is zero."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [_linear(inputs, width, generator, dtype), nn.SiLU()]
        inputs = width
    last = _linear(inputs, outputs, generator, dtype)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    return nn.Sequential(*layers, last)


def _network_jacobian(network: nn.Module, inputs: Tensor, slopes: Tensor) -> Tensor:
    """Derivatives of ``slopes . network(inputs)`` by the parameters, for each row: ``(n, parameters)``."""
    parameters = {name: parameter.detach() for name, parameter in network.named_parameters()}

    def projected(parameters: dict[str, Tensor], row: Tensor, slope: Tensor) -> Tensor:
        return (functional_call(network, parameters, (row,)) * slope).sum()

    found = vmap(grad(projected), (None, 0, 0))(parameters, inputs, slopes)
    return torch.cat([found[name].flatten(1) for name in parameters], 1)


def _linear(inputs: int, outputs: int, generator: torch.Generator, dtype: torch.dtype) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(outputs, inputs, generator=generator, dtype=dtype) * (2 / inputs) ** 0.5)
        layer.bias.copy_(torch.randn(outputs, generator=generator, dtype=dtype) * 0.5)
    return layer
