"""LIME files of other people: bytes behind the last record, several fields, other spellings."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN
from gaugeflow.io import convert, read, write
from gaugeflow.io.checksums import scidac_checksum
from gaugeflow.io.lime.xml import ildg_format_xml
from gaugeflow.lattice.fields import hot_start
from tests.io.outsiders.cases import SHAPE, binary, lime


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
