"""A flat torus with random local frames is U(1) links with charges: a network of local frames is a gauge network.

A field of tangent vectors has, in a frame turned by alpha(x), the components v(x) = exp(-i alpha(x)) V(x). Parallel
transport from x + mu to x is the link exp(i (alpha(x + mu) - alpha(x))); features that turn q times have charge q. The
kernels are those of T. S. Cohen, M. Weiler, B. Kicanaoglu, M. Welling, arXiv:1902.04615.
"""

import pytest
import torch

from gaugeflow.symmetry import Links, SiteScalars, SiteVectors, check
from tests.symmetry.samples import normal

CHARGES = (0, 1, 2)
ALONG = torch.tensor([1.0, 1.0j], dtype=torch.complex128)
"""The axes x and y as complex numbers."""


def complex_normal(*size, seed):
    return torch.complex(normal(*size, seed=seed), normal(*size, seed=seed + 100))


def seen_in(alpha, field):
    """Links, directions to the neighbours and components of a field `(b, L, L)` in frames turned by `alpha`."""
    links = torch.stack([alpha.roll(-1, 1 + mu) - alpha for mu in range(2)], dim=1)
    directions = torch.polar(torch.ones_like(alpha), -alpha).unsqueeze(1) * ALONG[:, None, None]
    return links, directions, torch.polar(torch.ones_like(alpha), -alpha) * field


def power(u, q):
    """exp(i q angle) for numbers of modulus one; q may be negative."""
    return u**q if q >= 0 else u.conj() ** -q


def convolved(u, directions, features, weights):
    """sum over neighbours and charges q of K_pq d^(p - q) U^q v_q: the kernel of two directions and their opposites."""
    out = [weights["own"][p] * features[p] for p in CHARGES]
    for mu in range(2):
        forward, backward = u[:, mu], u[:, mu].roll(1, 1 + mu).conj()
        for sign, link, there in ((1, forward, -1), (-1, backward, 1)):
            carried = [power(link, q) * v.roll(there, 1 + mu) for q, v in zip(CHARGES, features, strict=True)]
            turn = [power(sign * directions[:, mu], k) for k in (-2, -1, 0, 1, 2)]
            for p in CHARGES:
                out[p] = out[p] + sum(weights["far"][p][q] * turn[p - q + 2] * carried[q] for q in CHARGES)
    return out


def network(theta, directions, v, carry=True):
    """Vectors `(b, L, L)` to vectors and to a number at each site; without `carry` the transport is forgotten."""
    u = torch.polar(torch.ones_like(theta), theta if carry else 0 * theta)
    features = [torch.ones_like(v), v, torch.zeros_like(v)]
    for layer in range(2):
        weights = {"own": complex_normal(3, seed=layer), "far": complex_normal(3, 3, seed=10 + layer) / 4}
        features = convolved(u, directions, features, weights)
        features = [f * torch.sigmoid(f.abs().square()) for f in features]
        features[2] = features[2] + features[1] ** 2
    return features[1], features[0].abs().square()


def in_frames(alpha, field, **options):
    """The network in frames turned by `alpha`, its vectors turned back."""
    vectors, numbers = network(*seen_in(alpha, field), **options)
    return torch.polar(torch.ones_like(alpha), alpha) * vectors, numbers


FIELD = complex_normal(2, 5, 5, seed=3)


def test_the_network_is_the_same_in_two_frames():
    one, two = (in_frames(3 * normal(2, 5, 5, seed=seed), FIELD) for seed in (4, 5))
    for a, b in zip(one, two, strict=True):
        assert (a - b).abs().max() < 1e-13 * a.abs().max()
        assert a.std() > 1e-2


def test_without_transport_it_is_not():
    one, two = (in_frames(3 * normal(2, 5, 5, seed=seed), FIELD, carry=False)[1] for seed in (4, 5))
    assert (one - two).abs().max() > 1e-2


@pytest.mark.parametrize("curved", [False, True])
def test_it_is_a_gauge_network_on_any_links(curved):
    links, directions, v = seen_in(3 * normal(2, 5, 5, seed=4), FIELD)
    links = links + (normal(2, 2, 5, 5, seed=6) if curved else 0)

    def f(theta, d, w):
        vectors, numbers = network(theta, d.squeeze(-1), w[:, 0, ..., 0])
        return vectors[:, None, ..., None], numbers.unsqueeze(1)

    x = (Links(links), SiteVectors(directions.unsqueeze(-1)), SiteVectors(v[:, None, ..., None]))
    assert check(f, x, "gauge", out=(SiteVectors, SiteScalars), fresh=False).holds
