"""Files as other programs write them: less than the standard asks, or more than one way to say it."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN
from gaugeflow.io import read, write
from gaugeflow.io.lime.container import write_messages
from gaugeflow.io.lime.xml import ildg_format_xml
from gaugeflow.lattice.fields import hot_start

SHAPE = (2, 3, 4, 2)


@pytest.fixture
def links(generator: torch.Generator) -> Tensor:
    return hot_start(SUN(3), SHAPE, generator)


def binary(links: Tensor, kind: str = ">c16") -> bytes:
    """A field in file order, written as plainly as can be."""
    return links[0].permute(4, 3, 2, 1, 0, 5, 6).contiguous().numpy().astype(kind).tobytes()


def lime(path: Path, *records: tuple[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_messages(file, [records])
    return path


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("kind", [">c8", ">c16"])
def test_nothing_but_binary_data(tmp_path: Path, generator: torch.Generator, n: int, kind: str) -> None:
    links = hot_start(SUN(n), SHAPE, generator)
    path = lime(tmp_path / "a.lime", ("ildg-binary-data", binary(links, kind)))
    found = read(path, shape=SHAPE)
    assert torch.equal(found.links, links.to(found.links.dtype))
    assert found.links.dtype == (torch.complex64 if kind == ">c8" else torch.complex128)
    assert found.group == f"su{n}"
    assert found.metadata["deviations"] == ["no ildg-format record", "no scidac-checksum record"]
    assert "checksum" not in found.metadata
    with pytest.raises(UserError, match="shape"):
        read(path)
    with pytest.raises(UserError, match="group su5"):
        read(path, shape=SHAPE, group="su5")
    with pytest.raises(UserError, match="4 complex N x N"):
        read(path, shape=(2, 3, 4, 3))
    with pytest.raises(UserError, match="4 complex N x N"):
        read(path, shape=(2, 3, 8))


@pytest.mark.parametrize(
    "breakage",
    [
        lambda xml: xml.replace(b'xmlns="http://www.lqcd.org/ildg"', b'xmlns="http://www.lqcd.org/ildg'),
        lambda xml: xml.replace(b'"', b""),
        lambda xml: xml.replace(b'"', b"'", 3),
        lambda xml: re.sub(rb"<\?xml.*\?>", b"", xml).replace(b"</ildgFormat>", b""),
        lambda xml: re.sub(rb"<(/?)(l\w|field|precision)>", rb"<\1ildg:\2>", xml),
        lambda xml: re.sub(rb"<(l\w)>(\d+)", rb"<\1> \2 \n", xml),
    ],
)
def test_broken_xml(tmp_path: Path, links: Tensor, breakage: Callable[[bytes], bytes]) -> None:
    xml = breakage(ildg_format_xml(SHAPE, 3, 64))
    assert xml != ildg_format_xml(SHAPE, 3, 64)
    found = read(lime(tmp_path / "a.lime", ("ildg-format", xml), ("ildg-binary-data", binary(links))))
    assert torch.equal(found.links, links)
    assert found.shape == SHAPE


def test_broken_xml_is_reported(tmp_path: Path, links: Tensor) -> None:
    xml = ildg_format_xml(SHAPE, 3, 64).replace(b'"', b"")
    found = read(lime(tmp_path / "a.lime", ("ildg-format", xml), ("ildg-binary-data", binary(links))))
    assert found.metadata["deviations"] == [
        "ildg-format is not well-formed XML",
        "no scidac-checksum record",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"<lt>2</lt>", b"<lt>4</lt>"), "precision 32"),
        ((b"<lt>2</lt>", b"<lt>5</lt>"), "4 complex N x N"),
        ((b"<precision>64", b"<precision>32"), "precision 32"),
        ((b"su3gauge", b"su2gauge"), "group su2"),
        ((b"su3gauge", b"u1gauge"), "a field suNgauge"),
        ((b"<lx>2", b"<lx>-2"), "positive whole number as lx"),
        ((b"<lx>2", b"<lx>99999999999"), "positive whole number as lx"),
        ((b"<lx>2</lx>", b""), "shape"),
    ],
)
def test_contradictions(tmp_path: Path, links: Tensor, change: tuple[bytes, bytes], message: str) -> None:
    xml = ildg_format_xml(SHAPE, 3, 64).replace(*change)
    path = lime(tmp_path / "a.lime", ("ildg-format", xml), ("ildg-binary-data", binary(links)))
    with pytest.raises(UserError, match=message):
        read(path)


def test_two_records_must_agree(tmp_path: Path, links: Tensor) -> None:
    write(tmp_path / "a.ildg", links)
    raw = (tmp_path / "a.ildg").read_bytes()
    for old, new in [(b"2 3 4 2 ", b"3 2 4 2 "), (b"<colors>3", b"<colors>2"), (b">D<", b">F<"), (b">4<", b">1<")]:
        assert raw.count(old) >= 1
        (tmp_path / "b.ildg").write_bytes(raw.replace(old, new))
        with pytest.raises(UserError, match="says"):
            read(tmp_path / "b.ildg")
    with pytest.raises(UserError, match="as the user says"):
        read(tmp_path / "a.ildg", shape=(3, 2, 4, 2))


def test_padding_may_be_missing_at_the_end(tmp_path: Path, generator: torch.Generator) -> None:
    links = hot_start(SUN(3), (1, 1, 1, 1), generator, dtype=torch.float32)
    write(tmp_path / "a.ildg", links)
    raw = (tmp_path / "a.ildg").read_bytes()
    whole = raw.rstrip(b"\0") + b"\0"  # the last record ends with one zero of its own
    assert len(whole) <= len(raw)
    (tmp_path / "b.ildg").write_bytes(whole)
    assert torch.equal(read(tmp_path / "b.ildg").links, links)


def test_little_endian_ildg_is_refused(tmp_path: Path, links: Tensor) -> None:
    path = lime(tmp_path / "a.lime", ("ildg-binary-data", binary(links, "<c16")))
    with pytest.raises(UserError, match="byte order"):
        read(path, shape=SHAPE)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [4, 8])
def test_nersc_without_a_byte_order(tmp_path: Path, links: Tensor, order: str, size: int) -> None:
    """A bare IEEE32 or IEEE64 stands for either order; the checksum tells which."""
    write(tmp_path / "a.nersc", links, precision=8 * size, byte_order="big" if order == ">" else "little")
    raw = (tmp_path / "a.nersc").read_bytes()
    (tmp_path / "b.nersc").write_bytes(re.sub(rb"(FLOATING_POINT = IEEE\d\d)\w+", rb"\1", raw))
    found = read(tmp_path / "b.nersc")
    assert torch.equal(found.links, links.to(found.links.dtype))
    assert found.metadata["byte_order"] == ("big" if order == ">" else "little")
    other = b"LITTLE" if order == ">" else b"BIG"
    (tmp_path / "c.nersc").write_bytes(re.sub(rb"(FLOATING_POINT = IEEE\d\d)\w+", rb"\1" + other, raw))
    with pytest.raises(UserError, match="checksum"):
        read(tmp_path / "c.nersc")


def test_nersc_written_by_hand(tmp_path: Path, links: Tensor) -> None:
    """Two rows in single precision, header entries in another order, a checksum with leading zeros and capitals."""
    rows = links[..., :2, :].to(torch.complex64)
    data = binary(rows, ">c8")
    checksum = int(np.frombuffer(data, ">u4").sum(dtype=np.uint64)) % 2**32
    from gaugeflow.lattice.observables import link_trace, plaquette

    header = (
        "BEGIN_HEADER\nFLOATING_POINT = IEEE32BIG\nSTORAGE_FORMAT = 1.0\n"
        f"PLAQUETTE = {float(plaquette(links)[0]):.7f}\nLINK_TRACE = {float(link_trace(links)[0]):.7f}\n"
        f"CHECKSUM = 0x{checksum:08X}\nDIMENSION_4 = 2\nDIMENSION_3 = 4\nDIMENSION_2 = 3\nDIMENSION_1 = 2\n"
        "DATATYPE = 4D_SU3_GAUGE\n\nCREATOR = a = b\nEND_HEADER\n"
    )
    (tmp_path / "a").write_bytes(header.encode() + data)
    found = read(tmp_path / "a")
    torch.testing.assert_close(found.links, links.to(torch.complex64), rtol=0, atol=1e-6)
    assert found.metadata["rows"] == 2
    assert found.metadata["header"]["CREATOR"] == "a = b"


def test_bridge_text_in_other_dress(tmp_path: Path, generator: torch.Generator) -> None:
    links = hot_start(SUN(3), (2, 2, 2, 2), generator)
    numbers = np.frombuffer(binary(links, "<c16"), "<f8")
    text = io.StringIO()
    np.savetxt(text, numbers.reshape(-1, 2), fmt="%.17g")
    (tmp_path / "a.txt").write_text(" \n" + text.getvalue() + "\n\n")
    assert torch.equal(read(tmp_path / "a.txt").links, links)
    (tmp_path / "b.txt").write_text("\n".join(f"{number:.9g}" for number in numbers))
    found = read(tmp_path / "b.txt")
    assert found.links.dtype == torch.complex64
    torch.testing.assert_close(found.links, links.to(torch.complex64), rtol=0, atol=6e-8)


def test_bridge_needs_the_shape_where_it_is_no_hypercube(tmp_path: Path, links: Tensor) -> None:
    write(tmp_path / "a.txt", links)
    with pytest.raises(UserError, match="no shape is given"):
        read(tmp_path / "a.txt")
    assert torch.equal(read(tmp_path / "a.txt", shape=SHAPE).links, links)
    with pytest.raises(UserError, match="group su2"):
        read(tmp_path / "a.txt", shape=SHAPE, group="su2")


def test_unitarity_tolerance_is_the_users(tmp_path: Path, links: Tensor) -> None:
    """Single-precision links stored as double are refused unless the user allows for them."""
    stored = links.to(torch.complex64).to(torch.complex128)
    path = lime(tmp_path / "a.lime", ("ildg-binary-data", binary(stored)))
    with pytest.raises(UserError, match=r"violation.*single-precision links.*tolerance"):
        read(path, shape=SHAPE)
    assert torch.equal(read(path, shape=SHAPE, tolerance=1e-5).links, stored)
