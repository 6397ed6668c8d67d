"""Files that are damaged, mislabelled or not files at all: one clear error, no other exception, no large allocation."""

import os
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1
from gaugeflow.io import read, write
from gaugeflow.io.checksums import milc_checksum
from gaugeflow.io.lime.container import write_messages
from gaugeflow.io.membership import TOLERANCE
from gaugeflow.lattice.fields import hot_start

SHAPE = (2, 2, 2, 2)
MUTATIONS = 150
"""Of each of ten files: flips, truncations, insertions, deletions, moved blocks, changed header figures."""


def small(generator: torch.Generator, n: int = 3, shape: tuple[int, ...] = SHAPE, precision: int = 64) -> Tensor:
    group = U1() if n == 1 else SUN(n)
    return hot_start(group, shape, generator, dtype=torch.float32 if precision == 32 else torch.float64)


def plain_ildg(path: Path, links: Tensor) -> None:
    data = links[0].permute(4, 3, 2, 1, 0, 5, 6).contiguous().numpy().astype(">c16").tobytes()
    with path.open("wb") as file:
        write_messages(file, [[("ildg-binary-data", data)]])


def make(kind: str, path: Path, generator: torch.Generator) -> Tensor:
    """Writes a valid small file of the kind; returns its field."""
    makers = {
        "nersc": (lambda u: write(path, u, "nersc"), small(generator)),
        "nersc two rows": (lambda u: write(path, u, "nersc", compressed=True), small(generator, precision=32)),
        "ildg": (lambda u: write(path, u, "ildg"), small(generator)),
        "ildg single": (lambda u: write(path, u, "ildg"), small(generator, 2, (2, 2, 2, 4), 32)),
        "ildg plain": (lambda u: plain_ildg(path, u), small(generator)),
        "scidac": (lambda u: write(path, u, "scidac"), small(generator)),
        "milc": (lambda u: write(path, u, "milc"), small(generator, precision=32)),
        "bridge": (lambda u: write(path, u, "bridge"), small(generator)),
        "hdf5": (lambda u: write(path, u, "hdf5", beta=6.0, action="wilson"), small(generator)),
        "hdf5 u1": (lambda u: write(path, u, "hdf5", seed=1), small(generator, 1, (4, 6))),
    }
    maker, links = makers[kind]
    maker(links)
    return links


KINDS = [
    "nersc",
    "nersc two rows",
    "ildg",
    "ildg single",
    "ildg plain",
    "scidac",
    "milc",
    "bridge",
    "hdf5",
    "hdf5 u1",
]
UNCHECKED = ("ildg plain", "bridge")
"""Formats without a checksum: what cannot be told from damage is a field in the group, of the same volume."""


def mutate(data: bytes, rng: np.random.Generator, head: int) -> bytes:
    """One to three random injuries; half of them within the first ``head`` bytes."""
    for _ in range(int(rng.integers(1, 4))):
        limit = min(len(data), head if rng.random() < 0.5 else len(data))
        place = int(rng.integers(limit))
        length = int(rng.integers(1, 40))
        kind = rng.integers(8)
        if kind <= 1:  # a bit
            data = data[:place] + bytes([data[place] ^ 1 << int(rng.integers(8))]) + data[place + 1 :]
        elif kind == 2:
            data = data[:place]
        elif kind == 3:
            data = data[:place] + rng.bytes(length) + data[place:]
        elif kind == 4:
            data = data[:place] + data[place + length :]
        elif kind == 5:  # a block from elsewhere
            other = int(rng.integers(len(data)))
            data = data[:place] + data[other : other + length] + data[place + length :]
        elif kind == 6:  # a figure, where there is one
            figures = [i for i in range(place, min(limit, place + 200)) if 48 <= data[i] <= 57]
            if figures:
                at = figures[int(rng.integers(len(figures)))]
                data = data[:at] + b"%d" % rng.integers(10) + data[at + 1 :]
        else:  # a 32-bit word set to something extreme
            word = struct.pack(">I", int(rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7F800000])))
            data = data[:place] + word + data[place + 4 :]
        if not data:
            return b""
    return data


