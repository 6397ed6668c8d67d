"""What routes compute: projections, frames, canonical forms and measurements against closed forms."""

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    CartesianTensors,
    Image,
    Links,
    PointFeatures,
    Points,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteVectors,
    check,
    group_named,
    measure,
    routes,
)
from gaugeflow.symmetry.algebra.characters import irreducible_characters, multiplication_table
from gaugeflow.symmetry.routes.choices.best import near_best
from gaugeflow.symmetry.routes.choices.features import densities
from gaugeflow.symmetry.routes.choices.gauge_tree import tree_transporters
from gaugeflow.symmetry.routes.choices.orbit import scored_orbit
from gaugeflow.symmetry.routes.choices.templates import template
from tests.symmetry.routes.test_harness import POINTS, SU2, U1, VECTORS, links, mixed, number, picture, vectors
from tests.symmetry.samples import normal

PICTURE = normal(3, 1, 4, 4)


def test_the_parts_of_all_characters_add_up_to_the_function():
    names = (None, "parity", "charge", "parity * charge")
    f = lambda u: number(u.cos(), u.sin(), u[:, :1].sin())  # noqa: E731
    whole = routes.Average(f, Links, "hypercubic", out=Scalars)  # invariant under turns and mirrors of the plane
    both = {name: routes.Average(f, Links, "z2", out=Scalars, character=name) for name in (None, "z2")}
    assert torch.allclose(both[None](U1.data) + both["z2"](U1.data), f(U1.data))
    for name in names:
        odd = tuple(name.split(" * ")) if name else ()
        part = routes.Average(f, Links, "hypercubic * charge", out=Scalars, character=name)
        assert check(part, U1, out=partial(Scalars, odd=odd), trials=4).holds
    assert check(whole, U1).holds


def test_momenta_are_characters_of_translations():
    """The projection on exp(i k x): all momenta add up to f, and a shift by a multiplies one by its phase."""

    def momentum(k):
        return lambda g: torch.exp(2j * math.pi * k / 4 * g.factors[0][1]["shift"][:, 0].double())

    group = group_named("translations")
    parts = [routes.Average(number, Image, group, out=Scalars, character=momentum(k))(PICTURE) for k in range(4)]
    along = routes.Average(number, Image, type(group)(axes=(1,)), out=Scalars)(PICTURE)
    assert torch.allclose(sum(parts), along + 0j)
    assert torch.allclose(
        routes.Average(number, Image, group, out=Scalars, character=momentum(1))(PICTURE.roll(1, 2)), 1j * parts[1]
    )


def test_signed_logs_are_averaged_as_numbers_far_beyond_the_range_of_floats():
    def psi(r, shift=0.0):
        value = number(r) - 1
        return value.sign(), value.abs().log() + shift

    route = routes.Average(psi, Points, "fermions", out=SignedLog)
    plain = routes.Average(lambda r: number(r) - 1, Points, "fermions", out=Scalars)
    sign, log = route(POINTS.data)
    assert torch.allclose(sign * log.exp(), plain(POINTS.data))
    for shift in (2000.0, -2000.0):
        far = routes.Average(partial(psi, shift=shift), Points, "fermions", out=SignedLog)(POINTS.data)
        assert torch.equal(far[0], sign)
        assert torch.allclose(far[1], log + shift)


def test_what_cancels_is_zero():
    twice = POINTS.data.clone()
    twice[:, 1] = twice[:, 0]
    psi = lambda r: ((number(r) - 1).sign(), (number(r) - 1).abs().log())  # noqa: E731
    sign, log = routes.Average(psi, Points, "fermions", out=SignedLog)(twice)
    assert sign.tolist() == [0, 0]
    assert log.tolist() == [-math.inf, -math.inf]


def test_angles_are_averaged_on_the_circle():
    """Angles near pi and -pi have their mean there, and that of -pi + a and pi - a under the mirror is pi."""
    f = lambda p: math.pi - 0.2 + 0.1 * p[:, 0, 0, 0]  # noqa: E731
    route = routes.Average(lambda p: torch.remainder(f(p) + math.pi, 2 * math.pi) - math.pi, Image, "d4", out=Angles)
    p = torch.full((1, 1, 4, 4), 1.0, dtype=torch.float64)
    p[:, 0, 0, 0] = 5.0
    expected = math.atan2(math.sin(math.pi + 0.3) + 3 * math.sin(math.pi - 0.1), math.cos(0.3) * -1 - 3 * math.cos(0.1))
    assert route(p) == pytest.approx(expected)


