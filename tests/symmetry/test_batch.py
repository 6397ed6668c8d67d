"""A function that mixes the entries of the batch fails as such, unless that is said or a batch norm explains it."""

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import PointFeatures, Points, Scalars, Verdict, assert_invariant, check
from gaugeflow.symmetry.claims import Equivariance
from tests.symmetry.samples import energy, points


class Attention(nn.Module):
    """Self-attention of particles; the batch comes second unless `batch_first` is said."""

    def __init__(self, batch_first):
        super().__init__()
        torch.manual_seed(0)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=batch_first)

    def forward(self, h):
        return self.attention(h, h, h)[0]


MIXED = {
    "a mean over the batch": lambda r: energy(r - r.mean(0)),
    "the largest of the batch": lambda r: energy(r) / energy(r).max(),
    "the entry before": lambda r: energy(torch.cat([r[:1], r[1:] + 0.1 * r[:-1]])),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_symmetric_function_of_the_whole_batch_fails_as_a_finding_of_its_own(name):
    report = check(MIXED[name], points(), "permutations", out=Scalars, constant_ok=True)
    assert [f.verdict for f in report.findings][-1] is Verdict.MIXES_BATCH
    assert report.exit_code == 1
    assert "batch_dependent=True" in str(report)
    said = check(MIXED[name], points(), "permutations", out=Scalars, constant_ok=True, batch_dependent=True)
    assert Verdict.MIXES_BATCH not in [f.verdict for f in said.findings]


def test_attention_that_forgets_the_batch_axis():
    features = PointFeatures(torch.randn(3, 5, 6, generator=torch.Generator().manual_seed(0)))
    assert check(Attention(True).eval(), features, "permutations", out=PointFeatures).holds
    forgotten = check(Attention(False).eval(), features, "permutations", out=PointFeatures)
    assert forgotten.verdict is Verdict.MIXES_BATCH
    assert forgotten.findings[0].verdict is Verdict.HOLDS


def test_a_batch_of_one_gets_a_companion():
    assert check(lambda r: energy(r - 0.5 * r.mean(0)), points(1), "permutations", out=Scalars).exit_code == 1
    assert check(energy, points(1), "permutations", out=Scalars).holds


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Linear(3, 4), nn.BatchNorm1d(4)

    def forward(self, r):
        return self.norm(torch.tanh(self.first(r)).sum(1)).square().sum(1)


def test_a_batch_norm_in_training_explains_itself():
    report = check(Normalised(), points(), "permutations", out=Scalars)
    assert report.holds
    assert "other entries of the batch" in str(report)


def test_the_option_is_known_to_assertions_and_claims():
    f = MIXED["a mean over the batch"]
    assert_invariant(f, points(), "permutations", batch_dependent=True)
    assert Equivariance(f, points(), group="permutations", out=Scalars).verify(batch_dependent=True).holds


def test_an_ill_conditioned_function_does_not_mix():
    generator = torch.Generator().manual_seed(0)
    kernels = [10 * torch.randn(3, 3, generator=generator, dtype=torch.float64) for _ in range(12)]

    def chaotic(r):
        for kernel in kernels:
            r = torch.sin(r @ kernel.to(r.dtype) + r.mean(1, keepdim=True))
        return r.sum((1, 2))

    report = check(chaotic, Points(points(5).data), "permutations", out=Scalars)
    assert Verdict.MIXES_BATCH not in [f.verdict for f in report.findings]
