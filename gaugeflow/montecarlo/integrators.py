"""Symplectic, reversible integrators of Hamilton's equations as sequences of kicks and drifts."""

from collections.abc import Iterator
from dataclasses import dataclass

from gaugeflow.errors import UserError

__all__ = ["INTEGRATORS", "Integrator", "get_integrator"]


@dataclass(frozen=True)
class Integrator:
    """One step as a palindrome of ``("kick" | "drift", fraction of the step)``; the fractions of each kind add to 1."""

    name: str
    order: int
    step: tuple[tuple[str, float], ...]

    def trajectory(self, steps: int, epsilon: float) -> Iterator[tuple[str, float]]:
        """The operations of ``steps`` steps of size ``epsilon``, with the touching ends of neighbours merged."""
        pending: tuple[str, float] | None = None
        for _ in range(steps):
            for kind, fraction in self.step:
                if pending is None:
                    pending = (kind, fraction * epsilon)
                elif pending[0] == kind:
                    pending = (kind, pending[1] + fraction * epsilon)
                else:
                    yield pending
                    pending = (kind, fraction * epsilon)
        if pending is not None:
            yield pending


def _palindrome(*half: tuple[str, float]) -> tuple[tuple[str, float], ...]:
    """Completes a step from its first half; the last operation of the half is the middle one."""
    return half + half[-2::-1]


# The constants that minimise the leading error, Omelyan, Mryglod, Folk, Comput. Phys. Commun. 151 (2003) 272.
_LAMBDA = 0.1931833275037836
_XI, _CHI, _KICK = 0.1786178958448091, -0.06626458266981849, 0.7123418310626054

INTEGRATORS = {
    integrator.name: integrator
    for integrator in (
        Integrator("leapfrog", 2, _palindrome(("kick", 0.5), ("drift", 1.0))),
        Integrator(
            "omelyan2",
            2,
            _palindrome(("kick", _LAMBDA), ("drift", 0.5), ("kick", 1 - 2 * _LAMBDA)),
        ),
        Integrator(
            "omelyan4",
            4,
            _palindrome(
                ("drift", _XI),
                ("kick", _KICK),
                ("drift", _CHI),
                ("kick", 0.5 - _KICK),
                ("drift", 1 - 2 * (_XI + _CHI)),
            ),
        ),
    )
}
"""Leapfrog, the second-order minimum-norm scheme and the fourth-order position version with four forces a
step; the last two are called 2MN and 4MN4FP in hep-lat/0505020."""


def get_integrator(name: str) -> Integrator:
    """The integrator called ``name``.

    Raises:
        UserError: there is none of that name.
    """
    if name not in INTEGRATORS:
        raise UserError(f"integrator: expected one of {', '.join(INTEGRATORS)}, got {name!r}")
    return INTEGRATORS[name]
