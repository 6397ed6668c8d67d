"""Groups of matrices: what they keep, how their indices turn, what they generate, and what is refused."""

import math

import pytest
import torch

from gaugeflow.symmetry import (
    CartesianTensors,
    InfiniteGroup,
    Links,
    MatrixGroup,
    NoAction,
    Points,
    Scalars,
    Verdict,
    check,
    preserving,
    special_linear,
)
from gaugeflow.symmetry.actions.haar import haar
from tests.symmetry.samples import normal

METRIC = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0])).double()
PAIRING = torch.tensor([[0.0, 1.0], [-1.0, 0.0]]).kron(torch.eye(2)).double()
PAULI = torch.tensor([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=torch.complex128)
LORENTZ = MatrixGroup(preserving(METRIC), discrete=[METRIC], name="SO(1,3) with parity")
GROUPS = {
    "SO(1,3)": LORENTZ,
    "Sp(4, R)": MatrixGroup(preserving(PAIRING)),
    "SL(3, R)": MatrixGroup(special_linear(3)),
    "SO(3)": MatrixGroup(preserving(torch.eye(3)), reach=0.5),
    "SL(2, C)": MatrixGroup(torch.cat([PAULI, 1j * PAULI])),
}


def drawn(group, d, size=200, seed=0, dtype=torch.float64):
    x = CartesianTensors(torch.zeros(1, d, dtype=dtype))
    return group.draw(x, size, torch.Generator().manual_seed(seed))


def complex_or_real(group):
    return group.generators().dtype


@pytest.mark.parametrize(("form", "size"), [(METRIC, 6), (torch.eye(5), 10), (PAIRING, 10), (torch.eye(2), 1)])
def test_as_many_generators_keep_a_form_as_the_group_has_dimensions(form, size):
    x = preserving(form)
    assert torch.linalg.matrix_rank(x.flatten(1)) == len(x) == size
    assert (x.mT @ form.double() + form.double() @ x).abs().max() == 0


@pytest.mark.parametrize("name", GROUPS)
def test_elements_have_determinant_one_known_inverses_and_moderate_size(name):
    group = GROUPS[name]
    g = drawn(group, group.basis.shape[-1])
    d = group.basis.shape[-1]
    assert torch.allclose(torch.linalg.det(g["matrix"]).abs(), torch.ones(200).double(), rtol=0, atol=1e-12)
    assert (g["matrix"] @ g["inverse"] - torch.eye(d)).abs().max() < 1e-12
    assert torch.linalg.matrix_norm(g["matrix"], 2).max() < math.exp(2 * group.reach) * (1 + 1e-12)
    product = group.compose(g, drawn(group, d, seed=1))
    assert (product["matrix"] @ group.inverse(product)["matrix"] - torch.eye(d)).abs().max() < 1e-11


def test_forms_are_kept_and_boosts_are_drawn():
    boost = drawn(LORENTZ, 4)["matrix"]
    assert (boost.mT @ METRIC @ boost - METRIC).abs().max() < 1e-11
    assert boost[:, 0, 0].min() >= 1
    assert boost[:, 0, 0].max() > 1.5
    signs = torch.linalg.det(boost).sign()
    assert 60 < int((signs < 0).sum()) < 140
    symplectic = drawn(GROUPS["Sp(4, R)"], 4)["matrix"]
    assert (symplectic.mT @ PAIRING @ symplectic - PAIRING).abs().max() < 1e-11


def test_rotations_turn_by_all_angles_and_have_mean_zero():
    rotation = drawn(GROUPS["SO(3)"], 3, size=2000)["matrix"]
    assert (rotation @ rotation.mT - torch.eye(3)).abs().max() < 1e-13
    assert rotation.mean(0).abs().max() < 0.1
    angle = torch.arccos((torch.diagonal(rotation, dim1=1, dim2=2).sum(1) - 1) / 2)
    assert angle.min() < 0.3
    assert angle.max() > 3


@pytest.mark.parametrize("name", GROUPS)
def test_upper_and_lower_indices_make_invariants_and_the_action_is_a_homomorphism(name):
    group = GROUPS[name]
    d, dtype = group.basis.shape[-1], complex_or_real(group)
    v, w = (normal(4, d, d, seed=seed).to(dtype) for seed in (1, 2))
    x = (CartesianTensors(v[:, 0]), CartesianTensors(w, rank=2, down=1), CartesianTensors(v[:, 1], down=1))

    def contracted(v, t, p):
        return torch.einsum("bi,bij,bj->b", p, t, v)

    assert check(contracted, x, group, out=Scalars).holds
    assert check(contracted, (x[2], x[1], x[0]), group, out=Scalars).verdict is (
        Verdict.HOLDS if name == "SO(3)" else Verdict.BROKEN
    )
    g, h = (group.element(x, 4, torch.Generator().manual_seed(seed)) for seed in (3, 4))
    for leaf in x:
        assert ((g @ h)(leaf).data - g(h(leaf)).data).abs().max() < 1e-10
        assert (g.inverse()(g(leaf)).data - leaf.data).abs().max() < 1e-10
    assert len((g @ h).factors) == 1


def test_a_lorentz_network_of_particles_and_two_mistakes():
    def sent(p, metric=METRIC, skew=0.0):
        product = torch.einsum("bim,mn,bjn->bij", p, metric.to(p), p)
        return torch.einsum("bij,bjm->bim", torch.tanh(product), p) + skew * p.abs()

    x = Points(normal(4, 5, 4))
    assert check(sent, x, LORENTZ * MatrixGroup(discrete=[-torch.eye(4)]), out=Points).holds
    assert check(lambda p: sent(p, METRIC.abs()), x, LORENTZ, out=Points).verdict is Verdict.BROKEN
    assert check(lambda p: sent(p, skew=1e-6), x, LORENTZ, out=Points).verdict is Verdict.BROKEN


def test_the_volume_of_four_momenta_is_odd_under_parity():
    x = Points(normal(4, 4, 4))
    assert check(torch.linalg.det, x, LORENTZ, out=lambda t: Scalars(t, odd=("parity",))).holds
    assert check(torch.linalg.det, x, LORENTZ, out=Scalars).verdict is Verdict.BROKEN
    assert check(torch.linalg.det, x, MatrixGroup(preserving(METRIC)), out=Scalars).holds


def turn(angle):
    return torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("matrices", "order"),
    [
        ([turn(math.pi / 2), torch.diag(torch.tensor([1.0, -1.0]))], 8),
        ([turn(2 * math.pi / 7)], 7),
        ([torch.eye(4)[[1, 2, 3, 0]], torch.eye(4)[[1, 0, 2, 3]]], 24),
        ([1j * PAULI[0], 1j * PAULI[2]], 8),
    ],
    ids=["D4", "C7", "S4", "quaternions"],
)
def test_a_finite_group_has_its_order_and_lists_its_elements(matrices, order):
    group = MatrixGroup(discrete=matrices)
    d, dtype = len(matrices[0]), complex_or_real(group)
    x = CartesianTensors(normal(3, d).to(dtype))
    every = group.elements(x)
    assert group.order(x) == len(every) == order
    table = (every.factors[0][1]["matrix"][:, None] @ every.factors[0][1]["matrix"]).flatten(0, 1)
    apart = (table[:, None] - every.factors[0][1]["matrix"]).abs().amax((2, 3))
    assert ((apart < 1e-9).sum(1) == 1).all()
    seen = drawn(group, d, size=400, dtype=dtype)["matrix"]
    apart = (seen[:, None] - every.factors[0][1]["matrix"]).abs().amax((2, 3))
    assert ((apart < 1e-9).sum(0) > 0).all()


