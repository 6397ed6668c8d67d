"""What other programs and other people make of the formats: read where the content decides, noted, or explained."""

import bz2
import gzip
import io
import itertools
import lzma
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1
from gaugeflow.io import convert, packed, read, write
from gaugeflow.io.checksums import nersc_checksum, scidac_checksum
from gaugeflow.io.lime.container import write_messages
from gaugeflow.io.lime.xml import ildg_format_xml
from gaugeflow.lattice.fields import cold_start, gauge_transform, hot_start
from gaugeflow.lattice.observables import link_trace, plaquette

SHAPE = (2, 4, 2, 6)


@pytest.fixture
def links(generator: torch.Generator) -> Tensor:
    return hot_start(SUN(3), SHAPE, generator)


def mean_plaquette(links: Tensor) -> float:
    return float(plaquette(links, "torch")[0])


def binary(links: Tensor, kind: str = ">c16") -> bytes:
    """A field in file order, written as plainly as can be."""
    return links[0].permute(4, 3, 2, 1, 0, 5, 6).contiguous().numpy().astype(kind).tobytes()


def lime(path: Path, *records: tuple[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_messages(file, [records])
    return path


# LIME


@pytest.mark.parametrize("rest", [b"\0", b"\n", b"end", bytes(2000), "block"])
def test_bytes_after_the_last_record(tmp_path: Path, links: Tensor, rest: bytes | str) -> None:
    write(tmp_path / "a.ildg", links)
    data = (tmp_path / "a.ildg").read_bytes()
    more = bytes(-len(data) % 4096) if isinstance(rest, str) else rest
    (tmp_path / "b.ildg").write_bytes(data + more)
    found = read(tmp_path / "b.ildg")
    assert torch.equal(found.links, links)
    assert found.notes == [f"{len(more)} byte{'s' if len(more) > 1 else ''} after the last record"]
    assert read(tmp_path / "a.ildg").notes == []


@pytest.mark.parametrize("kept", [3, 4, 60, 143])
def test_the_begin_of_a_record_is_no_rest(tmp_path: Path, links: Tensor, kept: int) -> None:
    """A file that was cut in the header of its last record has lost its checksum: that is no deviation."""
    write(tmp_path / "a.ildg", links)
    data = (tmp_path / "a.ildg").read_bytes()
    last = data.rindex(bytes.fromhex("456789ab"))
    (tmp_path / "a.ildg").write_bytes(data[: last + kept])
    with pytest.raises(UserError, match="LIME record header"):
        read(tmp_path / "a.ildg")


def ensemble(path: Path, generator: torch.Generator, style: str) -> Tensor:
    """Three fields in one file: whole files one after the other, or one description for all."""
    fields = hot_start(SUN(3), SHAPE, generator, 3)
    if style == "concatenated":
        for k in range(3):
            write(path.with_suffix(f".{k}"), fields[k : k + 1], "ildg", lfn=f"lfn://{k}")
        path.write_bytes(b"".join(path.with_suffix(f".{k}").read_bytes() for k in range(3)))
    else:
        data = [("ildg-binary-data", binary(fields[k : k + 1])) for k in range(3)]
        lime(path, ("ildg-format", ildg_format_xml(SHAPE, 3, 64)), *data)
    return fields


@pytest.mark.parametrize("style", ["concatenated", "one description"])
def test_several_fields_in_a_lime_file(tmp_path: Path, generator: torch.Generator, style: str) -> None:
    path = tmp_path / "a.lime"
    fields = ensemble(path, generator, style)
    found = read(path)
    assert torch.equal(found.links, fields)
    assert (found.metadata["count"], found.metadata["chain"], found.metadata["step"]) == (3, [0, 0, 0], [0, 1, 2])
    last = read(path, select=slice(2, None))
    assert torch.equal(last.links, fields[2:])
    assert last.metadata["selected"] == [2]
    if style == "concatenated":
        assert last.metadata["lfn"] == "lfn://2"
        assert len({tuple(one) for one in found.metadata["checksum"]}) == 3
    with pytest.raises(UserError, match="none in the selection"):
        read(path, select=slice(3, 4))
    assert convert(path, tmp_path / "a.h5").metadata["chain"] == [0, 0, 0]


def test_each_field_of_a_lime_file_has_its_own_checksum(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "a.lime"
    fields = ensemble(path, generator, "concatenated")
    data = path.read_bytes()
    place = data.index(binary(fields[1:2])) + 100
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    with pytest.raises(UserError, match="scidac checksum"):
        read(path)
    assert torch.equal(read(path, select=slice(2, 3)).links, fields[2:])


def test_a_checksum_is_that_of_the_field_before_it(tmp_path: Path, generator: torch.Generator) -> None:
    fields = hot_start(SUN(3), SHAPE, generator, 2)
    first, second = (("ildg-binary-data", binary(fields[k : k + 1])) for k in range(2))
    suma, sumb = scidac_checksum(first[1], 4 * 9 * 16)
    checksum = f"<scidacChecksum><suma>{suma:x}</suma><sumb>{sumb:x}</sumb></scidacChecksum>".encode()
    description = ("ildg-format", ildg_format_xml(SHAPE, 3, 64))
    found = read(lime(tmp_path / "a.lime", description, first, ("scidac-checksum", checksum), second))
    assert torch.equal(found.links, fields)
    assert found.metadata["checksum"] == [[f"{suma:x}", f"{sumb:x}"], None]
    assert found.notes == ["no scidac-checksum record"]


def test_fields_of_two_kinds_in_a_lime_file(tmp_path: Path, links: Tensor) -> None:
    write(tmp_path / "a.ildg", links)
    write(tmp_path / "b.ildg", links, precision=32)
    (tmp_path / "c.ildg").write_bytes((tmp_path / "a.ildg").read_bytes() + (tmp_path / "b.ildg").read_bytes())
    with pytest.raises(UserError, match="one shape, group and precision"):
        read(tmp_path / "c.ildg")
    assert torch.equal(read(tmp_path / "c.ildg", select=slice(0, 1)).links, links)


def test_capitals_and_marked_checksums(tmp_path: Path, links: Tensor) -> None:
    suma, sumb = scidac_checksum(binary(links), 4 * 9 * 16)
    path = lime(
        tmp_path / "a.lime",
        ("ildg-format", ildg_format_xml(SHAPE, 3, 64).replace(b"su3gauge", b"SU3gauge")),
        ("ildg-binary-data", binary(links)),
        (
            "scidac-checksum",
            f"<scidacChecksum><suma>0x{suma:x}</suma><sumb>0X{sumb:X}</sumb></scidacChecksum>".encode(),
        ),
    )
    found = read(path)
    assert torch.equal(found.links, links)
    assert found.notes == ["the field SU3gauge in ildg-format with capitals", "the scidac checksum with 0x"]
    path.write_bytes(path.read_bytes().replace(f"0x{suma:x}".encode(), f"0x{suma ^ 1:x}".encode()))
    with pytest.raises(UserError, match="scidac checksum"):
        read(path)


# NERSC


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


# openQCD


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


# MILC


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


# Bridge++


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


# Lattices that a length allows


@pytest.mark.parametrize("form", ["text", "binary", "bare ILDG"])
def test_without_a_shape_the_likeliest_are_named(tmp_path: Path, generator: torch.Generator, form: str) -> None:
    links = hot_start(SUN(3), (2, 2, 2, 4), generator)
    path = tmp_path / "a"
    {
        "text": lambda: write(path, links, "bridge"),
        "binary": lambda: path.write_bytes(binary(links)),
        "bare ILDG": lambda: lime(path, ("ildg-binary-data", binary(links))),
    }[form]()
    with pytest.raises(UserError) as error:
        read(path)
    group, *named = re.findall(r"su\d(?= on \d)|\d+ x \d+ x \d+ x \d+", str(error.value).partition("found")[2])
    assert (group, named[0]) == ("su3", "2 x 2 x 2 x 4")
    assert all(math.prod(map(int, text.split(" x "))) == 32 for text in named[:4])


def test_a_wrong_shape_is_told_the_right_ones(tmp_path: Path, generator: torch.Generator) -> None:
    """Twice the volume in half the precision: the length fits, the numbers do not."""
    links = hot_start(SUN(3), (2, 2, 2, 2), generator)
    path = lime(tmp_path / "a", ("ildg-binary-data", binary(links)))
    with pytest.raises(UserError, match=r"violation of .*su3 on 2 x 2 x 2 x 2, .*in 64 bits"):
        read(path, shape=(2, 2, 2, 4))
    with pytest.raises(UserError, match=r"su3 on 2 x 2 x 2 x 2, .*in 64 bits"):
        read(path, shape=(2, 2, 2, 3))


# Arrays


def arranged(links: Tensor, layout: str) -> np.ndarray:
    """Links (n, m, x, y, z, t, a, b) with their axes in the order of a layout."""
    array = links.numpy() if "n" in layout else links[0].numpy()
    ours = "mxyztab" if "n" not in layout else "nmxyztab"
    return np.ascontiguousarray(np.einsum(f"{ours}->{layout}", array))


def saved(path: Path, array: np.ndarray, kind: str) -> Path:
    if kind == "npy":
        np.save(path.with_suffix(".npy"), array)
    elif kind == "fortran npy":
        np.save(path.with_suffix(".npy"), np.asfortranarray(array))
    elif kind == "npz":
        np.savez(path.with_suffix(".npz"), links=array)
    elif kind == "packed npz":
        np.savez_compressed(path.with_suffix(".npz"), links=array, beta=6.0)
    elif kind == "pt":
        torch.save(torch.from_numpy(array), path.with_suffix(".pt"))
    elif kind == "dictionary pt":
        torch.save({"links": torch.from_numpy(array), "epoch": 3}, path.with_suffix(".pt"))
    else:
        pairs = np.zeros(array.shape, [("re", "f8"), ("im", "f8")])
        pairs["re"], pairs["im"] = array.real, array.imag
        with h5py.File(path.with_suffix(".h5"), "w", userblock_size=512 if kind == "jld2" else 0) as file:
            file.create_dataset("run/links", data=pairs if kind == "jld2" else array)
            file["beta"] = 6.0
    return next(path.parent.glob(f"{path.name}.*"))


KINDS = ["npy", "fortran npy", "npz", "packed npz", "pt", "dictionary pt", "hdf5", "jld2"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", ["mxyztab", "xyztmab", "tzyxmab", "bamtzyx", "nmxyztab"])
def test_arrays(tmp_path: Path, generator: torch.Generator, kind: str, layout: str) -> None:
    links = hot_start(SUN(3), SHAPE, generator, 2 if "n" in layout else 1)
    path = saved(tmp_path / "a", arranged(links, layout), kind)
    dataset = "run/links" if kind in ("hdf5", "jld2") else "links" if kind == "packed npz" else None
    found = read(path, layout=layout, dataset=dataset)
    assert torch.equal(found.links, links)
    assert (found.group, found.shape) == ("su3", SHAPE)
    if "n" in layout:
        assert torch.equal(read(path, layout=layout, dataset=dataset, select=slice(1, 2)).links, links[1:])
    with pytest.raises(UserError, match="--layout"):
        read(path, dataset=dataset)


def pure_gauge(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A cold field after random gauge rotations: its plaquettes are 1, and in any other order they are random."""
    return gauge_transform(cold_start(SUN(3), shape), SUN(3).haar((1, *shape), generator))


def test_a_user_is_told_what_fits(tmp_path: Path, generator: torch.Generator) -> None:
    np.save(tmp_path / "a.npy", arranged(pure_gauge(SHAPE, generator), "tzyxmab"))
    for layout, message in ((None, "--layout"), ("mxyztab", "layout mxyztab")):
        with pytest.raises(UserError, match=message) as error:
            read(tmp_path / "a.npy", layout=layout)
        assert "may be tzyxmab (plaquette 1.0000), or" in str(error.value)


def test_a_layout_that_is_likely_wrong_is_noted(tmp_path: Path, generator: torch.Generator) -> None:
    """Four sites along every axis, as there are directions: every order of the axes gives links."""
    np.save(tmp_path / "a.npy", arranged(pure_gauge((4, 4, 4, 4), generator), "mxyztab"))
    assert read(tmp_path / "a.npy", layout="mxyztab").notes == []
    wrong = read(tmp_path / "a.npy", layout="xyztmab")
    assert wrong.notes == ["the layout mxyztab fits too, with the plaquette 1.0000"]


def test_directions_in_the_order_of_the_axes(tmp_path: Path, links: Tensor) -> None:
    """`M`: a program whose direction 0 is t, as its slowest axis is."""
    array = arranged(links, "txyzmab")[:, :, :, :, [3, 0, 1, 2]]
    np.save(tmp_path / "a.npy", array)
    assert torch.equal(read(tmp_path / "a.npy", layout="txyzMab").links, links)
    assert not torch.equal(read(tmp_path / "a.npy", layout="txyzmab").links, links)


def test_angles_and_pairs_of_real_numbers(tmp_path: Path, generator: torch.Generator, links: Tensor) -> None:
    angles = hot_start(U1(), (4, 6), generator, 3)
    np.save(tmp_path / "a.npy", angles.numpy().transpose(0, 3, 2, 1))
    found = read(tmp_path / "a.npy", layout="ntxm")
    assert torch.equal(found.links, angles)
    assert found.group == "u1"
    np.save(tmp_path / "b.npy", torch.view_as_real(links)[0].numpy())
    assert torch.equal(read(tmp_path / "b.npy", layout="mxyztabc").links, links)


@pytest.mark.parametrize("layout", ["", "xyz", "mxyzta", "mmxyztab", "mMxyztab", "mxytabq", "mxyztc", "mxzab"])
def test_a_layout_that_is_none(tmp_path: Path, links: Tensor, layout: str) -> None:
    np.save(tmp_path / "a.npy", links.numpy())
    with pytest.raises(UserError, match="each axis once"):
        read(tmp_path / "a.npy", layout=layout)


def test_arrays_that_are_no_links(tmp_path: Path, generator: torch.Generator) -> None:
    np.save(tmp_path / "a.npy", np.arange(60).reshape(3, 4, 5))
    with pytest.raises(UserError, match="32 or 64 bits"):
        read(tmp_path / "a.npy", layout="mxyztab")
    np.save(tmp_path / "b.npy", np.zeros((4, 2, 2, 2, 2, 3, 3), complex))
    with pytest.raises(UserError, match="violation"):
        read(tmp_path / "b.npy", layout="mxyztab")
    np.save(tmp_path / "c.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(UserError, match="expected"):
        read(tmp_path / "c.npy", layout="mxyztab")
    np.savez(tmp_path / "d.npz", one=np.zeros(3), two=np.zeros(4))
    with pytest.raises(UserError, match=r"--dataset.*one, two"):
        read(tmp_path / "d.npz", layout="mxyztab")
    torch.save(torch.zeros(1).expand(1 << 30), tmp_path / "e.pt")
    with pytest.raises(UserError, match="at most"):
        read(tmp_path / "e.pt", layout="mxyztab")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "f.pt")
    with pytest.raises(UserError, match="tensors of torch"):
        read(tmp_path / "f.pt", layout="mxyztab")


@pytest.mark.parametrize("kind", ["npy", "packed npz", "pt", "hdf5"])
def test_damaged_arrays(tmp_path: Path, links: Tensor, kind: str) -> None:
    """Cut or changed at random, a file gives links of the group, or one clear error."""
    path = saved(tmp_path / "a", arranged(links, "mxyztab"), kind)
    data = path.read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(30):
        place = int(rng.integers(len(data) if rng.random() < 0.5 else 400))
        path.write_bytes(data[:place] + (b"" if rng.random() < 0.3 else rng.bytes(4) + data[place + 4 :]))
        try:
            read(path, layout="mxyztab", dataset="run/links" if kind == "hdf5" else "links" if "z" in kind else None)
        except UserError as error:
            refused += str(path) in str(error)
    assert refused > 15


def test_hdf5_of_another_program_says_what_it_holds(tmp_path: Path, links: Tensor) -> None:
    path = saved(tmp_path / "a", links[0].numpy(), "hdf5")
    with pytest.raises(
        UserError, match=r"an HDF5 file of another program, with groups run and datasets.*run/links \(4 x"
    ):
        read(path)
    with pytest.raises(UserError, match="the array links"):
        read(path, dataset="links", layout="mxyztab")


# Compression


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("form", ["nersc", "ildg", "scidac", "milc", "openqcd", "bridge", "hdf5"])
def test_packed_files(tmp_path: Path, links: Tensor, packer: str, form: str) -> None:
    write(tmp_path / "a", links, form)
    path = tmp_path / f"a.{packer}"
    path.write_bytes(PACKERS[packer]((tmp_path / "a").read_bytes()))
    plain, found = read(tmp_path / "a", shape=SHAPE), read(path, shape=SHAPE)
    assert torch.equal(found.links, plain.links)
    assert found.metadata["packing"] == {"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[packer]
    assert found.metadata.get("checksum") == plain.metadata.get("checksum")


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_files_that_are_damaged(tmp_path: Path, links: Tensor, packer: str) -> None:
    write(tmp_path / "a", links, "nersc")
    data = PACKERS[packer]((tmp_path / "a").read_bytes())
    middle = len(data) // 2
    for wrong in (data[:-9], data[:middle], data[:middle] + bytes(64) + data[middle + 64 :]):
        (tmp_path / "a").write_bytes(wrong)
        with pytest.raises(UserError, match="expected a whole"):
            read(tmp_path / "a")


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_file_is_unpacked_to_a_limit(tmp_path: Path, packer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "LIMIT", 1 << 16)
    monkeypatch.setattr(packed, "RATIO", 10)
    (tmp_path / "bomb").write_bytes(PACKERS[packer](bytes(1 << 20)))
    with pytest.raises(UserError, match="at most"):
        read(tmp_path / "bomb")


def test_an_empty_packed_file(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(UserError, match="an empty file"):
        read(tmp_path / "a.gz")
    buffer = io.BytesIO(gzip.compress(gzip.compress(b"1.0\n")))
    (tmp_path / "b.gz").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="begins with"):
        read(tmp_path / "b.gz")
