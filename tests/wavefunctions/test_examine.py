"""The identities of a right state hold, each wrong state is caught by the identity that it breaks."""

import math

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import (
    Particles,
    at_zero_variance,
    confined,
    examine,
    harmonic_trap,
    molecule,
    quantum_dot,
)

PAIR, POLARISED = Particles(1, 1, 2), Particles(2, 0, 2)
TRAP = harmonic_trap(PAIR, 1.0)
ZERO_VARIANCE = ("spin", "angular momentum", "parity")


def gaussian(x, width=1.0):
    """``exp(-width sum r^2 / 2)``, the state of a trap of this frequency."""
    return (-0.5 * width * x.square().sum((1, 2))).exp()


def normal(*shape, width=1.0, seed=1):
    """Configurations of the density of `gaussian`."""
    noise = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return noise / math.sqrt(2 * width)


def drawn(psi, count, width=1.0):
    """Configurations of the density psi^2, ``(count, 2, 2)``, by rejection from a wider Gaussian."""
    x = normal(400 * count // 10, 2, 2, width=0.6 * width)
    weights = (psi(x) / gaussian(x, 0.6 * width)).square()
    kept = torch.rand(len(x), generator=torch.Generator().manual_seed(2)) < weights / weights.max()
    return x[kept][:count]


def by_name(identities):
    return {identity.name: identity for identity in identities}


def failing(identities):
    return {identity.name for identity in identities if identity.fails}


def apart(x, i=0, j=1):
    return (x[:, i] - x[:, j]).norm(dim=-1)


def singlet(x):
    """Taut's state of energy 3: ``(1 + r) exp(-(r1^2 + r2^2)/2)``."""
    return (1 + apart(x)) * gaussian(x)


def triplet(x):
    """Of energy 4/3 at omega = 1/3: ``(x1 - x2) (1 + r/3) exp(-(r1^2 + r2^2)/6)``."""
    return (x[:, 0, 0] - x[:, 1, 0]) * (1 + apart(x) / 3) * gaussian(x, 1 / 3)


def hydrogen(x, z=1.0):
    return (-z * x.norm(dim=-1)).exp().prod(1)


def around_nucleus(count, z):
    """Radii of the Gamma density ``r^2 exp(-2 z r)``."""
    rng = np.random.default_rng(3)
    unit = rng.normal(size=(count, 1, 3))
    return torch.tensor(rng.gamma(3, 1 / (2 * z), (count, 1, 1)) * unit / np.linalg.norm(unit, axis=-1, keepdims=True))


EXACT = {
    "singlet dot": (singlet, quantum_dot(PAIR, 1.0), drawn(singlet, 4000), 3.0),
    "triplet dot": (
        triplet,
        quantum_dot(POLARISED, 1 / 3),
        drawn(triplet, 4000, 1 / 3),
        4 / 3,
    ),
    "trap": (gaussian, TRAP, normal(4000, 2, 2), 2.0),
    "hydrogen": (hydrogen, molecule(["H"], [[0, 0, 0]], "bohr"), around_nucleus(4000, 1.0), -0.5),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_states_pass(name):
    psi, hamiltonian, walkers, energy = EXACT[name]
    rows = by_name(examine(psi, hamiltonian, walkers))
    assert failing(rows.values()) == set()
    assert rows["energy"].value == pytest.approx(energy, abs=1e-9)
    assert rows["V-score"].value < 1e-15
    for pure in ZERO_VARIANCE:
        assert rows[pure].variance < 1e-12, pure
    assert rows["virial"].value is not None


def test_what_an_exact_state_has():
    rows = by_name(examine(*EXACT["triplet dot"][:3]))
    assert rows["spin"].expected == 2.0
    assert rows["angular momentum"].value == pytest.approx(1, abs=1e-6)
    assert rows["parity"].value == -1
    assert rows["cusp of equal spins"].value == pytest.approx(1 / 3, abs=1e-4)
    assert rows["cusp of unlike spins"].value is None
    singlet_rows = by_name(examine(*EXACT["singlet dot"][:3]))
    assert singlet_rows["cusp of unlike spins"].value == pytest.approx(1, abs=1e-4)
    assert singlet_rows["centre of mass"].expected == 0.5


def test_a_wrong_width_breaks_the_virial_and_the_centre_of_mass():
    walkers = normal(4000, 2, 2, width=1.3)
    assert failing(examine(lambda x: gaussian(x, 1.3), TRAP, walkers)) == {"virial", "centre of mass"}


def test_walkers_of_another_density_break_what_is_a_mean():
    rows = examine(gaussian, TRAP, normal(4000, 2, 2, width=1.3))
    assert failing(rows) == {"virial", "kinetic energy", "centre of mass"}


def test_a_jump_is_seen_by_the_two_estimators():
    def broken(x):
        return gaussian(x) * (1 + 0.8 * (x[:, 0, 0] > 0.3))

    walkers = drawn(broken, 20000)
    assert "kinetic energy" in failing(examine(broken, TRAP, walkers))


def test_the_two_estimators_hold_about_a_node_where_their_difference_has_no_variance():
    """x1 - x2 times a Gaussian: a node through the middle of the walkers, and walkers as near to it as they come."""

    def psi(x):
        return (x[:, 0, 0] - x[:, 1, 0]) * gaussian(x)

    trap, walkers = harmonic_trap(POLARISED, 1.0), drawn(psi, 20000)
    row = by_name(examine(psi, trap, walkers))["kinetic energy"]
    assert abs(row.deviation) < 3
    walkers[0, 0] = walkers[0, 1] + 1e-6  # the plain difference of both is 1e12 there
    assert by_name(examine(psi, trap, walkers))["kinetic energy"].error == pytest.approx(row.error, rel=0.01)


def test_a_constant_state_has_no_kinetic_energy():
    row = by_name(examine(lambda x: 0 * x.sum((1, 2)) + 1, TRAP, normal(50, 2, 2)))["kinetic energy"]
    assert row.value == 0


def test_a_mixture_of_spins_is_seen():
    def broken(x):
        return gaussian(x) * (1 + 0.3 * (x[:, 0, 0] - x[:, 1, 0]))

    row = by_name(examine(broken, TRAP, drawn(broken, 4000)))["spin"]
    # |psi> = |S = 0> + 0.3 (x1 - x2): the weight of S = 1 is 0.09 / (1 + 0.09), each with S(S+1) = 2
    assert row.fails
    assert row.value == pytest.approx(2 * 0.09 / 1.09, abs=4 * row.error)
    assert row.variance > 0.01


def test_an_orbital_off_the_centre_breaks_rotations_and_parity():
    def broken(x):
        return gaussian(x - 0.3)

    assert {"angular momentum", "parity"} <= failing(examine(broken, TRAP, normal(4000, 2, 2) + 0.3))


def test_a_missing_cusp_is_seen_and_others_are_not():
    dot, polarised = quantum_dot(PAIR, 1.0), quantum_dot(POLARISED, 1.0)
    assert "cusp of unlike spins" in failing(examine(gaussian, dot, normal(2000, 2, 2)))

    def node(x):
        return (x[:, 0, 0] - x[:, 1, 0]) * gaussian(x)

    walkers = drawn(node, 2000)
    assert "cusp of equal spins" in failing(examine(node, polarised, walkers))
    assert by_name(examine(node, polarised, walkers))["cusp of equal spins"].value == pytest.approx(0, abs=1e-6)


def test_a_wrong_charge_of_the_nucleus_is_seen():
    helium = molecule(["He"], [[0, 0, 0]], "bohr", charge=1)
    rows = by_name(examine(lambda x: hydrogen(x, 1.8), helium, around_nucleus(4000, 1.8)))
    assert rows["cusp at Z = 2"].value == pytest.approx(-1.8, abs=1e-3)
    assert rows["cusp at Z = 2"].fails
    assert rows["virial"].fails


def test_a_molecule_has_no_angular_momentum_and_a_virial_that_is_its_force():
    rows = by_name(
        examine(lambda x: hydrogen(x), molecule(["H", "H"], [[0, 0, 0], [1.4, 0, 0]], "bohr"), normal(50, 2, 3))
    )
    assert rows["virial"].expected is None
    assert rows["virial"].value is not None
    assert rows["angular momentum"].why == "expected one centre, about which the system is round"
    assert "cusp at Z = 1" in rows


def test_a_potential_of_ones_own_says_its_degree_or_has_no_virial():
    class Quartic:
        degree = 4

        def __call__(self, x):
            return x.pow(4).sum((1, 2))

    rows = by_name(examine(gaussian, confined(PAIR, lambda x: x.pow(4).sum((1, 2)), 1.0), normal(50, 2, 2)))
    assert rows["virial"].why.startswith("expected a degree of each potential: ")
    assert rows["centre of mass"].why == "expected one harmonic trap and pair interactions"
    assert by_name(examine(gaussian, confined(PAIR, Quartic(), 1.0), normal(50, 2, 2)))["virial"].value is not None


def test_errors_are_those_of_chains_whatever_their_correlation():
    fresh = normal(1, 400, 2, 2)
    once, often = (
        by_name(examine(gaussian, TRAP, walkers))["centre of mass"] for walkers in (fresh, fresh.expand(9, 400, 2, 2))
    )
    assert often.value == pytest.approx(once.value)
    assert often.error == pytest.approx(once.error)


def test_chunks_give_the_same():
    psi, hamiltonian, walkers, _ = EXACT["singlet dot"]
    whole, parts = (examine(psi, hamiltonian, walkers[:100], chunk) for chunk in (None, 7))
    assert [row.value for row in whole] == pytest.approx([row.value for row in parts], nan_ok=True)


def test_bad_input():
    with pytest.raises(
        UserError, match=r"expected walkers \(walkers, n, d\) or \(steps, walkers, n, d\), came \(4, 2\)"
    ):
        examine(gaussian, TRAP, normal(4, 2))
    with pytest.raises(UserError, match=r"expected coordinates of shape \(batch, 2, 2\)"):
        examine(gaussian, TRAP, normal(4, 3, 2))
    with pytest.raises(UserError, match=r"expected psi or \(sign, log\|psi\|\) of coordinates, came str"):
        examine(lambda x: "psi", TRAP, normal(4, 2, 2))
    with pytest.raises(UserError, match="expected 4 points of different variance or more"):
        at_zero_variance([1.0, 1.0, 1.0, 1.0], [2.0, 3.0, 4.0, 5.0])


def test_the_line_to_zero_variance():
    variances = np.linspace(0.1, 1.0, 50)
    noise = 0.01 * np.random.default_rng(4).normal(size=50)
    end, error, slope = at_zero_variance(variances, -2.0 + 0.5 * variances + noise)
    assert abs(end + 2.0) < 4 * error
    assert error == pytest.approx(0.01 * math.sqrt(1 / 50 + variances.mean() ** 2 / (50 * variances.var())), rel=0.3)
    assert slope == pytest.approx(0.5, abs=0.03)
