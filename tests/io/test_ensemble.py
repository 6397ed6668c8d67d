"""Ensembles that grow while a chain runs."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1
from gaugeflow.io import EnsembleWriter, read
from gaugeflow.io.hdf5.layout import CHUNK_BYTES
from gaugeflow.lattice.fields import hot_start

SHAPE = (3, 4)


def angles(generator: torch.Generator, batch: int) -> Tensor:
    return hot_start(U1(), SHAPE, generator, batch)


def test_append_and_read(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    batches = [hot_start(SUN(2), SHAPE, generator, 3) for _ in range(4)]
    with EnsembleWriter.create(path, "su2", SHAPE, capacity=12, action="wilson", beta=2.2, seed=5) as writer:
        for place, batch in enumerate(batches):
            writer.append(batch, step=10 * place)
            assert writer.count == 3 * place + 3
            assert torch.equal(read(path).links, torch.cat(batches[: place + 1]))  # while the writer has it open
    found = read(path)
    assert torch.equal(found.links, torch.cat(batches))
    assert found.metadata["chain"] == [0, 1, 2] * 4
    assert found.metadata["step"] == [0] * 3 + [10] * 3 + [20] * 3 + [30] * 3
    assert found.metadata["attributes"]["seed"] == 5


def test_steps_count_by_themselves_also_after_reopening(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    with EnsembleWriter.create(path, U1(), SHAPE) as writer:
        writer.append(angles(generator, 2))
        writer.append(angles(generator, 2), chain=[7, 9])
    with EnsembleWriter.open(path) as writer:
        writer.append(angles(generator, 1))
    assert read(path).metadata["step"] == [0, 0, 1, 1, 2]
    assert read(path).metadata["chain"] == [0, 1, 7, 9, 0]


def test_grows_beyond_its_room(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    batches = [angles(generator, 5) for _ in range(7)]
    with EnsembleWriter.create(path, "u1", SHAPE, capacity=1, beta=1.5, couplings=[1.0, 2.0]) as writer:
        for batch in batches:
            writer.append(batch)
    found = read(path)
    assert torch.equal(found.links, torch.cat(batches))
    assert found.metadata["attributes"]["couplings"] == [1.0, 2.0]
    assert list(tmp_path.iterdir()) == [path]


def test_dropping_the_end(tmp_path: Path, generator: torch.Generator) -> None:
    """A run that resumes from a checkpoint forgets what came after it."""
    path = tmp_path / "chain.h5"
    first, second, third = (angles(generator, 2) for _ in range(3))
    with EnsembleWriter.create(path, "u1", SHAPE) as writer:
        writer.append(first)
        writer.append(second)
    with EnsembleWriter.open(path, count=2) as writer:
        assert torch.equal(read(path).links, first)
        writer.append(third)
    assert torch.equal(read(path).links, torch.cat([first, third]))
    assert read(path).metadata["step"] == [0, 0, 1, 1]
    for count in (5, -1):
        with pytest.raises(UserError, match="configurations"):
            EnsembleWriter.open(path, count=count)
    assert read(path).links.shape[0] == 4


def test_plain_hdf5_reads_it(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    links = hot_start(SUN(3), (2, 2, 2, 2), generator, 3)
    with EnsembleWriter.create(path, "su3", (2, 2, 2, 2), capacity=100, action="iwasaki", beta=2.6) as writer:
        writer.append(links)
    with h5py.File(path, "r") as file:
        data = file["links"]
        assert data.shape == (100, 4, 2, 2, 2, 2, 3, 3)
        assert data.chunks is not None
        assert data.chunks[1:] == data.shape[1:]
        assert np.prod(data.chunks) * 16 <= CHUNK_BYTES
        assert np.array_equal(data[: file["count"][0]], links.numpy())
        assert (file.attrs["action"], file.attrs["beta"], file.attrs["group"]) == ("iwasaki", 2.6, "su3")
        assert "version_gaugeflow" in file.attrs


def test_room_takes_no_disk_space(tmp_path: Path) -> None:
    path = tmp_path / "chain.h5"
    EnsembleWriter.create(path, "su3", (8, 8, 8, 8), capacity=10000).close()
    assert path.stat().st_size > 10000 * 4 * 8**4 * 9 * 16
    assert path.stat().st_blocks * 512 < 4 << 20
    assert read(path).links.shape == (0, 4, 8, 8, 8, 8, 3, 3)


@pytest.mark.parametrize("capacity", [1, 2, 63, 64, 65, 127, 129, 2100])
def test_chunks_follow_one_another(
    tmp_path: Path, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch, capacity: int
) -> None:
    """However many there are: a configuration stands where it is looked for."""
    monkeypatch.setattr("gaugeflow.io.hdf5.layout.CHUNK_BYTES", 1)
    path = tmp_path / "chain.h5"
    links = angles(generator, capacity)
    with EnsembleWriter.create(path, "u1", SHAPE, capacity=capacity, note="x" * 3000) as writer:
        for part in links.split(600):
            writer.append(part)
    with h5py.File(path, "r") as file:
        assert file["links"].shape[0] == capacity
        assert file["links"].id.get_num_chunks() <= 64
        assert np.array_equal(file["links"][()], links.numpy())
    assert torch.equal(read(path).links, links)


def test_more_room_than_a_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="room for at most 7232 configurations"):
        EnsembleWriter.create(tmp_path / "a.h5", "su3", (16, 16, 16, 16), capacity=10**6)


def test_one_damaged_configuration(tmp_path: Path, generator: torch.Generator) -> None:
    """It is named, and the others can be read."""
    path = tmp_path / "chain.h5"
    links = angles(generator, 9)
    with EnsembleWriter.create(path, "u1", SHAPE) as writer:
        writer.append(links)
    data = bytearray(path.read_bytes())
    data[data.index(links[5].numpy().tobytes()) + 3] ^= 4
    path.write_bytes(data)
    with pytest.raises(UserError, match="configuration 5"):
        read(path)
    with pytest.raises(UserError, match="configuration 5"):
        read(path, select=slice(None, 3, -1))
    assert torch.equal(read(path, select=slice(0, 5)).links, links[:5])
    assert torch.equal(read(path, select=slice(6, None)).links, links[6:])


def test_one_writer_at_a_time(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    with EnsembleWriter.create(path, "u1", SHAPE, capacity=1) as writer:
        with pytest.raises(UserError, match="another process"):
            EnsembleWriter.open(path)
        writer.append(angles(generator, 4))  # moves to a file with more room
        with pytest.raises(UserError, match="another process"):
            EnsembleWriter.open(path)
    EnsembleWriter.open(path).close()


def test_refused_configurations(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "chain.h5"
    good = angles(generator, 1)
    with EnsembleWriter.create(path, "u1", SHAPE) as writer:
        for bad in (
            good[:, :, :2],
            good.float(),
            good.half(),
            good * float("nan"),
            hot_start(SUN(2), SHAPE, generator),
            good[0],
        ):
            with pytest.raises(UserError, match="expected"):
                writer.append(bad)
        with pytest.raises(UserError, match="chain: expected 1"):
            writer.append(good, chain=[0, 1])
        assert writer.count == 0
        writer.append(good)
    with pytest.raises(UserError, match="closed"):
        writer.append(good)
    writer.close()
    assert torch.equal(read(path).links, good)


def test_what_cannot_become_an_ensemble(tmp_path: Path) -> None:
    path = tmp_path / "chain.h5"
    for wrong in (
        {"group": "e8"},
        {"shape": (4,)},
        {"shape": (4, 0)},
        {"dtype": torch.float16},
        {"capacity": 0},
        {"what": object()},
        {"what": "x" * 100000},
        {"what": 2**70},
        {"what": "a\0b"},
        {"what": None},
    ):
        with pytest.raises(UserError, match="expected"):
            EnsembleWriter.create(path, **{"group": "su3", "shape": SHAPE, **wrong})
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="No such file"):
        EnsembleWriter.open(path)
    path.write_bytes(b"text")
    with pytest.raises(UserError, match="user block"):
        EnsembleWriter.open(path)
