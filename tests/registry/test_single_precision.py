"""The whole package under its harness again, with examples in float32 and complex64: no cast is forgotten."""

from collections import defaultdict

import pytest

from gaugeflow.symmetry.claims import Equivariance
from tests.registry.registry import REGISTRY
from tests.symmetry.samples import single

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", REGISTRY)
def test_claims_hold_in_single_precision(name):
    """One claim of each group in a line, with the fewest trials; of log-determinants `scripts/symmetry_registry.py`."""
    groups = defaultdict(list)
    for claim in REGISTRY[name].claims():
        if isinstance(claim, Equivariance):
            groups[claim.label_of_group].append(claim)
    for claims in groups.values():
        report = single(claims[0]).verify(trials=2)
        assert report.exit_code == 0, str(report)