def test_ties_are_averaged_over_the_stabiliser():
    """A picture with one mirror: the canonical form of a covariant output is that of the average over the mirror."""
    mirrored = PICTURE + PICTURE.flip(3)
    route = routes.Canonical(picture, Image, "d4", out=Image)
    assert route.cost(mirrored) == 2
    y = route(mirrored)
    assert torch.allclose(y, y.flip(3))
    assert not torch.allclose(picture(mirrored), picture(mirrored).flip(3))
    assert check(route, Image(mirrored), trials=8).holds


SHIFTED = [(SU2, None), (SU2, (1,)), (U1, None), (U1, (0,)), (links(2, 5), None), (Image(PICTURE), None)]


@pytest.mark.parametrize(
    ("x", "axes"), SHIFTED, ids=lambda v: str(tuple(v.data.shape)) if hasattr(v, "data") else str(v)
)
def test_translations_are_scored_at_all_shifts_as_one_by_one(x, axes):
    group = type(group_named("translations"))(axes)
    element, scores = scored_orbit(group, x, None)
    expected = []
    for i in range(len(element)):
        moved = element.take(torch.tensor([i])).inverse()
        fields = torch.cat([densities(moved(x.map(lambda t, b=b: t[b : b + 1]))) for b in range(len(x.data))])
        expected.append((fields * template((1, *fields.shape[1:]), fields)).flatten(1).sum(1))
    size = densities(x).flatten(1).norm(dim=1, keepdim=True).clamp(min=1e-300)
    assert torch.allclose(scores, torch.stack(expected, dim=1) / size, atol=1e-12)


@pytest.mark.parametrize("kind", [routes.Frame, routes.Canonical])
def test_frames_are_continuous_where_canonical_forms_jump(kind):
    """A vector function along a line of triangles through an equilateral one, where the principal axes turn over."""
    angle = torch.arange(3) * 2 * math.pi / 3
    triangle = torch.stack([angle.cos(), angle.sin()], dim=1).double()
    direction = normal(3, 2, seed=4)
    route = kind(vectors, Points, "euclidean", out=VECTORS)
    before, after = (route((triangle + s * direction).unsqueeze(0)) for s in (-1e-7, 1e-7))
    jump = (after - before).abs().max() / before.abs().max()
    assert (jump < 1e-5) == (kind is routes.Frame)


def test_a_wide_frame_is_the_average_and_a_narrow_one_the_canonical_form():
    wide, narrow = (routes.Frame(picture, Image, "d4", out=Image, width=w) for w in (1e9, 1e-9))
    assert torch.allclose(wide(PICTURE), routes.Average(picture, Image, "d4", out=Image)(PICTURE))
    assert torch.allclose(narrow(PICTURE), routes.Canonical(picture, Image, "d4", out=Image)(PICTURE))
    assert narrow.cost(PICTURE) == 1


@pytest.mark.parametrize("colour", [1, 2, 3])
def test_links_of_the_tree_are_one_and_the_form_is_the_same_for_all_gauges(colour):
    u = links(colour, 2, 3, 2)
    seen = []
    route = routes.Canonical(lambda v: seen.append(v) or v.real.flatten(1).sum(1), Links, "gauge", out=Scalars)
    g = group_named("gauge").element(u, 2, torch.Generator().manual_seed(3))
    route(u.data)
    route(g(u).data)
    assert Links(seen[0]).distance(Links(seen[1])).max() < 1e-12
    tree = Links(tree_transporters(Links(seen[0])).unsqueeze(1).expand_as(seen[0]))
    one = torch.zeros_like(tree.data) if colour == 1 else torch.eye(colour).to(seen[0]).expand_as(tree.data)
    assert tree.distance(Links(one)).max() < 1e-12


def test_vectors_that_vanish_leave_the_links_in_their_gauge():
    with_vectors = routes.Canonical(lambda u, v: number(u), (Links, SiteVectors), "gauge", out=Scalars)
    without = routes.Canonical(number, Links, "gauge", out=Scalars)
    nothing = torch.zeros(2, 1, 3, 3, 2, dtype=SU2.data.dtype)
    assert torch.allclose(with_vectors(SU2.data, nothing), without(SU2.data))


def test_plaquettes_do_not_change_in_the_gauge_of_the_tree():
    def plaquettes(u):
        return (u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH).unsqueeze(1)

    route = routes.Canonical(plaquettes, Links, "gauge", out=SiteMatrices)
    assert torch.allclose(route(SU2.data), plaquettes(SU2.data))


