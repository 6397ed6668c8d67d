"""NERSC, openQCD, old MILC and Bridge++ files of other programs: read where the content decides, or explained."""

import itertools
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN
from gaugeflow.io import read, write
from gaugeflow.io.checksums import nersc_checksum
from gaugeflow.lattice.fields import hot_start
from gaugeflow.lattice.observables import link_trace
from tests.io.outsiders.cases import SHAPE, binary, mean_plaquette


def nersc(
    path: Path, links: Tensor, kind: str, rows: int, digits: int, kept: Callable[[float], str] | None = None
) -> None:
    """A file whose header is made by hand."""
    data = np.frombuffer(binary(links[..., :rows, :]), ">f8")
    said = kept or (lambda value: f"{value:.{digits}f}")
    axes = "".join(f"DIMENSION_{axis + 1} = {extent}\n" for axis, extent in enumerate(SHAPE))
    header = (
        f"BEGIN_HEADER\nDATATYPE = {kind}\n{axes}CHECKSUM = {nersc_checksum(data):x}\n"
        f"LINK_TRACE = {said(float(link_trace(links)[0]))}\nPLAQUETTE = {said(mean_plaquette(links))}\n"
        "FLOATING_POINT = IEEE64BIG\nEND_HEADER\n"
    )
    path.write_bytes(header.encode() + data.tobytes())


@pytest.mark.parametrize("digits", [4, 6, 7])
def test_a_header_is_compared_to_its_digits(tmp_path: Path, links: Tensor, digits: int) -> None:
    path = tmp_path / "a"
    nersc(path, links, "4D_SU3_GAUGE_3x3", 3, digits)
    found = read(path)
    assert torch.equal(found.links, links)
    assert [note.split(" = ")[0] for note in found.notes] == ["PLAQUETTE", "LINK_TRACE"]
    off = mean_plaquette(links) + 3 * 10.0**-digits
    path.write_bytes(re.sub(rb"PLAQUETTE = .*", f"PLAQUETTE = {off:.{digits}f}".encode(), path.read_bytes()))
    with pytest.raises(UserError, match="PLAQUETTE"):
        read(path)


def test_digits_that_were_cut_off(tmp_path: Path, links: Tensor) -> None:
    nersc(tmp_path / "a", links, "4D_SU3_GAUGE_3x3", 3, 0, lambda value: f"{value:.12f}"[: 8 + (value < 0)])
    assert torch.equal(read(tmp_path / "a").links, links)
    nersc(tmp_path / "b", links, "4D_SU3_GAUGE_3x3", 3, 0, lambda value: f"{value:.5e}")
    assert torch.equal(read(tmp_path / "b").links, links)


def test_a_header_of_one_digit_is_a_check_still(tmp_path: Path, links: Tensor) -> None:
    nersc(tmp_path / "a", links, "4D_SU3_GAUGE_3x3", 3, 0, lambda value: "1")
    with pytest.raises(UserError, match=r"LINK_TRACE|PLAQUETTE"):
        read(tmp_path / "a")


@pytest.mark.parametrize(("kind", "rows"), [("4D_SU3_GAUGE", 3), ("4D_SU3_GAUGE_3x3", 2)])
def test_the_length_tells_the_rows(tmp_path: Path, links: Tensor, kind: str, rows: int) -> None:
    nersc(tmp_path / "a", links, kind, rows, 12)
    found = read(tmp_path / "a")
    torch.testing.assert_close(found.links, links, rtol=0, atol=1e-14)
    assert found.metadata["rows"] == rows
    assert found.notes == [f"the type {kind} with {rows} rows of SU(3) matrices, as the length of the data says"]


def test_su2_under_a_type_of_su3(tmp_path: Path, generator: torch.Generator) -> None:
    links = hot_start(SUN(2), SHAPE, generator)
    nersc(tmp_path / "a", links, "4D_SU3_GAUGE_3x3", 2, 12)
    with pytest.raises(UserError, match="bytes"):
        read(tmp_path / "a")
    found = read(tmp_path / "a", group="su2")
    assert torch.equal(found.links, links)
    assert found.notes == ["the type 4D_SU3_GAUGE_3x3 with 2 rows of SU(2) matrices, as the length of the data says"]