def test_a_worst_case_of_a_matrix_group_is_saved_and_run_again(tmp_path):
    from gaugeflow.symmetry import Case, replay

    def f(p):
        return p.square().sum(1)

    check(f, CartesianTensors(normal(4, 4)), LORENTZ, out=Scalars).save(tmp_path / "case.pt")
    assert replay(f, Case.load(tmp_path / "case.pt"), out=Scalars).verdict is Verdict.BROKEN


def test_what_is_no_group_and_what_it_cannot_act_on_is_refused():
    with pytest.raises(ValueError, match=r"all of one size, got \(2, 2\), \(3, 3\)"):
        MatrixGroup(torch.zeros(1, 2, 2), discrete=[torch.eye(3)])
    with pytest.raises(ValueError, match="all of one size, got none"):
        MatrixGroup()
    with pytest.raises(ValueError, match="generate at most 1024 elements, got more"):
        MatrixGroup(discrete=[turn(1.0)])
    with pytest.raises(ValueError, match="that have an inverse, got one of determinant zero"):
        MatrixGroup(discrete=[torch.ones(2, 2)])
    with pytest.raises(ValueError, match="expected a reach above 0, got 0"):
        MatrixGroup(special_linear(2), reach=0)
    with pytest.raises(ValueError, match=r"SO\(1,3\) with parity acts on vectors of 4 components, got some of 3"):
        check(lambda r: r, Points(normal(2, 3, 3)), LORENTZ, out=Points)
    with pytest.raises(ValueError, match="acts on vectors of 4 components, got scalars"):
        check(lambda s: s, Scalars(normal(2)), LORENTZ, out=Scalars)
    with pytest.raises(ValueError, match="expected complex numbers for a group of complex matrices"):
        check(lambda v: v, CartesianTensors(normal(2, 2)), GROUPS["SL(2, C)"], out=CartesianTensors)
    with pytest.raises(InfiniteGroup, match=r"SO\(1,3\) with parity is infinite"):
        LORENTZ.elements(CartesianTensors(normal(1, 4)))
    links = Links(haar((1, 2, 2, 2), 2, torch.Generator().manual_seed(0)))
    with pytest.raises(NoAction, match="a lattice has no continuous motions"):
        LORENTZ.element((CartesianTensors(normal(1, 4)), links), 1, torch.Generator())((links,))
    with pytest.raises(ValueError, match="0 <= down <= rank = 1, got 2"):
        CartesianTensors(normal(2, 4), down=2)
    with pytest.raises(ValueError, match="symmetric or antisymmetric form"):
        preserving(torch.ones(2, 3))
    with pytest.raises(ValueError, match="expected a form that has an inverse"):
        preserving(torch.zeros(2, 2))
    with pytest.raises(ValueError, match="two dimensions or more, got 1"):
        special_linear(1)
