"""The geometric charge of 2D U(1), Q = (1/2pi) sum_p arg P_p, by a theta term carried by every plaquette.

    Z(theta) = <exp(i theta Q)> Z(0) = sum_n J(n - theta/2pi)^V
    J(nu) = (1/pi) int_0^pi exp(-beta (1 - cos phi)) cos(nu phi) dphi = sum_k a_k sinc(nu - k)

with a_k = exp(-beta) I_k(beta) and sinc(x) = sin(pi x) / (pi x): on (-pi, pi] the weight is its own Fourier series,
so that J of any order is the band-limited interpolation of the Bessel functions. Since a_k > 0 and sum_k a_k = 1,
leaving out |k| > K costs less than what the kept ones lack to 1. On V plaquettes |Q| < V/2.

Source: Bonati and Rossi, arXiv:1901.09830 (the theta term on finite volumes).
"""

from itertools import count

import numpy as np
from mpmath import mp, mpf

from gaugeflow.errors import UserError
from gaugeflow.lattice.exact.characters import ScaledBessel, get_characters
from gaugeflow.lattice.exact.weak_coupling import charge_weights

MOST_DIGITS = 1000
MOST_NEGATIVE = -2000

__all__ = ["charge_distribution", "charge_squared", "charge_variance_per_plaquette"]