def test_augmentation_moves_inputs_and_targets_together():
    r, generator = normal(64, 5, 2), torch.Generator().manual_seed(1)
    centre = lambda r: (r * r.norm(dim=2, keepdim=True)).sum(1)  # noqa: E731
    moved, target = routes.augment((Points(r), CartesianTensors(centre(r))), "orthogonal", generator)
    assert torch.allclose(centre(moved), target)
    turns = (moved.mT @ r) @ torch.linalg.inv(r.mT @ r)
    assert torch.cdist(turns.flatten(1), turns.flatten(1)).fill_diagonal_(9).amin() > 1e-6  # one for each entry
    assert routes.augment(Points(r.float()), "orthogonal", generator).dtype is torch.float32


def test_the_mean_and_the_spread_of_an_ensemble():
    members = [lambda p, k=k: k * p.sum((1, 2, 3)) for k in (1, 2, 6)]
    ensemble = routes.Ensemble(members, Image, "d4", out=Scalars)
    mean, spread = ensemble.with_spread(PICTURE)
    total = PICTURE.sum((1, 2, 3))
    assert torch.allclose(mean, 3 * total)
    assert torch.allclose(ensemble(PICTURE), mean)
    assert torch.allclose(spread, 7**0.5 * total.abs())
    assert check(ensemble, Image(PICTURE)).holds
    modules = routes.Ensemble([torch.nn.Flatten(), torch.nn.Flatten()], Image, "z2", out=PointFeatures)
    assert isinstance(modules.networks, torch.nn.ModuleList)


def test_weights_of_irreducible_parts_in_closed_form():
    """A component of a vector is of the two-dimensional part of D4, the determinant of the mirrors of one dimension."""
    place = torch.arange(4.0).double() - 1.5
    dipole = measure(lambda p: (p[:, 0] * place).sum((1, 2)), Image(PICTURE), "d4", out=Scalars)
    (weight,) = [w for w, d in zip(dipole.weights, dipole.dimensions, strict=True) if d == 2]
    assert weight == pytest.approx(1)
    assert dipole.variance == pytest.approx(1)
    assert sorted(dipole.dimensions) == [1, 1, 1, 1, 2]
    mixed_up = measure(number, Image(PICTURE), "d4", out=Scalars)
    assert sum(mixed_up.weights) == pytest.approx(1)
    assert mixed_up.weights[0] == pytest.approx(1 - mixed_up.variance)
    assert min(mixed_up.weights) > 1e-6
    handed = lambda p: number(p) - number(p.flip(3))  # noqa: E731
    odd = routes.Average(handed, Image, "d4", out=Scalars, character="parity")
    weights = measure(odd, Image(PICTURE), "d4", out=Scalars).weights
    assert sorted(weights) == pytest.approx([0, 0, 0, 0, 1], abs=1e-12)
    assert measure(odd, Image(PICTURE), "d4", out=partial(Scalars, odd=("parity",))).error < 1e-12


def test_the_error_and_the_variance_are_those_of_their_definition():
    """f(p) = its upper left corner: over C4 the corners of the picture."""
    corners = torch.stack([PICTURE[:, 0, i, j] for i in (0, 3) for j in (0, 3)], dim=1)
    size = corners.square().mean()
    m = measure(lambda p: p[:, 0, 0, 0], Image(PICTURE), "c4", out=Scalars)
    assert m.error == pytest.approx(float(((corners - corners[:, :1]).square().mean() / size).sqrt()))
    assert m.variance == pytest.approx(float(corners.var(1, correction=0).mean() / size))
    assert (m.elements, m.exact) == (4, True)
    assert "all 4 elements" in str(m)
    assert m.seconds > 0


def test_signed_logs_and_angles_are_measured_as_what_they_stand_for():
    log = lambda p: ((number(p) - 1).sign(), (number(p) - 1).abs().log() + 900)  # noqa: E731
    m, as_number = (
        measure(f, Image(PICTURE), "c4", out=out) for f, out in ((log, SignedLog), (lambda p: number(p) - 1, Scalars))
    )
    assert 0.01 < m.variance < 1
    assert m.error > 0.01
    assert as_number.variance > 0.01
    turn = measure(lambda p: p[:, 0, 0, 0].round() * 2 * math.pi, Image(9 * PICTURE), "c4", out=Angles)
    assert turn.error < 1e-12