def openqcd_by_hand(links: Tensor) -> bytes:
    """The format as its authors describe it: site by site, link by link."""
    nx, ny, nz, nt = SHAPE
    data = struct.pack("<4id", nt, nx, ny, nz, 3 * mean_plaquette(links))
    field = links[0].numpy()
    for t, x, y, z in itertools.product(range(nt), range(nx), range(ny), range(nz)):
        if (t + x + y + z) % 2 == 0:
            continue
        for axis in (3, 0, 1, 2):
            behind = [x, y, z, t]
            behind[axis] = (behind[axis] - 1) % SHAPE[axis]
            data += field[axis, x, y, z, t].tobytes() + field[(axis, *behind)].tobytes()
    return data


def test_openqcd(tmp_path: Path, links: Tensor) -> None:
    path = tmp_path / "run1n1.cnfg"
    path.write_bytes(openqcd_by_hand(links))
    found = read(path)
    assert (found.format, found.group, found.shape, found.notes) == ("openqcd", "su3", SHAPE, [])
    assert torch.equal(found.links, links)
    assert found.metadata["plaquette"] == pytest.approx(3 * mean_plaquette(links), abs=1e-14)
    write(tmp_path / "b.cnfg", links)
    assert (tmp_path / "b.cnfg").read_bytes()[24:] == path.read_bytes()[24:]
    count = 4 * links[0, 0, ..., 0, 0].numel()
    path.write_bytes(openqcd_by_hand(links) + bytes(8 + 8 * count))
    assert torch.equal(read(path).links, links)
    assert read(path).notes == ["a U(1) field of openQxD, left out"]
    with pytest.raises(UserError, match="even extents"):
        write(tmp_path / "c.cnfg", links[:, :, :1])


def test_openqcd_is_held_against_its_plaquette(tmp_path: Path, links: Tensor) -> None:
    data = openqcd_by_hand(links)
    path = tmp_path / "a.cnfg"
    path.write_bytes(data[:16] + struct.pack("<d", 3 * mean_plaquette(links) + 1e-6) + data[24:])
    with pytest.raises(UserError, match="plaquette"):
        read(path)
    swapped = data[:24] + data[24 + 144 : 24 + 288] + data[24 : 24 + 144] + data[24 + 288 :]  # two links exchanged
    path.write_bytes(swapped)
    with pytest.raises(UserError, match="plaquette"):
        read(path)


@pytest.mark.parametrize("order", ["<", ">"])
def test_milc_before_version_5(tmp_path: Path, links: Tensor, order: str) -> None:
    head = struct.pack(order + "i4i2f", 59354, *SHAPE, 5.5, 0.1)
    (tmp_path / "a").write_bytes(head + binary(links, f"{order}c8"))
    found = read(tmp_path / "a")
    assert torch.equal(found.links, links.to(torch.complex64))
    assert found.notes == ["MILC version 1 to 4, which has no checksum"]
    assert found.metadata["couplings"] == pytest.approx([5.5, 0.1])
    (tmp_path / "a").write_bytes(head + binary(links, f"{order}c8")[:-8])
    with pytest.raises(UserError, match="N x N single-precision"):
        read(tmp_path / "a")


@pytest.mark.parametrize(("kind", "notes"), [(">c16", []), ("<c16", ["little-endian"])])
def test_bridge_binary(tmp_path: Path, generator: torch.Generator, kind: str, notes: list[str]) -> None:
    for n, shape in ((3, (2, 2, 2, 2)), (2, SHAPE)):
        links = hot_start(SUN(n), shape, generator)
        (tmp_path / "a").write_bytes(binary(links, kind))
        found = read(tmp_path / "a", shape=shape)
        assert torch.equal(found.links, links)
        assert (found.format, found.notes) == ("bridge_binary", notes)


@pytest.mark.parametrize("style", ["exponents", "pairs", "spaced pairs", "both"])
def test_bridge_text_of_fortran(tmp_path: Path, links: Tensor, style: str) -> None:
    numbers = np.frombuffer(binary(links, "<c16"), "<f8")
    words = [f"{number:.17e}" for number in numbers]
    if style in ("exponents", "both"):
        words = [word.replace("e", "D") for word in words]
    if style != "exponents":
        gap = " , " if style == "spaced pairs" else ","
        words = [f" ({re}{gap}{im})" for re, im in zip(words[::2], words[1::2], strict=True)]
    (tmp_path / "a").write_text("\n".join(words) + "\n")
    found = read(tmp_path / "a", shape=SHAPE)
    assert torch.equal(found.links, links)
    expected = {"exponents": "D" in words[0], "pairs": "(" in words[0]}
    assert [any(note.count(word) for note in found.notes) for word in ("exponents", "pairs")] == list(expected.values())
