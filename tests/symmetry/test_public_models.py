"""Models that people use: what holds is said to hold, what does not is caught and located."""

import sys

import pytest

from gaugeflow.symmetry.algebra.separation import tells_apart
from gaugeflow.symmetry.examples.degenerate import DEGENERATE
from tests.places import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
try:
    from public_models import MODELS, PAIRS
finally:
    sys.path.remove(str(ROOT / "scripts"))


@pytest.mark.parametrize("name", MODELS)
def test_a_public_model_comes_out_as_it_should(name):
    model = MODELS[name]
    if model.needs is not None:
        pytest.importorskip(model.needs, reason=f"{name} needs the package {model.needs}, which is not installed")
    report = model.check()
    assert report.holds is model.holds, str(report)
    assert report.findings[0].broken_at == model.broken_at, str(report)


@pytest.mark.parametrize("name", PAIRS)
def test_features_tell_pairs_apart_or_not_as_is_known(name):
    pair, both = PAIRS[name], DEGENERATE[PAIRS[name].pair]
    assert tells_apart(pair.features, both.a, both.b) is pair.apart
