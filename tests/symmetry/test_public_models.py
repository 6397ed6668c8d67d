"""Models that people use: what holds is said to hold, what does not is caught and located."""

import runpy

import pytest

from tests.places import ROOT

MODELS = runpy.run_path(str(ROOT / "scripts" / "check_public_models.py"))["MODELS"]


@pytest.mark.parametrize("name", MODELS)
def test_a_public_model_comes_out_as_it_should(name):
    model = MODELS[name]
    if model.needs is not None:
        pytest.importorskip(model.needs, reason=f"{name} needs the package {model.needs}, which is not installed")
    report = model.check()
    assert report.holds is model.holds, str(report)
    assert report.findings[0].broken_at == model.broken_at, str(report)
