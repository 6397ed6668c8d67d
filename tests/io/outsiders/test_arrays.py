"""Links in arrays of numpy, torch and HDF5 of other programs."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1
from gaugeflow.io import read
from gaugeflow.lattice.fields import cold_start, gauge_transform, hot_start
from tests.io.outsiders.cases import SHAPE


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
