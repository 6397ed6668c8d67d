"""Exact solution of two-dimensional pure gauge theory with the Wilson action, on the plane and on the torus.

With ``a_r`` the character coefficients of one plaquette's weight (see `characters`) and V plaquettes,

    Z = sum_r a_r^V                                                            (periodic torus)
    W(A) = (1/Z) sum_{r, s} N(s x f -> r) d_s / (N d_r)  a_s^A a_r^(V - A)     (loop around A plaquettes)
    W(A) = (a_f / a_0)^A                                                       (infinite plane)

f is the fundamental irrep of SU(N), or the charge of the loop in U(1). Sources: Migdal, Sov. Phys. JETP 42 (1975)
413; Gross and Witten, Phys. Rev. D 21 (1980) 446; Rusakov, Mod. Phys. Lett. A 5 (1990) 693.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import prod
from numbers import Integral
from typing import Any

from mpmath import mp, mpf

from gaugeflow.errors import UserError
from gaugeflow.lattice.exact.characters import Characters, Irrep, get_characters
from gaugeflow.lattice.exact.charge import (
    MOST_NEGATIVE,
    charge_distribution,
    charge_squared,
    charge_variance_per_plaquette,
)
from gaugeflow.lattice.exact.weak_coupling import WeakCoupling, weak_coupling

__all__ = ["Exact2D", "exact_report"]

MOST_IRREPS = 5000
"""Of SU(2) and SU(3) each takes a millisecond, of larger groups ten and more."""
MOST_DIGITS = 1500

CONVENTIONS = {
    "action": "S = beta sum_p (1 - (1/N) Re tr P_p), weight exp(-S), Haar measure of volume 1",
    "plaquette": "<(1/N) Re tr P>",
    "log_z": "log of the integral of exp(-S) over all links; null on the infinite plane",
    "charge": "Q = (1/2pi) sum_p arg P_p, arg in (-pi, pi]; null for SU(N), and on a torus far below beta = 0",
    "susceptibility": "<Q^2> / V with V the number of plaquettes",
    "charge_squared": "<Q^2>; null on the infinite plane",
    "string_tension": "-log of the plaquette of the infinite plane; null on a torus and for beta <= 0",
}


@dataclass(frozen=True)
class Exact2D:
    """Closed-form values of 2D U(1) or SU(N) gauge theory at one coupling.

    Arguments:
        group: ``"u1"`` or ``"suN"`` with N >= 2.
        shape: extents (L1, L2) of the periodic torus, or None for the infinite plane.
        beta: coupling of ``S = beta sum_p (1 - (1/N) Re tr P)``; a string such as ``"2.2"`` is taken as the exact
            decimal, which matters above 16 digits.
        digits: significant digits to which every value is right (a logarithm close to 0: decimals). Sums over
            irreps end where a bound on all the rest lies below them. With at most 16 digits, sums at weak coupling are
            in double precision, see `weak_coupling`: there Wilson loops far from 1 are right to 14 digits, and the
            charge to 12, if its square is above 1e-300 (below, it is 0).

    Values are mpmath numbers (``float(x)`` gives a float), lattice units throughout.

    Raises:
        UserError: for an unknown group, a shape that is not two positive extents, beta not finite, or digits not
            positive; from a value also where the sums need more irreps or digits than can be had: SU(3) at
            ``|beta|`` above some thousands where beta is negative, SU(N) with N > 3 at large beta.
    """

    group: str
    shape: tuple[int, int] | None
    beta: float | str
    digits: int = 16

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", _checked_group(self.group))
        object.__setattr__(self, "shape", _checked_shape(self.shape))
        _checked_beta(self.beta)
        if self.digits < 1:
            raise UserError(f"digits must be at least 1, got {self.digits}")

    @property
    def n(self) -> int:
        """N of SU(N); 1 for U(1)."""
        return 1 if self.group == "u1" else int(self.group[2:])

    @property
    def volume(self) -> int:
        """Number of plaquettes V = L1 L2."""
        return prod(self._torus("the number of plaquettes"))

    @cached_property
    def plaquette(self) -> mpf:
        """<(1/N) Re tr P>."""
        return self.wilson_loop(1, 1)

    @cached_property
    def log_z(self) -> mpf:
        """log of the partition function, the constant in S included. Torus only."""
        with mp.workdps(self._dps):
            return self.volume * self.log_z_per_plaquette

    @cached_property
    def log_z_per_plaquette(self) -> mpf:
        """(1/V) log Z; the free energy density is its negative."""
        with mp.workdps(self._dps):
            value = mp.log(self._characters.trivial) - 2 * min(self._beta, 0)
            if self.shape is not None:
                value += mp.log(self._partition_ratio) / self.volume
        return value

    def wilson_loop(self, r: int, t: int, charge: int = 1) -> mpf:
        """<(1/N) Re tr W> of the planar r x t loop, r along the first axis.

        Arguments:
            r, t: extents, at least 1 and on a torus at most L1 and L2. A loop as long as an axis closes on itself
                and is served by the same formula.
            charge: for U(1), the loop is raised to this power; for SU(N) the loop is fundamental.

        Raises:
            UserError: for extents outside that range, or a charge other than 1 for SU(N).
        """
        self._check_loop(r, t)
        if self.n > 1 and charge != 1:
            raise UserError(f"a charge other than 1 belongs to u1, got charge {charge} for {self.group}")
        with mp.workdps(self._dps):
            if self.shape is None:
                return self._plane_step(charge) ** (r * t)
            if self._weak and charge == 1:
                return self._weak.loop(r * t) * (-1 if self._beta < 0 and r * t % 2 else 1)
            return self._loop_sum(r * t, charge) / self._partition_ratio

    def creutz_ratio(self, r: int, t: int) -> mpf:
        """-log[W(r, t) W(r-1, t-1) / (W(r, t-1) W(r-1, t))], with W = 1 for a loop of no extent."""
        self._check_loop(r, t)

        def loop(a: int, b: int) -> mpf:
            return self.wilson_loop(a, b) if a and b else mpf(1)

        with mp.workdps(self._dps):
            ahead, across = loop(r, t - 1) * loop(r - 1, t), loop(r, t) * loop(r - 1, t - 1)
            if not (ahead > 0 and across > 0):
                raise UserError(f"a Creutz ratio needs loops above 0, at beta {self.beta} they are not")
            return mp.log(ahead / across)

    @cached_property
    def string_tension(self) -> mpf:
        """-log(W) per plaquette of the area law, which holds on the infinite plane alone."""
        if self.shape is not None:
            raise UserError("the string tension is that of the infinite plane: take shape None, or creutz_ratio")
        if self.plaquette <= 0:
            raise UserError(f"the area law has a string tension for beta above 0, got {self.beta}")
        with mp.workdps(self._dps):
            return -mp.log(self.plaquette)

    @cached_property
    def charge_squared(self) -> mpf:
        """<Q^2> of the geometric charge Q = (1/2pi) sum arg P. U(1) on a torus."""
        self._check_charge()
        return charge_squared(self._beta, self.volume, self.digits)

    @cached_property
    def susceptibility(self) -> mpf:
        """<Q^2> / V; on the infinite plane its limit. U(1)."""
        self._check_charge()
        if self.shape is None:
            return charge_variance_per_plaquette(self._beta, self.digits)
        with mp.workdps(self._dps):
            return self.charge_squared / self.volume

    @cached_property
    def charge_distribution(self) -> dict[int, mpf]:
        """Probability of each charge Q; those left out are below ``10^-digits`` together. U(1) on a torus."""
        self._check_charge()
        return charge_distribution(self._beta, self.volume, self.digits)

    # The sums over irreps

    @property
    def _beta(self) -> mpf:
        with mp.workdps(self.digits + 15):
            return mpf(self.beta)

    @cached_property
    def _dps(self) -> int:
        """Working digits: V-th powers, and determinants of nearly equal rows where beta is large, cost some."""
        volume = 1 if self.shape is None else self.volume
        lost = self.n**2 * mp.log10(2 + abs(self._beta) / self.n) + mp.log10(volume) + 2 * self.n + self._cancelled
        if lost > MOST_DIGITS:
            raise UserError(f"exact: at beta {self.beta} the terms cancel to 1 part in 10^{int(lost)}, out of reach")
        return 10 * int(mp.ceil((self.digits + 15 + lost) / 10))

    @property
    def _cancelled(self) -> mpf:
        """Digits by which sums are below their terms where beta is negative: an odd SU(N) has no element with
        Re tr U = -N, and on an odd torus no U(1) field has all its plaquettes at -1."""
        weight = max(-self._beta, mpf(0)) / mp.log(10)
        if self.n > 1:
            return weight * (1 - mp.cospi(mpf(1) / self.n)) if self.n % 2 else mpf(0)
        odd = self.shape is not None and self.volume % 2
        return weight * self.volume * (1 - mp.cospi(mpf(1) / self.volume)) if odd else mpf(0)

    @property
    def _characters(self) -> Characters:
        return get_characters(self.n, self._beta, self._dps)

    @cached_property
    def _weak(self) -> WeakCoupling | None:
        """The sums at ``|beta|``: -1 is in U(1) and SU(2), and turns the sign of beta on an even torus."""
        if self._beta < 0 and (self.n > 2 or self.volume % 2):
            return None
        with mp.workdps(self._dps):
            return weak_coupling(self.n, abs(self._beta), self.volume, self.digits)

    @cached_property
    def _partition_ratio(self) -> mpf:
        """Z / a_0^V."""
        with mp.workdps(self._dps):
            if self._weak:
                return mpf(self._weak.partition_ratio())
            ratio = self._characters.ratio
            return self._sum(lambda irrep: ratio(irrep) ** self.volume, self.volume)

    def _plane_step(self, charge: int) -> mpf:
        (fundamental,) = self._characters.system.neighbours(self._characters.system.trivial(), charge)
        return self._characters.ratio(fundamental)

    def _loop_sum(self, area: int, charge: int) -> mpf:
        """sum_{r, s} of the module's formula, over a_0^V.

        The outer sum is over the irrep with the higher power. Taking s outside and r inside uses the symmetry of
        the formula under charge conjugation.
        """
        ratio, system = self._characters.ratio, self._characters.system
        outer, inner = max(area, self.volume - area), min(area, self.volume - area)

        def term(irrep: Irrep) -> mpf:
            d = system.dimension(irrep)
            near = [(system.dimension(s), ratio(s)) for s in system.neighbours(irrep, charge)]
            if area == inner:
                weight = sum(mpf(d_s) / d * a_s**inner for d_s, a_s in near)
            else:
                weight = sum(mpf(d) / d_s * a_s**inner for d_s, a_s in near)
            return ratio(irrep) ** outer * weight / self.n

        return self._sum(term, outer)

    def _sum(self, term: Callable[[Irrep], mpf], power: int) -> mpf:
        """Sum of terms, each at most N (a_r / a_0)^power in magnitude, to the digits asked for.

        At most N irreps s stand beside an irrep and their dimensions differ by at most a factor N, hence the N. At
        beta = 0 there is the trivial irrep alone.

        Raises:
            UserError: it takes more than MOST_IRREPS.
        """
        total, tolerance = mpf(0), mpf(10) ** -(self.digits + 5 + self._cancelled)
        for irrep, rest in islice(self._characters.irreps(), MOST_IRREPS):
            total += term(irrep)
            if rest < 1 and (self.n * rest**power <= tolerance * abs(total) or not self._beta):
                return total
        raise UserError(
            f"exact: {self.group} at beta {self.beta} needs more than {MOST_IRREPS} irreps; try the infinite plane"
        )

    # What the user may ask for

    def _torus(self, what: str) -> tuple[int, int]:
        if self.shape is None:
            raise UserError(f"{what} needs a finite torus: give a shape, got None (the infinite plane)")
        return self.shape

    def _check_loop(self, r: int, t: int) -> None:
        limits = self.shape or (r, t)
        if not (1 <= r <= limits[0] and 1 <= t <= limits[1]):
            where = "the plane" if self.shape is None else f"the {limits[0]} x {limits[1]} torus"
            raise UserError(f"a Wilson loop on {where} has extents from 1 to its size, got {r} x {t}")

    def _check_charge(self) -> None:
        if self.n > 1:
            raise UserError(f"the charge in two dimensions belongs to u1, got {self.group}")


def exact_report(group: str, shape: tuple[int, int] | None, beta: float | str) -> dict[str, Any]:
    """The closed-form values as one JSON-ready dictionary of floats; what the group or plane lacks is None.

    Raises:
        UserError: as `Exact2D`.
    """
    exact = Exact2D(group, shape, beta)
    torus, charged = exact.shape is not None, exact.n == 1 and (shape is None or float(beta) >= MOST_NEGATIVE)
    return {
        "group": exact.group,
        "shape": list(exact.shape) if exact.shape else None,
        "beta": float(beta),
        "plaquette": float(exact.plaquette),
        "log_z": float(exact.log_z) if torus else None,
        "log_z_per_plaquette": float(exact.log_z_per_plaquette),
        "susceptibility": float(exact.susceptibility) if charged else None,
        "charge_squared": float(exact.charge_squared) if charged and torus else None,
        "string_tension": float(exact.string_tension) if not torus and exact.plaquette > 0 else None,
        "conventions": CONVENTIONS,
    }


def _checked_group(group: str) -> str:
    name = group.lower() if isinstance(group, str) else ""
    if not re.fullmatch(r"u1|su([2-9]|[1-9][0-9]+)", name):
        raise UserError(f"the group must be u1 or suN with N >= 2, such as su3; got {group!r}")
    return name


def _checked_shape(shape: tuple[int, int] | None) -> tuple[int, int] | None:
    if shape is None:
        return None
    extents = tuple(shape) if isinstance(shape, Iterable) else ()
    if len(extents) != 2 or not all(isinstance(e, Integral) and e >= 1 for e in extents):
        raise UserError(f"the closed form is for two dimensions: expected two positive extents, got {shape!r}")
    return int(extents[0]), int(extents[1])


def _checked_beta(beta: float | str) -> None:
    try:
        value = mpf(beta)
    except (TypeError, ValueError):
        raise UserError(f"beta must be a number, got {beta!r}") from None
    if not mp.isfinite(value):
        raise UserError(f"beta must be finite, got {beta}")
