"""The model: a base distribution pushed forward by a sequence of bijections of the field."""

from collections.abc import Sequence
from typing import Protocol

import torch
from normflows import NormalizingFlow
from normflows.distributions import BaseDistribution
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import SeededBase, takes_generator
from gaugeflow.lattice.action import Action

__all__ = ["BoltzmannWeight", "Composition", "GaugeFlow", "zero_log_det"]


class Bijection(Protocol):
    """What a layer is: `forward` and `inverse`, each giving the field and its log-determinant `(batch,)`."""

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]: ...

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]: ...


def zero_log_det(field: Tensor) -> Tensor:
    """Zeros `(batch,)` in the real dtype and on the device of the field."""
    return torch.zeros(len(field), dtype=field.real.dtype, device=field.device)


class BoltzmannWeight:
    """The target of an action as normflows asks for one: `log_prob(x) = -S(x)`, not normalised."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def log_prob(self, x: Tensor) -> Tensor:
        """`-S(x)`, `(batch,)`."""
        return -self.action(x)


class Composition(Flow):
    """Layers one after another, as one layer.

    Log-determinants, `(batch,)`, add up in the dtype and on the device of the field.
    """

    def __init__(self, flows: Sequence[nn.Module]) -> None:
        super().__init__()
        self.flows = nn.ModuleList(flows)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        total = zero_log_det(z)
        for flow in self.flows:
            z, log_det = flow(z)
            total = total + log_det
        return z, total

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = zero_log_det(x)
        for index in reversed(range(len(self.flows))):
            x, log_det = self.flows[index].inverse(x)  # type: ignore[operator]
            total = total + log_det
        return x, total


class GaugeFlow(NormalizingFlow):
    """`x = f_n(... f_1(z))` with `z` from the base: samples come with the log of their density.

    Densities are with respect to Haar measure (links) or Lebesgue measure (scalars). Layers of normflows and of this
    package mix. A whole flow may stand for a layer (its bijections are taken) or for the base (its base and its
    bijections are taken, parameters and all).

    To write a layer:

    - subclass `normflows.flows.Flow`;
    - `forward(z)` gives the field nearer to the target and `log |det J|` of this map, `(batch,)`, both in the dtype
      and on the device of `z`; `inverse(x)` gives both for the inverse map;
    - a layer that integrates an equation is a subclass of `Integrated` instead, and exact up to its integrator;
    - draw no random numbers; a layer that differentiates inside works under `torch.no_grad()` too;
    - keep what depends on the extents in buffers with `persistent=False`, so that parameters serve other lattices
      where the layer does;
    - refuse at construction a lattice that cannot be served, with a `UserError`;
    - add its claims to `tests/registry/flows.py`.

    Args:
        base: a distribution of `gaugeflow.flows.bases.base`, one of normflows, or a `GaugeFlow`.
        flows: layers from the base to the target.
        action: `S` of the target `exp(-S)`, which losses and weights need.
    """

    def __init__(self, base: nn.Module, flows: Sequence[nn.Module], action: Action | None = None) -> None:
        layers = [Composition(flow.flows) if isinstance(flow, NormalizingFlow) else flow for flow in flows]
        if isinstance(base, NormalizingFlow):
            inner: nn.ModuleList = base.flows
            base, layers = base.q0, [*inner, *layers]
        if isinstance(base, BaseDistribution) and not takes_generator(base):
            base = SeededBase(base)
        super().__init__(base, layers, None if action is None else BoltzmannWeight(action))

    @property
    def action(self) -> Action:
        """The action of the target. Raises UserError where none was given."""
        if self.p is None:
            raise UserError("flow: expected a flow with an action, this one was made without a target")
        return self.p.action

    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draws `x` and `log q(x)`, `(num_samples, ...)` and `(num_samples,)`, on the device of the generator."""
        z, log_q = self.q0(num_samples, generator)
        x, log_det = self.forward_and_log_det(z)
        return x, log_q - log_det

    def log_prob(self, x: Tensor) -> Tensor:
        """`log q(x)`, `(batch,)`."""
        z, log_det = self.inverse_and_log_det(x)
        return self.q0.log_prob(z) + log_det

    def log_weight(self, x: Tensor, log_q: Tensor) -> Tensor:
        """`log w = -S(x) - log q(x)`, `(batch,)`; its mean over q is below `log Z` by the Kullback-Leibler distance."""
        return -self.action(x) - log_q

    def forward_and_log_det(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From the base to the target, with `log |det J|`, `(batch,)`."""
        return Composition.forward(self, z)  # all it needs is `flows`

    def inverse_and_log_det(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """From the target to the base, with `log |det J|` of this inverse, `(batch,)`."""
        return Composition.inverse(self, x)

    def forward_kld(self, x: Tensor) -> Tensor:
        """`-log q` in the mean over samples `x` of the target: the forward Kullback-Leibler distance and a constant."""
        return -self.log_prob(x).mean()

    def reverse_kld(self, *arguments: object, **options: object) -> Tensor:
        """Not here, as it draws samples: see `gaugeflow.flows.losses`."""
        raise UserError("reverse_kld: take a loss of gaugeflow.flows.losses, which draws from a generator of yours")

    reverse_alpha_div = reverse_kld
