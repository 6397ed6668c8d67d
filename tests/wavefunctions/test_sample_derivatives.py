"""Products with the derivatives of each sample, without their matrix, are those of the matrix."""

import math

import pytest
import torch
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import LogPsi, NaturalGradient, Particles, Wavefunction
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.optimizers import sample_derivatives
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives, trained
from gaugeflow.wavefunctions.optimizers.natural_gradient import natural_direction
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Layer, Rows
from tests.wavefunctions.cases import ANSATZ, BACKBONES, network, seeded

CASES = [(system, ansatz, "ferminet") for ansatz in ANSATZ for system in ("dot 2 + 1", "dot 3 + 0")]
CASES += [("LiH", "determinants", backbone) for backbone in BACKBONES]


def walkers(psi, batch=6, dtype=torch.float64):
    particles = psi.particles
    return torch.randn(batch, particles.n, particles.dimension, generator=seeded(), dtype=torch.float64).to(dtype)


def normal(size, seed):
    return torch.randn(size, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize(("system", "ansatz", "backbone"), CASES)
def test_products_are_those_of_the_matrix(system, ansatz, backbone, monkeypatch):
    """With all layers by their places, whatever that costs, and with all by their rows."""
    _, psi = network(system, ansatz, backbone)
    x = walkers(psi)
    matrix = log_derivatives(psi, x)
    m, z = normal(matrix.shape[1], 1), normal(len(x), 2)
    for cost, chunk_size in ((-math.inf, 4), (math.inf, None)):
        monkeypatch.setattr(sample_derivatives, "ENTRY_COST", cost)
        found = recorded_derivatives(psi, x, chunk_size)
        assert any(isinstance(part, Layer) for part in found.parts) == (cost < 0)
        assert found.size == matrix.shape[1]
        for product, wanted in (
            (found.gram(found), matrix @ matrix.mT),
            (found.times(m), matrix @ m),
            (found.transposed(z), z @ matrix),
        ):
            torch.testing.assert_close(product, wanted, rtol=1e-9, atol=1e-11 * float(wanted.abs().max()))
        check_recorded(psi, x, found)


@pytest.mark.parametrize("block", [1, 10, 1000])
def test_a_layer_by_its_places_is_a_layer_by_its_rows(block, monkeypatch):
    """Within one set of samples, where each pair of samples is taken once, and between two, in blocks of any size."""
    monkeypatch.setattr(sample_derivatives, "BLOCK", block)
    layer = Layer(torch.randn(5, 3, 4, generator=seeded()).double(), torch.randn(5, 3, 2, generator=seeded(1)).double())
    other = Layer(layer.inputs[:2].clone(), layer.slopes[:2].clone())
    rows = layer.rows().rows
    torch.testing.assert_close(layer.gram(layer), rows @ rows.mT)
    torch.testing.assert_close(layer.gram(other), rows @ rows[:2].mT)
    torch.testing.assert_close(layer.times(normal(8, 2)), rows @ normal(8, 2))
    torch.testing.assert_close(layer.transposed(normal(5, 2)), normal(5, 2) @ rows)


@pytest.mark.parametrize(("places", "widths"), [(0, (8, 9)), (2, (8, 9)), (9, (2, 3))])
def test_the_norm_takes_no_more_numbers_than_it_must(places, widths, monkeypatch):
    """Those of a wide layer come from its places: a table of all rows, for many walkers, would not fit the memory.

    A layer for the down spins of fermions without spin has no places.
    """
    monkeypatch.setattr(sample_derivatives, "AT_ONCE", 40)
    inputs, slopes = (normal(20 * places * width, width).view(20, places, width) for width in widths)
    layer, made = Layer(inputs, slopes), []
    wanted, whole = float(layer.rows().rows.norm()), Layer.matrix
    monkeypatch.setattr(Layer, "matrix", lambda self, rows: made.append(whole(self, rows)) or made[-1])
    assert layer.norm() == pytest.approx(wanted, rel=1e-12)
    assert Rows(whole(layer, slice(None))).norm() == pytest.approx(wanted, rel=1e-12)
    assert max((part.numel() for part in made), default=0) == (36 if places == 9 else 0)


def test_the_cheaper_way_depends_on_places_and_widths():
    wide = Layer(torch.zeros(8, 2, 300), torch.zeros(8, 2, 300))
    shared = Layer(torch.zeros(8, 50, 3), torch.zeros(8, 50, 3))
    assert wide.cheapest(256) is wide
    assert isinstance(shared.cheapest(256), Rows)


def test_the_step_is_that_of_the_explicit_reference():
    """Three steps of SPRING on the same walkers and energies."""
    changed = []
    for jacobian in ("implicit", "explicit"):
        _, psi = network("LiH", "pfaffians with triplets", "psiformer")
        x, optimizer = walkers(psi, 12), NaturalGradient(jacobian=jacobian)
        norms = [optimizer.step(psi, x, normal(12, seed)) for seed in range(3)]
        changed.append((torch.tensor(norms), torch.cat([p.detach().flatten() for p in trained(psi).values()])))
    torch.testing.assert_close(changed[0], changed[1], rtol=1e-9, atol=1e-12)


def test_the_direction_in_single_precision():
    """Against float64 throughout; what is left is the rounding of the network, as with the explicit matrix."""
    directions = []
    for dtype, make in ((torch.float64, None), (torch.float32, None), (torch.float32, "explicit")):
        _, psi = network("LiH", "determinants", "ferminet")
        psi, x = psi.to(dtype), walkers(psi, 64, dtype)
        products = recorded_derivatives(psi, x) if make is None else Rows(log_derivatives(psi, x))
        directions.append(natural_direction(products, normal(64, 1), 1e-3))
    reference, implicit, explicit = directions
    error, known = (float((found - reference).norm() / reference.norm()) for found in (implicit, explicit))
    assert error < 1e-4
    assert error < 10 * known


class Loose(Wavefunction):
    """A product of two orbitals whose layers are not used as layers."""

    def __init__(self, how):
        super().__init__(Particles(1, 0, 2))
        self.how, self.layer = how, Dense(2, 1, seeded())

    def log_psi(self, x):
        if self.how == "past the layer":
            log = torch.tanh(self.layer(x)) + nn.functional.linear(x, self.layer.weight)
        else:
            log = torch.tanh(self.layer(x[0])).expand(len(x), 1, 1) * x[..., :1]
        return LogPsi(torch.ones_like(log[:, 0, 0]), log[:, 0, 0])


@pytest.mark.parametrize("how", ["past the layer", "without the samples"])
def test_parameters_that_cannot_be_followed_are_refused(how):
    psi = Loose(how)
    with pytest.raises(UserError, match=r"the parameter layer\.weight .* expected `jacobian: explicit`"):
        NaturalGradient().step(psi, walkers(psi), normal(6, 1))


def test_a_layer_of_torch_two_uses_and_none():
    """`nn.Linear` counts as a layer, places of all uses add up, a parameter without use has the derivative zero."""

    class Twice(Wavefunction):
        def __init__(self):
            super().__init__(Particles(2, 0, 2))
            self.layer, self.idle = nn.Linear(2, 2).double(), nn.Linear(1, 1).double()

        def log_psi(self, x):
            log = torch.tanh(self.layer(torch.tanh(self.layer(x)))).sum((1, 2))
            return LogPsi(torch.ones_like(log), log)

    psi = Twice()
    found, matrix = recorded_derivatives(psi, walkers(psi)), log_derivatives(psi, walkers(psi))
    assert found.size == 8
    torch.testing.assert_close(found.gram(found), matrix @ matrix.mT)
    torch.testing.assert_close(found.transposed(normal(6, 1)), normal(6, 1) @ matrix)
