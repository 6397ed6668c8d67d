"""Signs of second quantization, against matrices of the modes, and what may be called a Hamiltonian."""

import itertools

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions, from_lists, rows_of, to_lists
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators, adjoined, density, hop, parse, spelled
from tests.wavefunctions.cases import seeded

SITES = 3


def annihilator(mode: int, modes: int) -> np.ndarray:
    """c of a mode as a matrix on all 2^modes states, by P. Jordan and E. Wigner: the first mode is the slowest axis."""
    lower, z, one = np.array([[0, 1], [0, 0]]), np.diag([1, -1]), np.eye(2)
    matrix = np.eye(1)
    for k in range(modes):
        matrix = np.kron(matrix, lower if k == mode else z if k < mode else one)
    return matrix


def matrix_of(factors: tuple[Factor, ...]) -> np.ndarray:
    product = np.eye(4**SITES)
    for f in factors:
        c = annihilator(f.spin * SITES + f.site, 2 * SITES)
        product = product @ (c.T if f.creates else c)
    return product


ALL = torch.tensor(list(itertools.product((0.0, 1.0), repeat=2 * SITES)), dtype=torch.float64).unflatten(1, (2, SITES))


def as_matrix(operators: Operators) -> np.ndarray:
    """By `connected`, on all states in the same order."""
    found = operators.connected(ALL)
    matrix = np.diag(found.diagonal.numpy())
    index = (found.y.flatten(1) @ 2.0 ** torch.arange(2 * SITES - 1, -1, -1).double()).long()
    np.add.at(matrix, (index.numpy(), found.walkers.numpy()), found.elements.numpy())
    return matrix


def random_product(generator: torch.Generator, length: int) -> tuple[Factor, ...]:
    draws = torch.randint(2**30, (length, 3), generator=generator)
    return tuple(Factor(bool(a % 2), int(b % 2), int(c % SITES)) for a, b, c in draws.tolist())


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 6])
def test_any_product_is_that_of_the_matrices(length: int) -> None:
    generator = seeded(length)
    for _ in range(12):
        factors = random_product(generator, length)
        assert np.array_equal(as_matrix(Operators([(1.5, factors)], SITES)), 1.5 * matrix_of(factors)), spelled(factors)


def test_products_in_another_order_are_the_same() -> None:
    """Normal order and addition: c_i c+_i + c+_i c_i = 1."""
    one = Operators([(1.0, parse("1u 1u^")), (1.0, parse("1u^ 1u"))], SITES)
    assert one.products == {(): 1.0}
    assert spelled(adjoined(parse("0u^ 2d"))) == "2d^ 0u"
    assert hop(0, 2, 0) == parse("0u^ 2u")


@pytest.mark.parametrize(
    ("products", "part"),
    [
        ([(1.0, "0u^ 1u")], "hermitian"),
        ([(1.0j, "0u^ 1u"), (1.0j, "1u^ 0u")], "hermitian"),
        ([(1.0, "0u^ 1d"), (1.0, "1d^ 0u")], "changes that of spin up by"),
        ([(1.0, "0u^ 1u^"), (1.0, "1u 0u")], r"by \+2"),
        ([(1.0, "0u^ 7u")], "sites from 0 to 2, came 7"),
        ([(1.0, "0x^ 1u")], "'0x"),
        ([(1.0, "")], "product such as"),
    ],
)
def test_what_is_no_hamiltonian_is_refused(products: list[tuple[complex, str]], part: str) -> None:
    with pytest.raises(UserError, match=part):
        Operators([(value, parse(text)) for value, text in products], SITES).require_physical()


def test_a_hermitian_sum_with_phases_is_taken() -> None:
    Operators([(1.0j, parse("0u^ 1u")), (-1.0j, parse("1u^ 0u"))], SITES).require_physical()


def test_lists_and_occupations() -> None:
    particles = SiteFermions(2, 1, 1, 4)
    x = particles.every()
    assert len(x) == particles.states == 24
    back, sign = from_lists(to_lists(x, particles), particles)
    assert torch.equal(back, x)
    assert bool((sign == 1).all())
    turned, sign = from_lists(to_lists(x, particles)[:, [1, 0, 2]], particles)
    assert torch.equal(turned, x)
    assert bool((sign == -1).all())
    up, down = rows_of(x, particles.counts)
    assert torch.equal(up.sum(1), x[:, 0])
    assert torch.equal(down.sum(1), x[:, 1])


def test_a_list_is_the_product_of_its_creation_operators() -> None:
    """``c+_a c+_b |0>`` by the operators themselves."""
    particles = SiteFermions(3, 0, 1, SITES)
    empty = torch.zeros(1, 2, SITES, dtype=torch.float64)
    for order in itertools.permutations(range(SITES)):
        made = Operators([(1.0, tuple(Factor(True, 0, site) for site in order))], SITES).connected(empty)
        x, sign = from_lists(torch.tensor([order]), particles)
        assert torch.equal(made.y, x)
        assert torch.equal(made.elements, sign)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: SiteFermions(5, 0, 1, 4), "at most 4 particles of each spin"),
        (lambda: SiteFermions(3, 2, 1, 4, exclusive=True), "none of them twice"),
        (lambda: from_lists(torch.tensor([[0, 0]]), SiteFermions(2, 0, 1, 4)), "two particles of one spin"),
        (lambda: from_lists(torch.tensor([[0, 4]]), SiteFermions(2, 0, 1, 4)), "0 to 3, came 0 to 4"),
        (lambda: from_lists(torch.tensor([[0]]), SiteFermions(2, 0, 1, 4)), r"\(batch, 2\)"),
        (lambda: SiteFermions(1, 1, 1, 4).check(torch.zeros(2, 2, 5)), r"\(batch, 2, 4\)"),
    ],
)
def test_bad_configurations_are_named(make, part: str) -> None:
    with pytest.raises(UserError, match=part):
        make()


def test_drawn_configurations_hold_their_particles() -> None:
    for particles in (SiteFermions(2, 3, 1, 5), SiteFermions(2, 3, 1, 5, exclusive=True)):
        x = particles.draw(200, seeded())
        assert bool((x.sum(-1) == torch.tensor([2.0, 3.0])).all())
        assert bool(particles.allowed(x).all())
        assert len(torch.unique(x, dim=0)) > 0.5 * min(particles.states, 200)


def test_density_counts() -> None:
    number = Operators([(1.0, density(2, 1))], SITES)
    assert torch.equal(number.connected(ALL).diagonal, ALL[:, 1, 2])