def test_zero_has_no_error_and_elements_that_act_alike_have_no_parts():
    assert measure(lambda p: 0 * p.sum((1, 2, 3)), Image(PICTURE), "c4", out=Scalars).error == 0
    flat = measure(lambda u: mixed(u, 1)[:, 0], Links(U1.data[:, :, :1, :1] * 0), "translations", out=Scalars)
    assert flat.elements == 1
    many = measure(number, POINTS, "permutations", out=Scalars, samples=8)
    assert (many.elements, many.exact, many.weights) == (8, False, None)


def test_a_function_of_one_momentum_is_of_the_part_with_that_character():
    """f(D(h) x) = chi(h) f(x) with chi = exp(2 pi i k h / 4): not its complex conjugate."""
    group = group_named("translations")
    row = Image(PICTURE[:, :, :, :1])
    wave = torch.exp(2j * math.pi * torch.arange(4) / 4)
    m = measure(lambda p: (p[:, 0, :, 0] * wave).sum(1), row, group, out=Scalars)
    characters = irreducible_characters(multiplication_table(group, row))
    shift = group.elements(row).factors[0][1]["shift"][:, 0]
    part = max(range(4), key=m.weights.__getitem__)
    assert m.weights[part] == pytest.approx(1)
    assert torch.allclose(characters[part], torch.exp(2j * math.pi * shift.double() / 4))


def test_standard_errors_are_those_of_independent_samples():
    """Over many seeds the means scatter by the error that each of them says; of a signed log relative to its size."""
    r = POINTS.data
    plain = [routes.Average(number, Points, "orthogonal", out=Scalars, samples=16, seed=s) for s in range(64)]
    means, errors = (torch.stack(part) for part in zip(*(route.with_error(r) for route in plain), strict=True))
    assert torch.allclose(means.std(0), errors.square().mean(0).sqrt(), rtol=0.3)
    log = routes.Average(
        lambda r: (number(r).sign(), number(r).abs().log()), Points, "orthogonal", out=SignedLog, samples=16
    )
    (_, mean), (zero, relative) = log.with_error(r)
    assert torch.allclose(mean.exp(), means[0])
    assert torch.allclose(relative, errors[0] / means[0])
    assert zero.tolist() == [0, 0]


UNTOUCHED = {
    "a handed volume": (lambda r: torch.linalg.det(r[:, 1:] - r[:, :1]), POINTS, "rotations", Scalars),
    "a centre": (lambda r: r * r.norm(dim=2, keepdim=True), POINTS, "orthogonal", VECTORS),
    "a square": (lambda p: p.square(), Image(PICTURE), "d4", Image),
    "a mean": (lambda p: p.mean((1, 2, 3)), Image(PICTURE), "d4 * translations", Scalars),
}


@pytest.mark.parametrize("kind", [routes.Average, routes.Frame, routes.Canonical])
@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_is_equivariant_already_stays_as_it_is(name, kind):
    f, x, group, out = UNTOUCHED[name]
    samples = {"samples": 4} if kind is routes.Average and name in ("a handed volume", "a centre") else {}
    assert torch.allclose(kind(f, type(x), group, out=out, **samples)(x.data), f(x.data))


def test_an_element_comes_into_a_frame_with_weight_zero():
    scores = torch.tensor([[1.0, 0.7 + 1e-6], [1.0, 0.7 - 1e-6], [0.85, 1.0]], dtype=torch.float64)
    entry, candidate, weight = near_best(scores, 0.3)
    assert (entry.tolist(), candidate.tolist()) == ([0, 0, 1, 2, 2], [0, 1, 0, 0, 1])
    assert weight[[0, 2]].tolist() == pytest.approx([1, 1], abs=1e-9)
    assert weight[3:].tolist() == pytest.approx([0.2, 0.8])


def test_elements_are_as_fine_as_the_finest_input():
    """Features in float32 beside positions in float64."""
    x = (POINTS, PointFeatures(normal(2, 4, 1).float()))
    f = routes.Frame(lambda r, q: number(r), (Points, PointFeatures), "euclidean", out=Scalars)
    assert measure(lambda r, q: f(r, q.float()), x, "euclidean", out=Scalars).error < 1e-12


def test_the_seconds_are_those_of_one_call_of_the_function(monkeypatch):
    """By a clock that only the function moves."""
    clock = [0.0]

    def slow(p):
        clock[0] += 3
        return p.square().sum((1, 2, 3))

    monkeypatch.setattr("gaugeflow.symmetry.routes.measure.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    assert measure(slow, Image(PICTURE), "z2", out=Scalars).seconds == 3
