"""Routes before the harness: exact ones hold in both precisions, the others are broken by what they say."""

import math
from functools import partial

import pytest
import torch

from gaugeflow.symmetry import (
    CartesianTensors,
    Electrons,
    Image,
    Links,
    PointFeatures,
    Points,
    PolyakovLoop,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteScalars,
    SiteVectors,
    Verdict,
    check,
    measure,
    routes,
)
from gaugeflow.symmetry.actions.haar import haar
from tests.symmetry.samples import normal

VECTORS = partial(PointFeatures, rank=1)


def links(colour, *shape, batch=2, seed=0):
    size = (batch, len(shape), *shape)
    return Links(haar(size, colour, torch.Generator().manual_seed(seed), abelian=colour == 1))


def waves(*size):
    """Numbers of this shape without a pattern, and without a generator, which torch.func would not let draw."""
    return torch.arange(1.0, 1 + math.prod(size), dtype=torch.float64).square().mul(0.7).sin().reshape(size)


def mixed(x, size):
    """Smooth numbers of all components of all inputs, `(batch, size)`, without any symmetry."""
    parts = [
        torch.view_as_real(t.resolve_conj()) if t.is_complex() else t for t in (x if isinstance(x, tuple) else (x,))
    ]
    flat = torch.cat([p.flatten(1) for p in parts], 1)
    weight = waves(flat.shape[1], size).to(flat.dtype if flat.is_floating_point() else torch.float64)
    return torch.tanh(flat.to(weight.dtype) @ weight / flat.shape[1] ** 0.5)


def number(*x):
    return mixed(x, 1)[:, 0] + 1


def number_of_links(u):
    """Of U(1) a function on the group: of the cosine and the sine of the angles."""
    return number(u) if u.is_complex() else number(u.cos(), u.sin())


def loops(u):
    """Of plaquettes and Polyakov loops, which no gauge transformation changes."""
    lines = u[:, -1].unbind(u.shape[1])
    line = lines[0]
    for step in lines[1:]:
        line = line @ step if u.is_complex() else line + step
    if not u.is_complex():
        return number(line.cos(), line.sin()) + 1
    return number(line.diagonal(dim1=-2, dim2=-1).sum(-1)) + 1


def matrices(u):
    return (u[:, :1] * 1.5 + u[:, 1:].conj()) @ u[:, :1].real.to(u.dtype)


def vectors_of(u, v):
    if u.is_complex():
        return v.abs() + (u[:, :1] @ v.unsqueeze(-1).real.to(u.dtype)).squeeze(-1)
    return v.real + u[:, :1].unsqueeze(-1).cos() * v.abs() + 0j


def vectors(r):
    return mixed(r, r[0].numel()).reshape(r.shape) + r.abs() * waves(*r.shape[1:]).to(r.dtype)


def psi(r, *_):
    value = mixed(r, 1)[:, 0] + 0.3
    return value.sign(), value.abs().log()


def picture(p):
    return mixed(p, p[0].numel()).reshape(p.shape) + p.square()


def forces(r, q):
    """An energy and a vector for each of several charges."""
    return number(r, q), vectors(r) * q


def tensors(r):
    return mixed(r, 9).reshape(-1, 3, 3)


def winding(u):
    """Complex numbers, one for each entry."""
    return torch.complex(number(u), mixed(u[:, -1], 1)[:, 0])


def arrow(p):
    return mixed(p, 2)


SU2, SU3, U1 = links(2, 3, 3), links(3, 2, 3), links(1, 3, 4)
POINTS, PICTURE = Points(normal(2, 4, 3)), Image(normal(2, 1, 4, 4))
SITES = Points(torch.tensor([[[0, 0], [1, 3], [2, 2], [3, 1]], [[2, 3], [1, 0], [0, 1], [1, 1]]]))
HIGGS = (SU2, SiteVectors(haar((2, 1, 3, 3), 2, torch.Generator().manual_seed(5))[..., 0]))
CHARGED = (U1, SiteVectors(torch.polar(normal(2, 1, 3, 4, 1).abs(), normal(2, 1, 3, 4, 1))))

SU2_3D = links(2, 2, 2, 3)
SPINS = Electrons(normal(2, 4, 3), spins=torch.tensor([[1.0, -1, 1, -1]]).expand(2, 4))
CHARGES = (POINTS, PointFeatures(normal(2, 4, 1, seed=4)))

