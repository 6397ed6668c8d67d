"""The remark about TF32 stands in a report where it matters, and nowhere else."""

from types import SimpleNamespace

import pytest
import torch

from gaugeflow.symmetry import check
from gaugeflow.symmetry.checks import judging, pairs, tf32
from gaugeflow.symmetry.checks.systems.extensive import check_extensive
from tests.symmetry.samples import energy, field, points

GPU = torch.device("cuda")


@pytest.fixture
def precision(monkeypatch):
    """Stand-ins for the two switches of torch, so that its own are left alone."""
    matmul, conv = SimpleNamespace(fp32_precision="none"), SimpleNamespace(fp32_precision="tf32")
    monkeypatch.setattr(torch.backends.cuda, "matmul", matmul)
    monkeypatch.setattr(torch.backends.cudnn, "conv", conv)
    return matmul


def test_matrix_products_and_convolutions_are_named_where_they_round(precision):
    convolves = [torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1))]
    assert tf32.tf32_notes(GPU) == ()
    assert len(tf32.tf32_notes(GPU, convolves)) == 1
    assert "convolutions in float32 round to TF32" in tf32.tf32_notes(GPU, convolves)[0]
    precision.fp32_precision = "tf32"
    assert "torch.backends.cuda.matmul.fp32_precision = 'ieee'" in tf32.tf32_notes(GPU)[0]
    assert len(tf32.tf32_notes(GPU, convolves)) == 2
    assert tf32.tf32_notes(torch.device("cpu"), convolves) == ()


def test_reports_carry_the_remark(precision, monkeypatch):
    precision.fp32_precision = "tf32"
    for module in (judging, pairs):
        monkeypatch.setattr(module, "device_of", lambda x: GPU)
    assert "note: matrix products in float32 round to TF32" in str(
        check(energy, points(), "permutations", out="scalars")
    )
    assert "TF32" in str(check_extensive(lambda phi: phi.sum((1, 2, 3)), field(2, 1, 3, 3), out="scalars"))


def test_a_report_on_a_processor_has_none():
    assert "TF32" not in str(check(energy, points(), "permutations", out="scalars"))
