"""Killed processes and full disks: what was whole before is whole after.

Run as a script, this file is the process whose children are killed while they write.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN
from gaugeflow.io import FORMATS, EnsembleWriter, convert, read, write
from gaugeflow.io.atomic import replacing

KILLS = 12
ANGLES_SHAPE = (6, 6)
SHAPE = (2, 2, 2, 4)


def angles(index: int) -> Tensor:
    """The configuration that belongs at a place of the ensemble."""
    return torch.sin(index + torch.arange(72.0, dtype=torch.float64)).reshape(1, 2, *ANGLES_SHAPE)


def field(index: int) -> Tensor:
    """One of three fields that take turns in a file."""
    generator = torch.Generator().manual_seed(index % 3)
    return SUN(3).haar((1, 4, *SHAPE), generator)


class Victim:
    """A process that forks writers, to be killed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self.answer() == "ready"

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill_one(self, command: str, path: Path, seconds: float) -> None:
        """Lets a writer run so long, counted from when the file is there, and kills it."""
        assert self.process.stdin is not None
        print(f"{command} {path}", file=self.process.stdin, flush=True)
        child = int(self.answer())
        while not path.exists():
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert self.answer() == "gone"

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    victim = Victim()
    yield victim
    victim.close()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes; the system answers as it does when a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_killed_while_appending(tmp_path: Path, victim: Victim) -> None:
    """After each kill anybody's HDF5 opens the file, every configuration is the right one, and the next run goes on."""
    path = tmp_path / "chain.h5"
    counts = [0]
    for turn in range(KILLS):
        victim.kill_one("append", path, 0.02 + 0.013 * turn)
        with h5py.File(path, "r") as file:
            assert int(file["count"][0]) == read(path).metadata["count"]
            assert file["links"].shape[0] >= file["count"][0]
        found = read(path)
        counts.append(found.links.shape[0])
        for index in (0, counts[-1] // 2, counts[-1] - 1):
            assert counts[-1] == 0 or torch.equal(found.links[index : index + 1], angles(index))
    assert counts == sorted(counts)
    assert counts[-1] > 100
    everything = torch.cat([angles(index) for index in range(counts[-1])])
    assert torch.equal(read(path).links, everything)
    with EnsembleWriter.open(path, count=70) as writer:
        assert writer.count == 70
        writer.append(angles(70))
    assert torch.equal(read(path).links, everything[:71])


@pytest.mark.parametrize("name", sorted(name for name, form in FORMATS.items() if form.extensions))
def test_killed_while_replacing(tmp_path: Path, victim: Victim, name: str) -> None:
    path = tmp_path / "field"
    write(path, field(0), name)
    fields = [field(index) for index in range(3)]
    for turn in range(3):
        victim.kill_one(f"write {name}", path, 0.03 + 0.01 * turn)
        found = read(path, shape=SHAPE)
        single = [u.to(found.links.dtype) for u in fields]
        assert any(torch.equal(found.links, u) for u in single)
    assert len(list(tmp_path.iterdir())) <= 4  # at most one temporary file from each kill


@pytest.mark.parametrize("name", sorted(name for name, form in FORMATS.items() if form.extensions))
def test_full_disk(tmp_path: Path, name: str) -> None:
    path = tmp_path / "field"
    write(path, field(0), name)
    old = path.read_bytes()
    for size in (0, 50, 3000, len(old) // 2, len(old) - 20):
        with disk_of(size), pytest.raises(UserError, match="expected to write this file, found: "):
            write(path, field(1), name)
        assert path.read_bytes() == old
        assert list(tmp_path.iterdir()) == [path]
    write(path, field(1), name)
    assert path.read_bytes() != old


def test_full_disk_while_appending(tmp_path: Path) -> None:
    path = tmp_path / "chain.h5"
    with EnsembleWriter.create(path, "u1", ANGLES_SHAPE, capacity=4) as writer:
        writer.append(torch.cat([angles(0), angles(1)]))
        before = path.read_bytes()
        room = before.index(angles(1).numpy().tobytes()) + 72 * 8 + 100  # so that a third one fits in part
        for batch in (1, 2, 7):  # within the room that is there, and beyond it
            with disk_of(room), pytest.raises(UserError, match=r"configuration 2|to write this file"):
                writer.append(torch.cat([angles(2)] * batch))
            assert read(path).links.shape[0] == writer.count == 2
        assert len(path.read_bytes()) == len(before)
        writer.append(torch.cat([angles(2 + k) for k in range(7)]))
    assert torch.equal(read(path).links, torch.cat([angles(k) for k in range(9)]))
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def interrupt(temporary: Path) -> None:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        interrupt(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.nersc").mkdir()
    for path, reason in {
        tmp_path / "absent" / "a.nersc": "No such file",
        tmp_path / "folder.nersc": "directory",
        tmp_path / ("x" * 300 + ".nersc"): "too long",
        tmp_path / "a\0b.nersc": "null character",
    }.items():
        with pytest.raises(UserError, match=reason):
            write(path, field(0))
    assert [p.name for p in tmp_path.iterdir()] == ["folder.nersc"]


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a.ildg").symlink_to(tmp_path / "real" / "b.ildg")
    write(tmp_path / "a.ildg", field(0))
    assert (tmp_path / "a.ildg").is_symlink()
    assert torch.equal(read(tmp_path / "real" / "b.ildg").links, field(0))


def test_a_conversion_that_fails_leaves_the_target(tmp_path: Path) -> None:
    write(tmp_path / "a.ildg", field(0))
    write(tmp_path / "b.nersc", field(1))
    data = bytearray((tmp_path / "a.ildg").read_bytes())
    data[-400] ^= 1
    (tmp_path / "a.ildg").write_bytes(data)
    with pytest.raises(UserError, match="checksum"):
        convert(tmp_path / "a.ildg", tmp_path / "b.nersc")
    assert torch.equal(read(tmp_path / "b.nersc").links, field(1))


def append_for_ever(path: str) -> None:
    if os.path.exists(path):
        writer = EnsembleWriter.open(path)
    else:
        writer = EnsembleWriter.create(path, "u1", ANGLES_SHAPE, capacity=2, beta=1.0)
    while True:
        batch = 1 + writer.count % 5
        writer.append(torch.cat([angles(writer.count + k) for k in range(batch)]))


def replace_for_ever(name: str, path: str) -> None:
    index = 0
    while True:
        write(path, field(index), name)
        index += 1


def main() -> None:
    """For each line on standard input, ``append PATH`` or ``write FORMAT PATH``, forks a child that never stops."""
    torch.set_num_threads(1)
    field(0)  # what is loaded late is loaded before the fork
    print("ready", flush=True)
    for line in sys.stdin:
        act, *arguments = line.split()
        child = os.fork()
        if child == 0:
            {"append": append_for_ever, "write": replace_for_ever}[act](*arguments)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