def same_up_to_what_cannot_be_told(kind: str, found: Tensor, links: Tensor, metadata: dict) -> bool:
    """Equal to the original, or all that the docstring of the format promises."""
    limit = 10 * TOLERANCE[torch.finfo(links.dtype).bits]
    if found.shape == links.shape and float((found - links).abs().max()) <= limit:
        return True
    sites = [torch.sort(u.flatten().real).values for u in (found, links)]
    if kind in ("milc", "scidac") and sites[0].shape == sites[1].shape:
        return torch.equal(*sites)  # extents of the same volume: every number is there
    return kind in UNCHECKED and "checksum" not in metadata


@pytest.mark.parametrize("kind", KINDS)
def test_mutations(tmp_path: Path, generator: torch.Generator, kind: str) -> None:
    path = tmp_path / "valid"
    links = make(kind, path, generator)
    data = path.read_bytes()
    shape = tuple(links.shape[2 : 2 + links.shape[1]])
    given = {"shape": shape} if kind in UNCHECKED else {}
    rng = np.random.default_rng(KINDS.index(kind))
    accepted = refused = 0
    for _ in range(MUTATIONS):
        path.write_bytes(mutate(data, rng, 2000))
        try:
            found = read(path, **given)
        except UserError as error:
            refused += str(path) in str(error)
        else:
            accepted += 1
            assert same_up_to_what_cannot_be_told(kind, found.links, links, found.metadata), kind
    assert refused + accepted == MUTATIONS
    assert refused > MUTATIONS // 4
    path.write_bytes(data)
    torch.testing.assert_close(read(path, **given).links, links, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNCHECKED])
def test_every_bit_of_the_matrices_is_checked(tmp_path: Path, generator: torch.Generator, kind: str) -> None:
    path = tmp_path / "valid"
    links = make(kind, path, generator)
    data = path.read_bytes()
    first = torch.view_as_real(links) if links.is_complex() else links
    codes = [f"{order}f{links.real.element_size()}" for order in "<>"]
    start = max(data.find(first.numpy().flat[:2].astype(code).tobytes()) for code in codes)
    rows = 2 if kind == "nersc two rows" else 3
    length = links.numel() * links.element_size() * rows // 3
    assert start > 0
    rng = np.random.default_rng(7)
    for place in rng.integers(start, start + length, 60):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << int(rng.integers(8))]) + data[place + 1 :])
        with pytest.raises(UserError, match="checksum"):
            read(path)


def test_text_and_plain_ildg_notice_what_leaves_the_group(tmp_path: Path, generator: torch.Generator) -> None:
    """What a format without a checksum cannot detect: changes within the tolerance, and other fields in the group."""
    for kind in UNCHECKED:
        path = tmp_path / "valid"
        links = make(kind, path, generator)
        noticed = links.clone()
        noticed[0, 1, 0, 1, 0, 1, 2, 0] += 1e-8
        unnoticed = links.clone()
        unnoticed[0, 1, 0, 1, 0, 1, 2, 0] += 1e-12
        for field, refused in ((noticed, True), (unnoticed, False), (links.flip(2), False)):
            if kind == "bridge":
                numbers = torch.view_as_real(field[0].permute(4, 3, 2, 1, 0, 5, 6).contiguous()).flatten()
                path.write_text("\n".join(f"{x:.17e}" for x in numbers.tolist()))
            else:
                plain_ildg(path, field)
            if refused:
                with pytest.raises(UserError, match="violation"):
                    read(path, shape=SHAPE)
            else:
                assert torch.equal(read(path, shape=SHAPE).links, field)


@pytest.mark.parametrize(
    "name", ["su3_4x4x4x4.bridge.txt", "su3_4x4x4x4.milc", "su3_4x4x4x4.ildg", "su3_4x4x4x4.scidac"]
)
def test_mutations_of_shared_files(tmp_path: Path, gauge_data: Path, name: str) -> None:
    links = read(gauge_data / name).links
    data = (gauge_data / name).read_bytes()
    path = tmp_path / name
    rng = np.random.default_rng(len(name))
    kind = path.suffix[1:] if path.suffix != ".txt" else "bridge"
    for _ in range(40):
        path.write_bytes(mutate(data, rng, 2500))
        try:
            found = read(path)
        except UserError:
            continue
        assert same_up_to_what_cannot_be_told(kind, found.links, links, found.metadata)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name, reason in {
        "absent": "No such file",
        "empty": "an empty file",
        ".": "a directory",
        "pipe": "a device, pipe or socket",
        "link": "No such file",
        "a\0b": "null",
        "x" * 300: "too long",
    }.items():
        with pytest.raises(UserError, match=reason):
            read(tmp_path / name)
    with pytest.raises(UserError, match="a device"):
        read("/dev/zero")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: torch.Generator) -> None:
    path = tmp_path / "a.ildg"
    write(path, small(generator))

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"\n\n\n",
        b"hello, world",
        bytes(range(256)) * 8,
        b"1.0\n",
        b"1.0\n" * 7,
        b"nan\n" * 72,
        b"1e999\n" * 72,
        b"0.5\n" * 71 + b"zero\n",
        b"BEGIN_HEADER\n",
        b"BEGIN_HEADER\nEND_HEADER\n",
        b"\x45\x67\x89\xab",
        b"\x87N\0\0",
        b"\x89HDF\r\n\x1a\n" + bytes(2000),
        b"gaugeflow ensemble 1\n" + bytes(6000),
        b"gaugeflow ensemble 1\n00000000\n" + bytes(6000),
    ],
)
def test_no_configuration(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=r"expected .* found"):
        read(tmp_path / "a")


