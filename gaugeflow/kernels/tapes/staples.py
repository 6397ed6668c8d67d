"""The tape of sums of staples: much of what pairs of plaquettes with a common link make, at the cost of few products.

``B_mu(x)`` is the sum of the 2 (D - 1) paths of three links around a plaquette from x to x + mu, and
``X_mu = U_mu B_mu^dagger`` the sum of the plaquettes of a link. Traces of ``B B^dagger`` and ``X X`` and products of
``T = (1/N) tr X`` hold all the loops of six and eight links that two plaquettes at one link make, with one coefficient
for each way to make them.
"""

from itertools import permutations

from gaugeflow.kernels.tapes.loops import Factor, LoopTape, Product, Recording, Site, Trace

__all__ = ["STAPLE_FUNCTIONS", "record_staples"]

STAPLE_FUNCTIONS = ("p", "BB*", "XX", "T^2", "|T|^2", "p^2", "|p|^2", "1")
"""``sum Re`` of: the plaquette's trace p; of every link ``(1/N) tr B B^dagger``, ``(1/N) tr X X``, ``T^2``, ``|T|^2``;
``p^2``, ``|p|^2``; the number of sites."""


def record_staples(ndim: int) -> Recording:
    """The functions :data:`STAPLE_FUNCTIONS` in D dimensions."""
    here = (0,) * ndim
    pairs = list(permutations(range(ndim), 2))
    corner = {pair: ndim + k for k, pair in enumerate(pairs)}  # U_mu(x) U_nu(x + mu)
    staple = [ndim + len(pairs) + mu for mu in range(ndim)]
    around = [field + ndim for field in staple]
    products = [Product(mu, False, here, nu, False, _step(mu, ndim), corner[mu, nu]) for mu, nu in pairs]
    for mu in range(ndim):
        for nu in set(range(ndim)) - {mu}:
            below = _step(nu, ndim, -1)
            products.append(Product(corner[nu, mu], False, here, nu, True, _step(mu, ndim), staple[mu]))
            products.append(Product(nu, True, below, corner[mu, nu], False, below, staple[mu]))
    products += [Product(mu, False, here, staple[mu], True, here, around[mu]) for mu in range(ndim)]
    traces = [Trace(corner[mu, nu], corner[nu, mu], True, here) for mu, nu in pairs if mu < nu]
    planes = [(k, here) for k in range(len(traces))]
    sums = [(len(traces) + mu, here) for mu in range(ndim)]
    traces += [Trace(mu, staple[mu], True, here) for mu in range(ndim)]
    traces += [Trace(staple[mu], staple[mu], True, here) for mu in range(ndim)]
    traces += [Trace(around[mu], around[mu], False, here) for mu in range(ndim)]
    first = len(planes) + ndim
    squares = [((first + k, False, here),) for k in range(2 * ndim)]
    functions = (
        tuple(((k, False, x),) for k, x in planes),
        tuple(squares[:ndim]),
        tuple(squares[ndim:]),
        _squares(sums, False),
        _squares(sums, True),
        _squares(planes, False),
        _squares(planes, True),
        ((),),
    )
    return Recording(LoopTape(ndim, tuple(products), tuple(traces)), functions)


def _step(axis: int, ndim: int, length: int = 1) -> Site:
    return tuple(length * (k == axis) for k in range(ndim))


def _squares(traces: list[tuple[int, Site]], conjugate: bool) -> tuple[tuple[Factor, ...], ...]:
    return tuple(((k, False, x), (k, conjugate, x)) for k, x in traces)