class PlaquetteTransform:
    """J(nu) of one plaquette's angle at rational nu, with its derivatives at integers.

    The sums over k run in integers (2^prec is 1); evaluate within the precision of the making.
    """

    def __init__(self, beta: mpf) -> None:
        self.beta = beta
        self.bessel = ScaledBessel(beta)
        half = self.bessel.fixed_point
        self._orders = np.arange(1 - len(half), len(half)).astype(object)
        self._signed = np.concatenate([half[:0:-1], half]) * (-1) ** abs(self._orders)  # (-1)^k a_k

    def at(self, numerator: int, denominator: int) -> mpf:
        """J(numerator / denominator) = (sin(pi nu) / pi) sum_k (-1)^k a_k / (nu - k)."""
        if numerator % denominator == 0:
            return self.bessel(numerator // denominator)
        poles = (self._signed * denominator // (numerator - self._orders * denominator)).sum()
        return mp.sinpi(mpf(numerator) / denominator) / mp.pi * mp.ldexp(poles, -mp.prec)

    def slope(self, n: int) -> mpf:
        """J'(n) = (-1)^n sum_{k != n} (-1)^k a_k / (n - k)."""
        return self._inverse_powers(n, 1)

    def curvature(self, n: int) -> mpf:
        """J''(n) = -(pi^2/3) a_n - 2 (-1)^n sum_{k != n} (-1)^k a_k / (n - k)^2."""
        return -(mp.pi**2) / 3 * self.bessel(n) - 2 * self._inverse_powers(n, 2)

    def _inverse_powers(self, n: int, power: int) -> mpf:
        others = self._orders != n
        total = (self._signed[others] // (n - self._orders[others]) ** power).sum()
        return (-1) ** n * mp.ldexp(total, -mp.prec)

    def decay(self, nu: mpf) -> mpf:
        """A bound on |J| at and beyond nu, from two integrations by parts (the weight w falls from 1 on [0, pi]):

        ``|J(nu)| <= w(pi) / (pi nu) + max|w'| 2 / (pi nu^2)``, and ``max|w'| <= sqrt(beta / e)``. For beta < 0 it rises
        to 1.
        """
        edge = mp.exp(-2 * max(self.beta, 0)) / (mp.pi * nu)
        return min(mpf(1), 1 / (mp.pi * nu), edge + 2 * mp.sqrt(abs(self.beta) / mp.e) / (mp.pi * nu**2))


def charge_variance_per_plaquette(beta: mpf, digits: int) -> mpf:
    """lim <Q^2>/V = -J''(0) / (4 pi^2 J(0)), that is <(arg P)^2> / 4 pi^2 of independent plaquettes."""
    with mp.workdps(digits + 20):
        transform = PlaquetteTransform(beta)
        return -transform.curvature(0) / (4 * mp.pi**2 * transform.bessel(0))


def charge_squared(beta: mpf, volume: int, digits: int) -> mpf:
    """<Q^2> = -Z''(0)/Z(0) on a torus of `volume` plaquettes.

    Where charges are rare the two parts of Z'' cancel; the working precision doubles until enough digits stay. At weak
    coupling, where the digits asked for allow it, the sum over charges is in double precision.

    Raises:
        UserError: beta is below MOST_NEGATIVE, or more than MOST_DIGITS digits cancel on an odd torus.
    """
    if volume <= 2:
        return mpf(0)
    weights = charge_weights(beta, volume, digits)
    if weights is not None:
        return mpf(float(2 * (np.arange(len(weights)) ** 2 * weights).sum()))
    if beta < MOST_NEGATIVE:
        raise UserError(f"charge: expected beta above {MOST_NEGATIVE} for the sum over theta, got {float(beta):g}")
    dps = 2 * digits + 30
    while dps < MOST_DIGITS:
        with mp.workdps(dps):
            total, magnitude, partition = _theta_curvature(beta, volume, dps)
            least = mpf(10) ** (digits + 15 - dps)
            if abs(total) > magnitude * least and abs(partition) > least:
                return -total / (4 * mp.pi**2 * partition)
        dps *= 2
    raise UserError(f"charge: at beta {float(beta):g} on {volume} plaquettes more than {MOST_DIGITS} digits cancel")


def _theta_curvature(beta: mpf, volume: int, dps: int) -> tuple[mpf, mpf, mpf]:
    """4 pi^2 Z''(0) / J(0)^V, the sum of its terms' magnitudes, and Z(0) / J(0)^V.

    Terms beyond charge n are at most ``V^2 pi^2 (a_n / a_0)^(V-2)``, since |J'| <= pi a_0 and |J''| <= pi^2 a_0.
    """
    transform, characters = PlaquetteTransform(beta), get_characters(1, beta, dps)
    total, magnitude, partition = mpf(0), mpf(0), mpf(0)
    for (n,), rest in characters.irreps():
        ratio = characters.ratio((n,))
        bend = volume * ratio ** (volume - 1) * transform.curvature(n) / characters.trivial
        tilt = volume * (volume - 1) * ratio ** (volume - 2) * (transform.slope(n) / characters.trivial) ** 2
        total += bend + tilt
        magnitude += abs(bend) + tilt
        partition += ratio**volume
        if rest < 1 and (volume * mp.pi) ** 2 * rest ** (volume - 2) < magnitude * mpf(10) ** (12 - dps):
            break
    return total, magnitude, partition


def charge_distribution(beta: mpf, volume: int, digits: int) -> dict[int, mpf]:
    """p(Q) on a torus of `volume` plaquettes, each to ``10^-digits`` absolutely.

    Raises:
        UserError: beta is negative.
    """
    if beta < 0:
        raise UserError(f"the distribution of the charge is known for beta >= 0, got {float(beta):g}")
    known = charge_weights(beta, volume, digits)
    if known is not None:
        return {q: mpf(float(known[abs(q)])) for q in range(1 - len(known), len(known))}
    if volume <= 4:
        beyond = charge_squared(beta, volume, digits) / 2
        return {0: mpf(1)} if volume <= 2 else {-1: beyond, 0: 1 - 2 * beyond, 1: beyond}
    with mp.workdps(digits + 20 + int(mp.log10(volume))):
        transform = PlaquetteTransform(beta)
        largest = _largest_charge(transform, volume, digits)
        points = 2 * largest + 1
        weights = [_theta_partition(transform, j, points, volume, digits) for j in range(largest + 1)]
        total = weights[0] * points
        # theta and -theta weigh alike; weights below the tolerance are not summed
        felt = [(j, 2 * w / total) for j, w in enumerate(weights) if j and abs(w) * mpf(10) ** (digits + 4) > 1]
        cosines = [mp.cospi(mpf(2 * j) / points) for j in range(points)]
        half = [sum((w * cosines[j * q % points] for j, w in felt), mpf(1) / points) for q in range(largest + 1)]
    return {q: half[abs(q)] for q in range(-largest, largest + 1)}


def _largest_charge(transform: PlaquetteTransform, volume: int, digits: int) -> int:
    """A charge beyond which p(Q) is negligible: ``p(Q) <= (e / a_0) exp(-2 Q^2 / V)``.

    That is Hoeffding's bound for V angles in (-pi, pi] (with a density in the place of a probability, hence the
    factor); Fourier sums over theta with 2 Q + 1 points fold only larger charges back.
    """
    log_bound = 1 + (digits + 5) * mp.log(10) - mp.log(transform.bessel(0))
    return min((volume - 1) // 2, int(mp.ceil(mp.sqrt(volume * log_bound / 2))))


def _theta_partition(transform: PlaquetteTransform, j: int, points: int, volume: int, digits: int) -> mpf:
    """Z(2 pi j / points) / J(0)^V for 2 j < points, volume >= 5."""
    zero = transform.bessel(0)
    total = mpf(0)
    for n in count():
        for numerator in {n * points - j, -n * points - j}:
            total += (transform.at(numerator, points) / zero) ** volume
        beyond = n + mpf(1) / 2
        if 2 * (1 + beyond) * (transform.decay(beyond) / zero) ** volume < mpf(10) ** -(digits + 4):
            return total
    raise AssertionError("the decay bound falls with the order")