def claims() -> dict[str, bytes]:
    """Headers of a kilobyte that claim half a gigabyte and more."""
    nersc = (
        "BEGIN_HEADER\nDATATYPE = 4D_SU3_GAUGE_3x3\nDIMENSION_1 = 32\nDIMENSION_2 = 32\nDIMENSION_3 = 32\n"
        "DIMENSION_4 = 32\nCHECKSUM = 0\nLINK_TRACE = 0\nPLAQUETTE = 0\nFLOATING_POINT = IEEE64BIG\nEND_HEADER\n"
    )
    milc = struct.pack("<i4i64siII", 20103, 48, 48, 48, 96, b"today", 0, 0, 0)
    lime = struct.pack(">IHHQ128s", 0x456789AB, 1, 0xC000, 1 << 29, b"ildg-binary-data")
    huge = struct.pack(">IHHQ128s", 0x456789AB, 1, 0xC000, (1 << 64) - 1, b"ildg-binary-data")
    return {
        name: head.ljust(1024, b"\0")
        for name, head in {"nersc": nersc.encode(), "milc": milc, "lime": lime, "huge": huge}.items()
    }


@pytest.mark.parametrize("kind", ["nersc", "milc", "lime", "huge"])
def test_claims_are_checked_before_memory_is_taken(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(claims()[kind])
    tracemalloc.start()
    with pytest.raises(UserError, match=r"bytes|1024"):
        read(tmp_path / "a", shape=(32, 32, 32, 32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (rb"PLAQUETTE = .*", b"PLAQUETTE = 0.58", "PLAQUETTE = 0.58"),
        (rb"LINK_TRACE = .*", b"LINK_TRACE = 0.1", "LINK_TRACE = 0.1"),
        (rb"PLAQUETTE = .*", b"PLAQUETTE = high", "a number as PLAQUETTE"),
        (rb"PLAQUETTE = .*", b"PLAQUETTE = nan", "PLAQUETTE = nan"),
        (rb"LINK_TRACE = .*\n", b"", "a header entry LINK_TRACE"),
        (rb"CHECKSUM = .*", b"CHECKSUM = 12345678", "checksum 12345678"),
        (rb"DIMENSION_1 = 2\nDIMENSION_2 = 4", b"DIMENSION_1 = 4\nDIMENSION_2 = 2", "PLAQUETTE"),
        (rb"DIMENSION_1 = 2", b"DIMENSION_1 = 2.0", "whole number as DIMENSION_1"),
        (rb"DIMENSION_1 = 2", b"DIMENSION_1 = 2\nDIMENSION_1 = 4", "each key once"),
        (rb"DIMENSION_1 = 2", b"DIMENSION_1 2", "KEY = VALUE"),
        (rb"4D_SU3_GAUGE_3x3", b"4D_SU3_GAUGE_3x2", "DATATYPE"),
        (rb"4D_SU3_GAUGE_3x3", b"4D_SU2_GAUGE_2x2", "bytes"),
        (rb"IEEE64BIG", b"IEEE32BIG", "bytes"),
        (rb"IEEE64BIG", b"IEEE64LITTLE", "checksum"),
        (rb"IEEE64BIG", b"TMS320C30", "FLOATING_POINT"),
        (rb"END_HEADER", b"END_HEADED", "END_HEADER"),
    ],
)
def test_nersc_headers_that_lie(
    tmp_path: Path, generator: torch.Generator, old: bytes, new: bytes, message: str
) -> None:
    path = tmp_path / "a.nersc"
    write(path, small(generator, shape=(2, 4, 2, 2)))
    header, end, data = path.read_bytes().partition(b"END_HEADER\n")
    changed = re.sub(old, new, header + end, count=1)
    assert changed != header + end
    path.write_bytes(changed + data)
    with pytest.raises(UserError, match=message):
        read(path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bridge"])
def test_a_byte_too_many_or_too_few(tmp_path: Path, generator: torch.Generator, kind: str) -> None:
    path = tmp_path / "a"
    make(kind, path, generator)
    data = path.read_bytes()
    longer = () if kind in ("ildg", "ildg single", "ildg plain", "scidac") else (data + b"\0", data + data)
    for wrong in (*longer, data[:-9], data[: len(data) // 2]):
        path.write_bytes(wrong)
        with pytest.raises(UserError, match=r"bytes|LIME|single-precision"):
            read(path, shape=SHAPE if kind == "ildg plain" else None)


def test_a_forged_count_of_an_ensemble(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "a.h5"
    write(path, small(generator, 1, (4, 4)))
    data = path.read_bytes()
    one = struct.pack("<QQ", 1, (1 << 64) - 2)
    assert data.count(one) == 1
    for forged in (2, 1 << 40, (1 << 64) - 1):
        for complement in (forged ^ ((1 << 64) - 1), 0):
            path.write_bytes(data.replace(one, struct.pack("<QQ", forged, complement)))
            with pytest.raises(UserError, match="count"):
                read(path)


def test_the_structure_of_an_ensemble_is_sealed(tmp_path: Path, generator: torch.Generator) -> None:
    """Damage to the tables of HDF5 is told before the library sees them: they can crash or hang it."""
    path = tmp_path / "a.h5"
    links = small(generator, 1, (4, 6))
    write(path, links, beta=1.0)
    data = path.read_bytes()
    tables = range(4096, data.index(links.numpy().tobytes()))
    for place in np.random.default_rng(3).choice(tables, 200, replace=False):
        path.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :])
        with pytest.raises(UserError, match="a structure with the checksum"):
            read(path)


def test_wrong_shape_and_group(tmp_path: Path, generator: torch.Generator) -> None:
    for name in ("nersc", "ildg", "scidac", "milc", "hdf5"):
        write(tmp_path / "a", small(generator, 3, (2, 4, 2, 6)), name)
        for wrong in ((2, 4, 2, 8), (6, 2, 4, 2), (2, 4, 2), (96,) * 2):
            with pytest.raises(UserError, match="shape"):
                read(tmp_path / "a", shape=wrong)
        with pytest.raises(UserError, match="group su2"):
            read(tmp_path / "a", group="su2")
        for bad in ((), (4,), (2, 4, 2, -6), (2, 4, 2, 0), (2, 4, 2, 6.0)):
            with pytest.raises(UserError, match="shape: expected"):
                read(tmp_path / "a", shape=bad)
        with pytest.raises(UserError, match="group: expected"):
            read(tmp_path / "a", group="e8")
        with pytest.raises(UserError, match="select"):
            read(tmp_path / "a", select=3)
        if name != "hdf5":
            with pytest.raises(UserError, match="an ensemble to select"):
                read(tmp_path / "a", select=slice(0, 1))


def test_links_outside_the_group_with_a_right_checksum(tmp_path: Path, generator: torch.Generator) -> None:
    """A file whose author wrote nonsense: all checksums agree, the matrices are not special unitary."""
    path = tmp_path / "a.milc"
    write(path, small(generator, precision=32), date="")
    head, matrices = path.read_bytes()[:88], np.frombuffer(path.read_bytes()[96:], "<f4")
    for wrong in (matrices * np.float32(1.01), -matrices, np.full_like(matrices, np.nan), np.zeros_like(matrices)):
        path.write_bytes(head + struct.pack("<II", *milc_checksum(wrong)) + wrong.tobytes())
        with pytest.raises(UserError, match="violation"):
            read(path)


def test_angles_that_are_no_numbers(tmp_path: Path, generator: torch.Generator) -> None:
    angles = small(generator, 1, (4, 4))
    angles[0, 0, 1, 1] = float("inf")
    with pytest.raises(UserError, match="violation of nan"):
        write(tmp_path / "a.h5", angles)
