"""The whole package under its harness, and nothing of it forgotten."""

import pytest

from gaugeflow import flows, io, lattice, montecarlo, nn, wavefunctions
from gaugeflow.wavefunctions import occupation
from tests.registry.registry import REGISTRY, WITHOUT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", REGISTRY)
def test_claims_hold(name):
    for claim in REGISTRY[name].claims():
        report = claim.verify(trials=8, samples=2_000)
        assert report.exit_code == 0, str(report)


def test_every_public_object_is_in_a_line():
    covered = {getattr(thing, "__name__", None) for line in REGISTRY.values() for thing in line.covers}
    public = [
        (room.__name__, name)
        for room in (flows, lattice, montecarlo, nn, wavefunctions, occupation)
        for name in room.__all__
        if callable(getattr(room, name))
    ]
    forgotten = [f"{room}.{name}" for room, name in public if name not in covered and name not in WITHOUT]
    assert not forgotten, f"add a line to tests/registry/ROOM.py for {', '.join(forgotten)}"
    assert set(io.FORMATS.values()) <= {thing for line in REGISTRY.values() for thing in line.covers}


def test_nothing_stands_in_the_registry_that_is_gone():
    names = {name for room in (flows, lattice, montecarlo, nn, wavefunctions, occupation) for name in room.__all__}
    assert set(WITHOUT) <= names
