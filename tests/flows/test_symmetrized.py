"""Densities averaged over symmetries: exact for any operations, symmetric under whole groups of them, never worse."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, GaussianBase, Symmetrized, Weights, choose_operations
from gaugeflow.flows.symmetrized import distance_won
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.symmetry import Links, Scalars, SiteScalars, Translations, check, group_named
from tests.registry.coupling_flows import without_symmetry
from tests.registry.line import links
from tests.tasks.flow.models import Harmonic, Shift

TARGET = Harmonic(0.9)
MEANS = [0.9, -0.4, 0.1]


def ring(*shifts: int) -> tuple[Symmetrized, torch.Tensor]:
    """Normal numbers about `MEANS` on a ring, averaged over these shifts; and the means of all parts, `(|E|, 3)`."""
    x = SiteScalars(torch.zeros(1, 3, dtype=torch.float64), channels=0)
    elements = Translations().elements(x).take(torch.tensor(shifts))
    flow = GaugeFlow(GaussianBase((3,)), [Shift(MEANS, torch.float64)], TARGET)
    return Symmetrized(flow, elements, x), torch.stack(
        [torch.tensor(MEANS, dtype=torch.float64).roll(-shift) for shift in shifts]
    )


@torch.no_grad()
def test_the_density_is_that_of_the_samples(generator):
    """A mixture of normal distributions, of operations that are no group: means of its samples, and log Z."""
    averaged, centres = ring(0, 1)
    flow = GaugeFlow(averaged, [], TARGET)
    x, log_q = flow.sample(4000, generator)
    squares = (x[:, None] - centres).square().sum(-1)
    expected = (-squares / 2).logsumexp(1) - math.log(2) - 1.5 * math.log(2 * math.pi)
    torch.testing.assert_close(log_q, expected)
    torch.testing.assert_close(flow.log_prob(x), expected)
    deviation = float(x.std(0).max()) / len(x) ** 0.5
    assert bool(((x.mean(0) - centres.mean(0)).abs() < 4 * deviation).all())
    assert bool(((centres.mean(0) - centres.mean(0).flip(0)).abs() > 8 * deviation).any())  # the test can fail
    log_z = Weights(flow.log_weight(x, log_q).numpy()).log_z()
    assert abs(log_z.value - 1.5 * math.log(2 * math.pi * TARGET.sigma**2)) < 4 * log_z.error


@torch.no_grad()
def test_what_is_won_is_the_difference_of_the_distances(generator):
    averaged, _ = ring(0, 1, 2)
    x, log_q = averaged(4000, generator)
    won = distance_won(averaged.orbit(x))
    assert bool((won >= 0).all())
    y, log_q_alone = averaged.flow.sample(4000, generator)
    before, after = (estimate((-TARGET(field) - log).numpy()) for field, log in ((y, log_q_alone), (x, log_q)))
    found = estimate(won.numpy())
    assert found.value > 10 * found.error
    assert abs(after.value - before.value - found.value) < 4 * math.hypot(before.error, after.error, found.error)
    ess, alone = (Weights((-TARGET(f) - log).numpy()).ess() for f, log in ((x, log_q), (y, log_q_alone)))
    assert ess.value > alone.value + 4 * alone.error


def images(elements, x: Links) -> torch.Tensor:
    """g x for every g, `(|E|, numbers)`, in the order of these numbers."""
    moved = elements(x.map(lambda t: t[:1].expand(len(elements), *t.shape[1:]))).data
    flat = (torch.view_as_real(moved) if moved.is_complex() else moved).flatten(1)
    return torch.stack(sorted(flat.unbind(), key=lambda row: row.tolist()))


@pytest.mark.parametrize(
    ("group", "count", "order", "whole"),
    [
        ("hypercubic * charge * translations", 64, 256, "hypercubic * charge"),
        ("hypercubic * charge * translations", 8, 256, "hypercubic"),
        ("hypercubic * charge * translations", 5, 256, ""),
        ("translations * hypercubic", 32, 128, "translations"),
        ("charge * translations", None, 32, "charge * translations"),
        ("charge * translations", 100, 32, "charge * translations"),
        ("charge", 1, 2, ""),
    ],
)
def test_operations_are_cosets_of_what_is_whole(group, count, order, whole):
    """On the right: after any element h of it, E is the same set. Every operation is there once."""
    x = links("u1", (4, 4))
    chosen = choose_operations(group, x, count)
    assert (chosen.order, " * ".join(chosen.whole)) == (order, whole)
    assert len(chosen.elements) == (order if count is None else min(count, order))
    moved = images(chosen.elements, x)
    assert len(torch.unique(moved, dim=0)) == len(chosen.elements)
    for factor in chosen.whole:
        h = group_named(factor).element(x, len(x.data), torch.Generator().manual_seed(3))
        torch.testing.assert_close(images(chosen.elements, h(x)), images(chosen.elements, x), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("count", "box"), [(2, (2, 1)), (4, (2, 2)), (8, (4, 2)), (12, (4, 4)), (16, (4, 4)), (32, (6, 4))]
)
def test_translations_fill_a_box(count, box):
    """Which doubles along one axis after the other, as far as the lattice goes."""
    chosen = choose_operations("translations", links("u1", (6, 4)), count)
    shifts = [tuple(shift) for shift in chosen.elements.factors[0][1]["shift"].tolist()]
    assert shifts[0] == (0, 0)
    assert len(set(shifts)) == min(count, 24)
    assert all(a < b for shift in shifts for a, b in zip(shift, box, strict=True))


@pytest.mark.parametrize(
    ("group", "value", "count", "message"),
    [
        ("gauge", links("u1"), None, "expected a finite group where all elements are needed: gauge is infinite"),
        ("hypercubic * charge", links("u1"), 12, "that 8 divides, the order of hypercubic, came 12"),
        ("cyclic", links("su2"), None, "cyclic"),
        ("nobody", links("u1"), None, "expected one of the groups"),
    ],
)
def test_groups_that_do_not_serve(group, value, count, message):
    with pytest.raises(UserError, match=message):
        choose_operations(group, value, count)


def test_the_density_is_symmetric_and_one_element_less_is_seen():
    x = links("u1", (4, 4))
    flow, chosen = without_symmetry("u1"), choose_operations("hypercubic * translations", x, 16)
    whole = Symmetrized(flow, chosen.elements, x)
    assert check(whole.log_prob, x, "gauge * hypercubic", out=Scalars, trials=3).holds
    assert not check(whole.log_prob, x, "translations", out=Scalars, trials=3).holds  # two places of sixteen
    less = Symmetrized(flow, chosen.elements.take(slice(1, None)), x)
    assert not check(less.log_prob, x, "hypercubic", out=Scalars, trials=3).holds


def test_dtype_and_device_are_those_of_the_fields(dtype, device, generator):
    x = links("su2", (4, 4)).map(lambda t: t.to(device, torch.complex64 if dtype == torch.float32 else t.dtype))
    flow = without_symmetry("su2").to(device, dtype)
    averaged = Symmetrized(flow, choose_operations("charge * translations", x, 4).elements, x).to(device, dtype)
    fields, log_q = GaugeFlow(averaged, []).sample(3, generator)
    assert (fields.dtype, log_q.dtype) == (x.data.dtype, dtype)
    torch.testing.assert_close(averaged.log_prob(fields), log_q)
