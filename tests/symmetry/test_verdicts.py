"""What the check says of functions that hold, that do not, and that cannot be judged."""

import functools
import math

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import (
    Angles,
    Electrons,
    Image,
    Invariants,
    Links,
    Points,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteScalars,
    SymmetryBroken,
    Verdict,
    assert_antisymmetric,
    assert_invariant,
    check,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.examples.cases import wilson_action
from gaugeflow.symmetry.reports.findings import upper_bound
from tests.symmetry.samples import energy, points, verdict


def test_a_held_symmetry_says_how_much_it_can_claim():
    report = check(energy, points(), "permutations * orthogonal", out=Scalars, trials=40)
    assert report.holds
    assert report.exit_code == 0
    finding = report.findings[0]
    assert finding.trials >= 40
    assert finding.failure_rate_bound == pytest.approx(1 - 0.05 ** (1 / finding.trials))
    assert 0 < finding.largest["float64"] < 1e-13 < finding.largest["float32"] < 1e-4
    assert upper_bound(59) < 0.05 < upper_bound(58)


def test_a_broken_symmetry_names_its_worst_case_which_can_be_drawn_again():
    def f(r):
        return energy(r) + 0.1 * r[:, 0, 0]

    report = check(f, points(), "permutations", out=Scalars, seed=5)
    assert report.verdict is Verdict.BROKEN
    assert report.exit_code == 1
    worst = report.findings[0].worst
    error = (f(worst.g(worst.x).data) - f(worst.x.data)).abs()
    scale = torch.maximum(f(worst.g(worst.x).data).abs(), f(worst.x.data).abs())
    assert float(error / scale) == pytest.approx(report.findings[0].largest["float64"], rel=1e-6)
    assert report.findings[0].smallest == {"particles": 2}
    again = check(f, points(), "permutations", out=Scalars, seed=5)
    assert again.findings[0].to_dict() == report.findings[0].to_dict()


def fails(r):
    raise RuntimeError("no such thing")


def sometimes_nan(r):
    return torch.where(r[:, 0, 0] > 0, energy(r), torch.full_like(r[:, 0, 0], math.nan))


class Sampler:
    def __init__(self):
        self.calls = 0

    def __call__(self, r):
        self.calls += 1
        return energy(r) + self.calls


JUDGED = {
    "raises": (fails, Verdict.RAISED, "RuntimeError: no such thing"),
    "always NaN": (lambda r: energy(r) * math.nan, Verdict.NOT_FINITE, "NaN"),
    "sometimes NaN": (sometimes_nan, Verdict.NOT_FINITE, "NaN"),
    "infinite": (lambda r: energy(r) / 0, Verdict.NOT_FINITE, "infinity"),
    "no batch": (lambda r: energy(r).sum(), Verdict.WRONG_SHAPE, "batch axis"),
    "wrong batch": (lambda r: energy(r)[:-1], Verdict.WRONG_SHAPE, "3 entries"),
    "None": (lambda r: None, Verdict.WRONG_TYPE, "got None"),
    "a float": (lambda r: float(energy(r).sum()), Verdict.WRONG_TYPE, "float"),
    "a string": (lambda r: "psi", Verdict.WRONG_TYPE, "str"),
    "two outputs": (lambda r: (energy(r), "x"), Verdict.WRONG_TYPE, "tuple of 2"),
    "random": (lambda r: energy(r) + torch.rand(len(r)), Verdict.RANDOM, "two calls"),
    "stateful": (Sampler(), Verdict.RANDOM, "two calls"),
    "zero": (lambda r: 0 * energy(r), Verdict.CONSTANT, "same for every input"),
    "constant": (lambda r: torch.full_like(r[:, 0, 0], 3.7), Verdict.CONSTANT, "same for every input"),
    "zero up to rounding": (lambda r: r.sum((1, 2)) - r.flip(1).sum((1, 2)), Verdict.CONSTANT, "same for every input"),
}


@pytest.mark.parametrize("name", JUDGED)
def test_what_cannot_hold_gets_the_verdict_that_says_why(name):
    f, expected, message = JUDGED[name]
    report = check(f, points(), "permutations", out=Scalars)
    assert report.verdict is expected, str(report)
    assert message in str(report)
    assert not report.holds
    assert report.exit_code == (1 if expected in (Verdict.NOT_FINITE, Verdict.CONSTANT) else 2)


def test_another_shape_on_the_transformed_input():
    def positive_ones(r):
        return r[:, : 1 + int((r[0, 0, 0] > 0) | (r[0, 1, 0] > 0))].sum(2)

    report = check(positive_ones, points(1), "permutations", out=Invariants, fresh=False)
    assert report.verdict is Verdict.WRONG_SHAPE


def test_an_example_that_the_group_does_not_move_is_no_evidence():
    assert verdict(energy, points(n=1)) is Verdict.VACUOUS
    single = Links(haar((2, 2, 1, 1), 2, torch.Generator().manual_seed(0)))
    assert verdict(wilson_action, single, "translations") is Verdict.VACUOUS
    assert verdict(energy, Electrons(points(n=2).data, n_up=1), "spin-permutations") is Verdict.VACUOUS


def test_trials_with_the_identity_are_not_counted():
    finding = check(energy, points(n=2), "permutations", out=Scalars, trials=60).findings[0]
    assert 15 < finding.trials < 45


def test_a_ground_state_of_zeros_does_not_divide_by_zero():
    cold = Image(torch.zeros(2, 1, 4, 4))
    assert verdict(lambda t: t.square().sum((1, 2, 3)), cold, "translations") is Verdict.HOLDS
    assert verdict(lambda t: t[:, 0, 0, 0], cold, "translations") is Verdict.BROKEN


def test_the_input_may_be_changed_in_place():
    def f(r):
        return r.mul_(2).square().sum((1, 2))

    report = check(f, points(), "permutations", out=Scalars)
    assert report.holds
    assert "changes its input in place" in str(report)
    broken = check(lambda r: r.mul_(2)[:, 0, 0], points(), "permutations", out=Scalars)
    assert broken.verdict is Verdict.BROKEN


def test_inputs_need_not_be_contiguous():
    data = points().data.transpose(1, 2).contiguous().transpose(1, 2)
    assert not data.is_contiguous()
    assert verdict(lambda r: r.view(len(r), -1).square().sum(1), Points(data)) is Verdict.HOLDS


class Normalised(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.first = nn.Linear(3, 4)
        self.dropout = nn.Dropout(dropout)

    def forward(self, r):
        h = self.dropout(torch.tanh(self.first(r)))
        return self.norm(h.sum(1)).square().sum(1)


def test_batch_norm_in_training_is_checked_as_it_is_and_left_as_it_was():
    torch.manual_seed(0)
    model = Normalised()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    report = check(model, points(), "permutations", out=Scalars)
    assert report.holds
    assert "other entries of the batch" in str(report)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(p.dtype is torch.float32 and p.requires_grad for p in model.parameters())
    quiet = check(model.eval(), points(), "permutations", out=Scalars)
    assert quiet.holds
    assert "other entries" not in str(quiet)


def test_batch_norm_over_particles_of_a_broken_model_is_broken():
    torch.manual_seed(0)
    model = Normalised()
    assert verdict(lambda r: model(r * torch.linspace(1, 2, 5, dtype=r.dtype)[:, None])) is Verdict.BROKEN


def test_dropout_in_training_is_random_and_in_evaluation_is_not():
    torch.manual_seed(0)
    model = Normalised(dropout=0.5)
    assert verdict(model) is Verdict.RANDOM
    assert verdict(model.eval()) is Verdict.HOLDS


def test_a_rare_random_number_is_not_taken_for_a_broken_symmetry():
    calls = iter(range(10_000))

    def f(r):
        return energy(r) * (1.0 + 0.1 * (next(calls) % 7 == 6))

    assert verdict(f, trials=64) is Verdict.RANDOM


def test_integer_and_boolean_outputs():
    assert verdict(lambda r: (r.norm(dim=2) > 1.5).sum(1)) is Verdict.HOLDS
    assert verdict(lambda r: energy(r) > 8) is Verdict.HOLDS
    assert verdict(lambda r: (r[:, 0, 0] > 0).long()) is Verdict.BROKEN
    assert verdict(lambda r: r[:, 0, 0] > 0) is Verdict.BROKEN


def test_a_break_for_few_group_elements_is_seen_with_enough_trials():
    def f(r):
        sorted_already = (r[:, :-1, 0] < r[:, 1:, 0]).all(1)
        return energy(r) + sorted_already

    assert verdict(f, points(4, 3), trials=64) is Verdict.BROKEN


def test_entries_that_see_one_another():
    def uses_first(r):
        return energy(r) + r[:1, 0, 0]

    report = check(uses_first, points(), "permutations", out=Scalars)
    assert report.verdict is Verdict.BROKEN

    def mean_free(r):
        return energy(r) - energy(r).mean()

    assert "other entries" in str(check(mean_free, points(), "permutations", out=Scalars))


def test_a_function_of_one_example():
    def f(r):
        assert r.ndim == 2
        return r.square().sum()

    assert verdict(f, batched=False) is Verdict.HOLDS
    assert verdict(lambda r: r[0, 0], batched=False) is Verdict.BROKEN
    assert verdict(lambda r: float(r.square().sum()), batched=False, constant_ok=True) is Verdict.HOLDS


def test_random_inputs_outside_the_domain_are_left_out():
    radii = Points(0.05 * points().data)

    def f(r):
        return (1 - r.square().sum((1, 2))).log()

    report = check(f, Points(radii.data), "permutations * orthogonal", out=Scalars, fresh=False)
    assert report.holds
    outside = check(lambda r: (0.06 - r.square().sum((1, 2))).log(), radii, "permutations", out=Scalars)
    assert outside.holds
    assert "random inputs were left out" in str(outside)


def test_nested_inputs_and_outputs():
    x = {"r": points(), "phi": (points(seed=1), Scalars(torch.ones(3, dtype=torch.float64)))}

    def f(r, phi):
        other, number = phi
        return {"energy": energy(r) * number, "pair": (other * 2, (number, number))}

    out = {"energy": Scalars, "pair": (Points, (Invariants, "scalars"))}
    assert verdict(f, x, "permutations", out) is Verdict.HOLDS
    assert verdict(lambda r, phi: {"energy": energy(r)}, x, "permutations", out) is Verdict.WRONG_TYPE
    assert verdict(lambda r, phi: f(r, phi) | {"energy": r[:, 0, 0]}, x, "permutations", out) is Verdict.BROKEN


def test_angles_are_compared_on_the_circle():
    theta = Links(haar((3, 2, 4, 4), 1, torch.Generator().manual_seed(0), abelian=True))

    def winding(t):
        return torch.remainder(t[:, 0, :, 0], 2 * math.pi).sum(1)

    assert verdict(winding, theta, "gauge", Angles) is Verdict.HOLDS
    assert verdict(winding, theta, "gauge", Scalars) is Verdict.BROKEN
    assert verdict(lambda t: t + 1, theta, "gauge", Links) is Verdict.HOLDS


def test_wavefunctions_whose_exponential_overflows():
    def psi(r):
        sign, log = torch.linalg.slogdet(torch.sin(r[:, :3]))
        return sign, log + 5000

    x = points(n=3)
    assert_antisymmetric(psi, x, out=SignedLog)
    with pytest.raises(SymmetryBroken, match="broken"):
        assert_antisymmetric(lambda r: (psi(r)[0].abs(), psi(r)[1]), x, out=SignedLog)


def test_a_wavefunction_at_a_node():
    def zero(r):
        return torch.zeros(len(r), dtype=r.dtype), torch.full((len(r),), -math.inf, dtype=r.dtype)

    assert verdict(zero, points(), "fermions", SignedLog) is Verdict.CONSTANT


def test_tiny_lattices():
    for shape in ((1, 2), (2, 1), (2, 2)):
        u = Links(haar((3, 2, *shape), 2, torch.Generator().manual_seed(0)))
        assert verdict(wilson_action, u, "gauge * translations * charge") is Verdict.HOLDS
        assert verdict(lambda u: u[:, 0, 0, 0, 0, 1].real, u, "gauge") is Verdict.BROKEN


def test_modules_are_found_wherever_a_function_keeps_them():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()

    class Holder:
        def __init__(self):
            self.net = net

        def energy(self, r):
            return self.net(r).sum((1, 2))

        def __call__(self, r):
            return self.energy(r)

    def with_argument(r, net):
        return net(r).sum((1, 2))

    ways = [Holder().energy, Holder(), lambda r: net(r).sum((1, 2)), functools.partial(with_argument, net=net)]
    for f in ways:
        report = check(f, points(), "permutations", out=Scalars)
        assert report.holds
        assert set(report.findings[0].largest) == {"float64", "float32"}
    assert all(p.dtype is torch.float64 for p in net.parameters())


def test_a_function_that_differentiates_inside():
    def force(r):
        r = r.requires_grad_(True)
        return torch.autograd.grad(energy(r).sum(), r)[0]

    assert verdict(force, points(), "permutations * orthogonal", lambda t: Points(t)) is Verdict.HOLDS
    assert verdict(lambda r: force(r).abs(), points(), "orthogonal", Points) is Verdict.BROKEN


def test_malformed_examples_and_groups_are_user_errors():
    with pytest.raises(ValueError, match=r"expected shape \(batch, n, d\)"):
        Points(torch.zeros(3))
    with pytest.raises(ValueError, match="as many extents as directions"):
        Links(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match="one batch size"):
        check(energy, (points(2), points(3)), "permutations", out=Scalars)
    with pytest.raises(TypeError, match="wrap tensors in one of"):
        check(energy, points().data, "permutations", out=Scalars)
    with pytest.raises(ValueError, match="at least one trial"):
        check(energy, points(), "permutations", out=Scalars, trials=0)
    with pytest.raises(ValueError, match="value types"):
        check(energy, points(), "permutations", out="scalar")


def test_an_output_type_without_an_action_is_a_user_error():
    with pytest.raises(ValueError, match="no action on image: a lattice has no rotations by any angle"):
        check(lambda r: r[:, None], points(), "rotations", out=Image)


def test_the_assertion_carries_the_report():
    with pytest.raises(SymmetryBroken, match="still broken at particles = 2"):
        assert_invariant(lambda r: r[:, 0, 0], points(), "permutations")


def test_site_scalars_under_the_gauge_group_are_invariant():
    theta = Links(haar((3, 2, 4, 4), 1, torch.Generator().manual_seed(0), abelian=True))

    def plaquettes(t):
        return (t[:, 0] + t[:, 1].roll(-1, 1) - t[:, 0].roll(-1, 2) - t[:, 1]).cos()

    channels_free = functools.partial(SiteScalars, channels=0)
    assert verdict(plaquettes, theta, "gauge * translations", channels_free) is Verdict.HOLDS
    assert verdict(lambda t: t[:, 0].cos(), theta, "gauge", channels_free) is Verdict.BROKEN


def test_a_factor_of_a_product_that_moves_nothing_is_named():
    report = check(energy, Electrons(points(n=2).data, n_up=1), "orthogonal * spin-permutations", out=Scalars)
    assert report.verdict is Verdict.VACUOUS
    assert "permutations within species" in str(report)


def test_an_output_on_which_the_group_cannot_act():
    u = Links(haar((2, 2, 4, 4), 2, torch.Generator().manual_seed(0)))
    assert verdict(lambda u: u[:, :1, :3, :3], u, "gauge", SiteMatrices) is Verdict.WRONG_SHAPE
    assert verdict(lambda u: u[:, :1, :1, :1], u, "gauge", SiteMatrices) is Verdict.WRONG_SHAPE


def test_integer_fields():
    spins = SiteScalars(2 * torch.randint(2, (1, 1, 4, 4), generator=torch.Generator().manual_seed(0)) - 1)

    def ising(s):
        return (s * s.roll(1, 2) + s * s.roll(1, 3)).sum((1, 2, 3))

    assert verdict(ising, spins, "translations * z2") is Verdict.HOLDS
    assert verdict(lambda s: ising(s) + s[:, 0, 0, 0], spins, "translations") is Verdict.BROKEN