EXACT = {
    "average links": (routes.Average, number_of_links, SU2, "hypercubic * charge", Scalars),
    "average angles": (routes.Average, number_of_links, U1, "hypercubic * charge", Scalars),
    "average shifts": (
        routes.Average,
        lambda u: u * mixed(u, 18).reshape(-1, 2, 3, 3, 1, 1),
        SU2,
        "translations",
        Links,
    ),
    "average pictures": (routes.Average, picture, PICTURE, "d4", Image),
    "average dipoles": (routes.Average, arrow, PICTURE, "d4", CartesianTensors),
    "average particles": (routes.Average, vectors, POINTS, "permutations", VECTORS),
    "average electrons": (routes.Average, psi, Electrons(normal(2, 4, 3), n_up=2), "spin-fermions", SignedLog),
    "average z2": (routes.Average, picture, PICTURE, "z2", Image),
    "average centre": (routes.Average, loops, SU3, "centre", Scalars),
    "average time reversal": (routes.Average, number_of_links, SU2_3D, "time-reversal", Scalars),
    "average loops": (routes.Average, winding, SU2_3D, "time-reversal * charge", PolyakovLoop),
    "average spins": (routes.Average, psi, SPINS, "spin-fermions", SignedLog),
    "average sites": (routes.Average, picture, SiteScalars(normal(2, 1, 3, 4)), "translations", SiteScalars),
    "frame links": (routes.Frame, number_of_links, SU2, "hypercubic * charge", Scalars),
    "frame pictures": (routes.Frame, picture, PICTURE, "d4", Image),
    "frame dipoles": (routes.Frame, arrow, PICTURE, "c4", CartesianTensors),
    "frame particles": (routes.Frame, vectors, POINTS, "permutations", VECTORS),
    "frame motions": (routes.Frame, vectors, POINTS, "euclidean", VECTORS),
    "frame rotations": (routes.Frame, vectors, POINTS, "rotations", VECTORS),
    "frame in a plane": (routes.Frame, vectors, Points(normal(2, 4, 2)), "euclidean", VECTORS),
    "frame shifts": (routes.Frame, vectors, POINTS, "point-translations", VECTORS),
    "frame of points and charges": (routes.Frame, forces, CHARGES, "euclidean", (Scalars, VECTORS)),
    "canonical SU(2) in four dimensions": (routes.Canonical, matrices, links(2, 2, 2, 2, 2), "gauge", SiteMatrices),
    "canonical SU(2)": (routes.Canonical, matrices, SU2, "gauge", SiteMatrices),
    "canonical SU(3)": (routes.Canonical, matrices, SU3, "gauge", SiteMatrices),
    "canonical links": (routes.Canonical, lambda u: u @ u.real.to(u.dtype), SU2, "gauge", Links),
    "canonical U(1)": (routes.Canonical, number_of_links, U1, "gauge", Scalars),
    "canonical Higgs": (routes.Canonical, vectors_of, HIGGS, "gauge", SiteVectors),
    "canonical charges": (routes.Canonical, vectors_of, CHARGED, "gauge", SiteVectors),
    "canonical global": (routes.Canonical, matrices, SU2, "global-gauge", SiteMatrices),
    "canonical shifts": (routes.Canonical, matrices, SU2, "translations * charge * gauge", SiteMatrices),
    "canonical lattice": (routes.Canonical, number_of_links, U1, "hypercubic * gauge", Scalars),
    "canonical pictures": (routes.Canonical, picture, PICTURE, "d4 * translations", Image),
    "canonical motions": (routes.Canonical, vectors, POINTS, "euclidean", VECTORS),
    "canonical rotations": (routes.Canonical, vectors, POINTS, "rotations", VECTORS),
    "canonical order": (routes.Canonical, vectors, POINTS, "euclidean * permutations", VECTORS),
    "canonical points and charges": (routes.Canonical, forces, CHARGES, "orthogonal", (Scalars, VECTORS)),
    "canonical tensors": (routes.Canonical, tensors, POINTS, "rotations", partial(CartesianTensors, rank=2)),
    "canonical sign": (routes.Canonical, picture, PICTURE, "z2", Image),
    "canonical centre": (routes.Canonical, loops, SU3, "centre", Scalars),
    "canonical fermions": (routes.Canonical, psi, SITES, "fermions", SignedLog),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_routes_hold_in_both_precisions(name):
    kind, f, x, group, out = EXACT[name]
    types = tuple(type(part) for part in x) if isinstance(x, tuple) else type(x)
    types = partial(Electrons, n_up=2) if name == "average electrons" else types
    sym = kind(f, types, group, out=out)
    report = check(sym, x, group, out=out, trials=8)
    assert report.holds, report
    assert set(report.findings[0].largest) == {"float32", "float64"}
    assert measure(f, x, group, out=out, samples=8).error > 0.01
    assert measure(sym, x, group, out=out, samples=8).error < 1e-10


INEXACT = {
    "gauge": (number_of_links, SU2, "gauge", Scalars),
    "U(1)": (number_of_links, U1, "gauge", Scalars),
    "centre of U(1)": (loops, U1, "centre", Scalars),
    "rotations": (vectors, POINTS, "orthogonal", VECTORS),
    "matrices": (matrices, SU3, "global-gauge", SiteMatrices),
}


@pytest.mark.parametrize("name", INEXACT)
def test_samples_are_broken_by_the_error_that_they_say(name):
    """f(D(g) x) and D(g) f(x) are means over independent elements: they differ by sqrt(2) standard errors."""
    f, x, group, out = INEXACT[name]
    sym = routes.Average(f, type(x), group, out=out, samples=32)
    assert check(sym, x, group, out=out, trials=8, diagnose=False).verdict is Verdict.BROKEN
    y, error = sym.with_error(x.data)
    said = (2 * error.abs().square().mean() / y.abs().square().mean()).sqrt()
    assert measure(sym, x, group, out=out, samples=64).error == pytest.approx(float(said), rel=0.35)
