"""Files under gzip, bzip2 and xz."""

import bz2
import gzip
import io
import lzma
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io import packed, read, write
from tests.io.outsiders.cases import SHAPE

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
