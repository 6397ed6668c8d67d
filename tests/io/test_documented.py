"""Configurations written by other programs give every number that their authors document of them."""

import tomllib
from pathlib import Path

import pytest
import torch

from gaugeflow.io import Configuration, read
from gaugeflow.lattice import charge, observables

NAMES = [
    "su3_4x4x4x4.bridge.txt",
    "su3_4x4x4x8_weak.lime",
    "su3_8x8x8x4.nersc",
    "su3_4x4x4x4.milc",
    "su3_4x4x4x4.ildg",
    "su3_4x4x4x4.scidac",
]
FORMATS = ["bridge", "ildg", "nersc", "milc", "ildg", "scidac"]


def documented(folder: Path, name: str) -> dict:
    entries = tomllib.loads((folder / "manifest.toml").read_text())["file"]
    assert sorted(entry["name"] for entry in entries) == sorted(NAMES)
    return next(entry for entry in entries if entry["name"] == name)


def load(folder: Path, name: str) -> tuple[Configuration, dict]:
    return read(folder / name), documented(folder, name)


@pytest.mark.parametrize("name", NAMES)
def test_documented_numbers(gauge_data: Path, name: str) -> None:
    configuration, said = load(gauge_data, name)
    assert configuration.group == said["group"]
    assert list(configuration.shape) == said["shape"]
    assert configuration.format == FORMATS[NAMES.index(name)]
    single = "float32" in said["format"]
    assert configuration.links.dtype == (torch.complex64 if single else torch.complex128)
    assert configuration.metadata["precision"] == (32 if single else 64)
    links = configuration.links.to(torch.complex128)
    for key in ("plaquette", "plaquette_spatial", "plaquette_temporal", "link_trace"):
        if key in said:  # ten digits where a header printed ten, else thirteen
            tolerance = 5e-11 if name.endswith("nersc") else 5e-14
            assert float(getattr(observables, key)(links)[0]) == pytest.approx(said[key], abs=tolerance, rel=0)
    for key in ("charge_plaquette", "charge_clover", "charge_improved"):
        if key in said:
            assert float(getattr(charge, key)(links)[0]) == pytest.approx(said[key], abs=5e-14, rel=0)
    if "polyakov" in said:  # its authors do not divide by 3
        assert complex(3 * observables.polyakov(links)[0]) == pytest.approx(complex(*said["polyakov"]), abs=1e-13)


def test_checksums(gauge_data: Path) -> None:
    for name, key in (
        ("su3_4x4x4x8_weak.lime", "scidac_checksum"),
        ("su3_8x8x8x4.nersc", "nersc_checksum"),
        ("su3_4x4x4x4.milc", "milc_checksum"),
    ):
        configuration, said = load(gauge_data, name)
        assert configuration.metadata["checksum"] == said[key]


def test_one_field_in_three_formats(gauge_data: Path) -> None:
    milc, ildg, scidac = (read(gauge_data / f"su3_4x4x4x4.{form}").links for form in ("milc", "ildg", "scidac"))
    assert torch.equal(milc, ildg)
    assert torch.equal(milc, scidac)


def test_metadata_of_headers(gauge_data: Path) -> None:
    nersc = read(gauge_data / "su3_8x8x8x4.nersc").metadata
    assert (nersc["plaquette"], nersc["link_trace"]) == (0.5038664469, 0.005406083858)
    assert (nersc["byte_order"], nersc["rows"]) == ("big", 3)
    milc = read(gauge_data / "su3_4x4x4x4.milc").metadata
    assert (milc["byte_order"], milc["date"]) == ("little", "Thu Feb 12 13:40:21 1998")
    ildg = read(gauge_data / "su3_4x4x4x4.ildg").metadata
    assert ildg["lfn"] == "lfn://USQCD/MILC/test/lat.sample.l4444"
    assert ildg["deviations"] == []
