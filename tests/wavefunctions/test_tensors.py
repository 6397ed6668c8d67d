"""Networks that turn with particles and nuclei: LiH in any position, the values inside, and mistakes found out."""

from functools import partial

import pytest
import torch

from gaugeflow.symmetry import PointFeatures
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.wavefunctions import Features, Tensors, molecule
from gaugeflow.wavefunctions.backbones import tensors
from tests.wavefunctions.cases import BACKBONES, electrons, seeded, turned_lih

OUT = (PointFeatures, partial(PointFeatures, rank=1), partial(PointFeatures, rank=2))


@pytest.mark.parametrize("backbone", ["tensors", "egnn"])
def test_lithium_hydride_turned_mirrored_and_moved_is_the_same(backbone):
    """With frozen parameters; a network of components is not."""
    rotations = haar_orthogonal(4, 3, seeded(), True)
    shift = torch.tensor([0.3, -1.2, 0.7], dtype=torch.float64)
    x = electrons(turned_lih("ferminet")[0].particles, 6).data
    wanted, other = turned_lih(backbone)[1](x), turned_lih("ferminet")[1](x)
    assert any(float(torch.linalg.det(rotation)) < 0 for rotation in rotations)
    for rotation in rotations:
        psi = turned_lih(backbone, rotation, shift)[1]
        found = psi(x @ rotation.T + shift)
        torch.testing.assert_close(found.log, wanted.log, rtol=0, atol=1e-12)
        assert torch.equal(found.sign, wanted.sign)
        plain = turned_lih("ferminet", rotation, shift)[1](x @ rotation.T + shift)
        assert float((plain.log - other.log).detach().abs().max()) > 1e-3


@pytest.mark.parametrize("d", [1, 2, 3])
def test_components_of_symmetric_tensors_are_those_of_matrices(d):
    """Squares, their sums, products with vectors and traces, for two channels."""
    many = tensors._Components(d, 2)
    v, w = torch.randn(2, 5, 4, d, 2, generator=seeded(), dtype=torch.float64)
    t = many.squares(v) + 0.3 * many.squares(w)
    whole = sum(a * torch.einsum("...ic,...jc->...ijc", u, u) for a, u in ((1.0, v), (0.3, w)))
    both = torch.cat((w, t), -2)
    assert t.shape == (5, 4, d * (d + 1) // 2, 2)
    assert both[0, 0].numel() == many.size
    torch.testing.assert_close(many.apart(both), (w, t), rtol=0, atol=0)
    torch.testing.assert_close(many.matrices(t), whole)
    lengths = torch.cat((w.square().sum(-2), whole.square().sum((-3, -2))), -1)
    torch.testing.assert_close(many.lengths(both), lengths)
    torch.testing.assert_close(many.times(t, w), torch.einsum("...ijc,...jc->...ic", whole, w))
    torch.testing.assert_close(many.trace(both), torch.einsum("...iic->...c", whole))


def claim():
    atom = molecule(["Be"], [[0.0, 0.0, 0.0]], "bohr")
    network = Tensors(Features(atom), 6, 3, 2, seeded())
    x = electrons(atom.particles)
    return Equivariance(lambda x: tuple(network.tensors(x)), x, "tensors", "spin-permutations * orthogonal", OUT)


def test_vectors_and_tensors_turn():
    report = claim().verify(trials=8)
    assert report.exit_code == 0, str(report)


def seen_from_one_end(seen):
    """Both of a pair see what the first of them does."""
    return lambda self, by_first, by_second: seen(self, by_first, by_first)


BROKEN = {
    "a ReLU on a vector": (tensors, "_gated", lambda of: lambda w, gates: of(w, gates).relu()),
    "a component read alone": (tensors._Components, "trace", lambda of: lambda self, w: of(self, w) + w[..., 0, :]),
    "a constant vector": (tensors, "_gated", lambda of: lambda w, gates: of(w, gates) + 0.1),
    "pairs seen from one end": (tensors.Pairs, "seen", seen_from_one_end),
}


@pytest.mark.parametrize("name", BROKEN)
def test_mistakes_are_found_out(name, monkeypatch):
    home, place, change = BROKEN[name]
    monkeypatch.setattr(home, place, change(getattr(home, place)))
    assert claim().verify(trials=8, diagnose=False).exit_code == 1


def test_a_particle_alone_has_vectors_of_its_nuclei_only():
    hamiltonian = molecule(["H"], [[0.0, 0.0, 0.5]], "bohr")
    for make in (BACKBONES["tensors"], BACKBONES["egnn"]):
        assert make(Features(hamiltonian))(electrons(hamiltonian.particles).data).shape == (4, 1, 8)
    vectors = (
        Tensors(Features(hamiltonian), 4, 2, 1, seeded()).tensors(torch.tensor([[[0.0, 0.0, 2.0]]]).double()).vectors
    )
    assert float(vectors.detach()[..., :2].abs().max()) == 0
    assert float(vectors.detach()[..., 2].abs().min()) > 0
