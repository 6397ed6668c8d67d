"""The whole registry with examples in single precision, complex64 among them."""

import pytest
import torch

from gaugeflow.symmetry import Links, SiteMatrices, check
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.symmetry.examples.cases import CASES
from tests.symmetry.samples import single
from tests.symmetry.test_actions import links


def test_a_covariant_function_with_a_complex64_example():
    def plaquette(u):
        corner = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
        return corner.unsqueeze(1)

    x = Links(links(2, 2, 4, 4).data.to(torch.complex64))
    assert check(plaquette, x, "gauge * translations", out=SiteMatrices).holds


@pytest.mark.parametrize("family", [name for name in CASES if isinstance(CASES[name].build(0), Equivariance)])
def test_every_reference_model_with_an_example_in_single_precision(family):
    report = single(CASES[family].build(1)).verify(trials=4)
    assert report.holds, str(report)
