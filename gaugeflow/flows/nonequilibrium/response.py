"""How loops and their ratios answer to the coupling, with a flow as control variate.

With E the sum of `1 - Re tr P / N` and `S = beta E`, `d<O>/d beta = -cov(O, E)` is a fluctuation of the whole lattice.
A flow along v carries fields at beta to fields at beta + d beta, as in correlated ensembles at both, and changes O
field by field. Per d beta

    d<O>/d beta = <v . grad O> - cov(O, E - A),    A = div v - v . grad S,    <A> = 0,

holds for every v, by integration by parts. The better v trivializes, the less E - A varies; S. Bacchio,
arXiv:2305.07932. Here `v = c grad E`, the first order of a trivializing map (arXiv:0907.5491), with
`div grad E = 4 C (V_p - E)`, C the Casimir of the links, V_p the number of plaquettes, and c where E - A varies least.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import group_of
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import WilsonAction
from gaugeflow.lattice.spaces import LINKS
from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["Response", "response_terms"]


class _Observed(Action):
    """An observable, for its gradient."""

    space = LINKS

    def __init__(self, observable: Callable[[Tensor], Tensor]) -> None:
        self.observable = observable

    def __call__(self, field: Tensor) -> Tensor:
        return self.observable(field)


def response_terms(
    action: WilsonAction, links: Tensor, observables: Sequence[Callable[[Tensor], Tensor]] = ()
) -> tuple[Tensor, ...]:
    """E, A for c = 1, the observables, and `grad E . grad O` of each; of links `(batch, D, *shape, ...)`.

    Args:
        action: of the ensemble.
        links: its fields.
        observables: real and differentiable, links to `(batch,)`; by default the mean plaquette alone.

    Returns:
        Each `(batch,)` in float64.

    Raises:
        UserError: another action than Wilson's, the same everywhere, or an extent of 1, where loops pass a link twice.
    """
    shape, group = lattice_shape(links), group_of(links)
    if type(action) is not WilsonAction or action.profile is not None or min(shape) < 2:
        raise UserError(
            "response: expected Wilson's action, the same everywhere, on extents of 2 or more, "
            f"got {action!r} on {shape}"
        )
    one = WilsonAction(len(shape), 1.0)
    energy, gradient = one(links).double(), one.force(links).double()
    square = gradient.square().flatten(1).sum(1)
    casimir = 1.0 if group.n == 1 else (group.n**2 - 1) / (2 * group.n)
    plaquettes = int(np.prod(shape)) * len(shape) * (len(shape) - 1) // 2
    variate = 4 * casimir * (plaquettes - energy) - action.beta * square
    if not observables:
        return energy, variate, 1 - energy / plaquettes, -square / plaquettes
    values = [observable(links).double() for observable in observables]
    slopes = [(gradient * _Observed(observable).force(links)).flatten(1).sum(1) for observable in observables]
    return energy, variate, *values, *slopes


@dataclass(frozen=True)
class Response:
    """`d<O>/d beta`, or with powers m `d/d beta sum_k m_k log <O_k>`, from an ensemble at beta.

    A Creutz ratio has the powers -1, -1, 1, 1 of W(R, T), W(R-1, T-1), W(R, T-1), W(R-1, T).

    Args:
        terms: of :func:`response_terms`, `(2 + 2 K, chains, n)` for K observables.
        powers: K numbers, or None for a single observable.

    Raises:
        UserError: terms of another number of observables.
    """

    terms: NDArray[np.float64]
    powers: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        expected = 2 + 2 * len(self.powers or (1,))
        if len(self.terms) != expected:
            raise UserError(f"response: expected {expected} terms for powers {self.powers}, got {len(self.terms)}")

    @property
    def connected(self) -> Estimate:
        """By the fluctuations alone, `-cov(O, E)`."""
        return self._estimate(0.0)

    @property
    def flowed(self) -> Estimate:
        """With the flow as control variate."""
        return self._estimate(1.0)

    @property
    def saved(self) -> float:
        """By how much the flow divides the variance."""
        return (self.connected.error / self.flowed.error) ** 2

    def _estimate(self, share: float) -> Estimate:
        """With a share of the best c."""
        d, a = self.terms[0] - self.terms[0].mean(), self.terms[1]
        values, slopes = np.split(self.terms[2:], 2)
        each = [part for o, slope in zip(values, slopes, strict=True) for part in (o, o * d, o * a, slope)]

        def value(e: float, a: float, ea: float, aa: float, *means: float) -> float:
            c = share * (ea - e * a) / (aa - a * a)
            found = 0.0
            for k, power in enumerate(self.powers or (1.0,)):
                o, oe, oa, slope = means[4 * k : 4 * k + 4]
                answer = c * slope - (oe - o * e) + c * (oa - o * a)
                found = found + (answer if self.powers is None else power * answer / o)
            return found

        return derived(value, d, a, d * a, a * a, *each)
