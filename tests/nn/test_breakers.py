"""Every known mistake in a layer or a network is found out, in both precisions."""

from dataclasses import replace

import pytest

from gaugeflow.symmetry.breakers import power_of
from gaugeflow.symmetry.claims import Equivariance
from tests.registry.registry import REGISTRY

pytestmark = pytest.mark.slow

LOCAL = {"bilinear", "activation", "norm"}
"""Layers that do not look at links, so that mistakes in links have no effect on them."""
STILL_HOLDS = {"LCNN": ["a layer conjugates"]}
"""Links and site matrices that are conjugated together form a network in the conjugate representation."""
AT_ONCE = {"fresh": False, "chunk_size": 4}
"""Every trial in one call."""
FAMILIES = (
    "gauge-equivariant layers",
    "gauge-equivariant networks",
    "linear layers of site vectors",
    "preconditioners",
)
CLAIMS = {claim.name: claim for family in FAMILIES for claim in REGISTRY[family].claims()}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_no_breaker_of_a_layer_is_missed(claim: Equivariance) -> None:
    kills = power_of(replace(claim, options=AT_ONCE), strengths=(1.0,), seed=1, trials=4)
    assert [kill.breaker for kill in kills if kill.outcome == "missed"] == STILL_HOLDS.get(claim.name, [])
    caught = [kill.breaker for kill in kills if kill.outcome == "caught"]
    assert len(caught) >= (6 if claim.name in LOCAL else 10), caught
