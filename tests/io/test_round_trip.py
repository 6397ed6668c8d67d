"""What is written is read back, in every format, precision and byte order, on lattices of four different extents."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1
from gaugeflow.io import FORMATS, convert, read, write
from gaugeflow.lattice import observables
from gaugeflow.lattice.fields import hot_start

SHAPE = (2, 4, 6, 8)
EXACT = [
    ("nersc", {}),
    ("nersc", {"byte_order": "little", "ensemble_id": "a test", "sequence_number": 7}),
    ("ildg", {"lfn": "lfn://gaugeflow/1", "info": "<a>b</a>"}),
    ("scidac", {"info": "text"}),
    ("bridge", {}),
    ("hdf5", {"action": "wilson", "beta": 6.0, "seed": 3}),
]
ROUNDED = [("milc", {}), ("milc", {"byte_order": "big"}), ("nersc", {"precision": 32}), ("ildg", {"precision": 32})]
WRITTEN = [name for name, form in FORMATS.items() if form.extensions]
COMPRESSED = [("nersc", {"compressed": True}), ("nersc", {"compressed": True, "byte_order": "little"})]


def haar(n: int, precision: int, generator: torch.Generator, shape: tuple[int, ...] = SHAPE, batch: int = 1) -> Tensor:
    real = torch.float32 if precision == 32 else torch.float64
    return hot_start(U1() if n == 1 else SUN(n), shape, generator, batch, real)


def there_and_back(folder: Path, links: Tensor, name: str, options: dict) -> Tensor:
    path = folder / "field.dat"
    write(path, links, name, **options)
    found = read(path, shape=SHAPE, group=f"su{links.shape[-1]}")
    assert found.format == name
    assert found.shape == SHAPE
    return found.links


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize(("name", "options"), EXACT)
def test_exact(tmp_path: Path, generator: torch.Generator, n: int, precision: int, name: str, options: dict) -> None:
    links = haar(n, precision, generator)
    assert torch.equal(there_and_back(tmp_path, links, name, options), links)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize(("name", "options"), ROUNDED)
def test_single_precision_of_a_format(
    tmp_path: Path, generator: torch.Generator, n: int, precision: int, name: str, options: dict
) -> None:
    links = haar(n, precision, generator)
    assert torch.equal(there_and_back(tmp_path, links, name, options), links.to(torch.complex64))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize(("name", "options"), COMPRESSED)
def test_rows_left_out_are_recomputed(
    tmp_path: Path, generator: torch.Generator, n: int, precision: int, name: str, options: dict
) -> None:
    links = haar(n, precision, generator)
    found = there_and_back(tmp_path, links, name, options)
    eps = torch.finfo(links.dtype).eps
    assert found.dtype == links.dtype
    assert torch.equal(found[..., :-1, :], links[..., :-1, :])
    torch.testing.assert_close(found, links, rtol=0, atol=20 * eps)


@pytest.mark.parametrize("name", ["nersc", "ildg", "scidac", "milc", "bridge"])
def test_order_of_the_numbers(tmp_path: Path, generator: torch.Generator, name: str) -> None:
    """t is slowest, then z, y, x, direction, row, column, real and imaginary part: every number by its own index."""
    links = haar(3, 32, generator)
    path = tmp_path / "field"
    write(path, links, name, **({"byte_order": "big"} if name in ("nersc", "milc") else {}))
    raw = path.read_bytes()
    nx, ny, nz, nt = SHAPE
    count = 72 * nx * ny * nz * nt
    if name == "bridge":
        numbers = [float(word) for word in raw.split()]
    else:
        record = f"{name}-binary-data".encode()
        start = raw.index(record) + 128 if record in raw else len(raw) - 4 * count
        numbers = list(struct.unpack(f">{count}f", raw[start : start + 4 * count]))
    field = links[0].numpy()
    picks = np.random.default_rng(5)
    for _ in range(300):
        mu, x, y, z, t, a, b = (int(picks.integers(k)) for k in (4, nx, ny, nz, nt, 3, 3))
        place = 2 * (b + 3 * (a + 3 * (mu + 4 * (x + nx * (y + ny * (z + nz * t))))))
        value = complex(field[mu, x, y, z, t, a, b])
        assert np.float32(numbers[place]) == np.float32(value.real)
        assert np.float32(numbers[place + 1]) == np.float32(value.imag)


def test_nersc_header(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 64, generator)
    path = tmp_path / "field.nersc"
    write(path, links, ensemble_id="an ensemble")
    lines = path.read_bytes().split(b"END_HEADER\n")[0].decode().splitlines()
    header = dict(line.split(" = ") for line in lines[1:])
    assert lines[0] == "BEGIN_HEADER"
    assert [header[f"DIMENSION_{axis}"] for axis in (1, 2, 3, 4)] == ["2", "4", "6", "8"]
    assert (header["DATATYPE"], header["FLOATING_POINT"]) == ("4D_SU3_GAUGE_3x3", "IEEE64BIG")
    assert header["ENSEMBLE_ID"] == "an ensemble"
    assert float(header["PLAQUETTE"]) == pytest.approx(float(observables.plaquette(links)[0]), abs=1e-12)
    assert float(header["LINK_TRACE"]) == pytest.approx(float(observables.link_trace(links)[0]), abs=1e-12)
    words = np.frombuffer(path.read_bytes().split(b"END_HEADER\n", 1)[1], ">u4")
    assert int(header["CHECKSUM"], 16) == sum(map(int, words)) % 2**32


@pytest.mark.parametrize(
    ("n", "shape"), [(1, (3, 5)), (1, (2, 3, 4)), (2, (3, 4)), (3, (2, 3, 4)), (3, (2, 2, 3, 2, 3))]
)
@pytest.mark.parametrize("precision", [32, 64])
def test_any_group_and_dimension_in_hdf5(
    tmp_path: Path, generator: torch.Generator, n: int, shape: tuple[int, ...], precision: int
) -> None:
    links = haar(n, precision, generator, shape, batch=5)
    path = tmp_path / "ensemble.h5"
    write(path, links, beta=2.5, action="wilson", seed=11, couplings=[0.5, 1.5], chain=[4, 3, 2, 1, 0], step=[9] * 5)
    found = read(path)
    assert torch.equal(found.links, links)
    assert found.links.dtype == links.dtype
    assert (found.shape, found.group) == (shape, "u1" if n == 1 else f"su{n}")
    assert found.metadata["chain"] == [4, 3, 2, 1, 0]
    assert found.metadata["step"] == [9] * 5
    attributes = found.metadata["attributes"]
    assert {key: attributes[key] for key in ("beta", "action", "seed", "couplings")} == {
        "beta": 2.5,
        "action": "wilson",
        "seed": 11,
        "couplings": [0.5, 1.5],
    }
    assert attributes["version_torch"] == str(torch.__version__)
    for select in (slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(-2, None), slice(3, 0, -2)):
        part = read(path, select=select)
        wanted = list(range(5))[select]
        assert torch.equal(part.links, links[wanted])
        assert part.metadata["selected"] == wanted


def test_every_format_converts_to_every_other(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 32, generator)
    single = [name for name in WRITTEN if name != "openqcd"]
    for first in single:
        source = tmp_path / f"from.{first}"
        write(source, links, first)
        for second in single:
            found = convert(source, tmp_path / f"to.{second}", second, shape=SHAPE)
            assert torch.equal(found.links, links), (first, second)
            assert found.format == second
            assert found.path == tmp_path / f"to.{second}"
            assert torch.equal(read(found.path, shape=SHAPE).links, links)


def test_convert_carries_what_an_ensemble_says(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 64, generator, batch=3)
    write(tmp_path / "a.h5", links, beta=6.0, chain=[2, 1, 0], step=[5, 5, 5])
    found = convert(tmp_path / "a.h5", tmp_path / "b.h5", select=slice(1, 3), precision=32)
    assert torch.equal(found.links, links[1:].to(torch.complex64))
    assert found.metadata["attributes"]["beta"] == 6.0
    assert (found.metadata["chain"], found.metadata["step"]) == ([1, 0], [5, 5])
    one = convert(tmp_path / "a.h5", tmp_path / "b.nersc", select=slice(2, 3), compressed=True)
    torch.testing.assert_close(one.links, links[2:], rtol=0, atol=1e-14)
    with pytest.raises(UserError, match="one configuration"):
        convert(tmp_path / "a.h5", tmp_path / "c.nersc")


def test_convert_notices_what_it_wrote_wrong(
    tmp_path: Path, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = haar(3, 64, generator)
    write(tmp_path / "a.ildg", links)
    write(tmp_path / "b.milc", links)
    honest = FORMATS["milc"].write
    monkeypatch.setattr(FORMATS["milc"], "write", lambda path, u, options: honest(path, u.roll(1, 2), options))
    with pytest.raises(UserError, match="found another"):
        convert(tmp_path / "a.ildg", tmp_path / "b.milc")
    assert torch.equal(read(tmp_path / "b.milc").links, links.to(torch.complex64))


def test_convert_to_itself(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 64, generator)
    write(tmp_path / "a.ildg", links)
    assert torch.equal(convert(tmp_path / "a.ildg", tmp_path / "a.ildg", precision=64).links, links)


def test_fields_of_other_programs_convert(tmp_path: Path, gauge_data: Path) -> None:
    for name in ("su3_4x4x4x4.bridge.txt", "su3_4x4x4x8_weak.lime", "su3_8x8x8x4.nersc", "su3_4x4x4x4.milc"):
        original = read(gauge_data / name)
        for target in WRITTEN:
            if target == "openqcd" and original.metadata["precision"] == 32:
                continue
            found = convert(gauge_data / name, tmp_path / "field", target)
            limit = 0 if target != "milc" else 6e-8
            assert float((found.links - original.links).abs().max()) <= limit


def test_checksums_are_those_of_the_other_programs(tmp_path: Path, gauge_data: Path) -> None:
    """Written anew, a file carries the checksums that its author's program computed."""
    for name in ("su3_4x4x4x8_weak.lime", "su3_8x8x8x4.nersc", "su3_4x4x4x4.milc", "su3_4x4x4x4.scidac"):
        original = read(gauge_data / name)
        found = convert(gauge_data / name, tmp_path / "field", original.format)
        assert found.metadata["checksum"] == original.metadata["checksum"]


@pytest.mark.parametrize("name", ["nersc", "ildg", "scidac", "milc", "bridge"])
def test_fields_a_format_cannot_hold(tmp_path: Path, generator: torch.Generator, name: str) -> None:
    fields = {
        "2D": haar(3, 64, generator, (4, 4)),
        "5D": haar(2, 64, generator, (2, 2, 2, 2, 2)),
        r"u1 angles": haar(1, 64, generator, SHAPE),
        "a batch of 2": haar(3, 64, generator, (2, 2, 2, 2), batch=2),
    }
    for reason, links in fields.items():
        with pytest.raises(UserError, match=reason):
            write(tmp_path / "field", links, name)
    assert not list(tmp_path.iterdir())


def test_writing_refuses_what_no_reader_would_take(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 64, generator, (2, 2, 2, 2))
    bad = {
        "violation of 0.0": (links * (1 + 1e-3), {}),
        "violation of nan": (links * float("nan"), {}),
        "write single precision": (haar(3, 32, generator, (2, 2, 2, 2)), {"precision": 64}),
        "precision: expected": (links, {"precision": 16}),
        "byte_order: expected": (links, {"byte_order": "middle"}),
        "may not replace": (links, {"checksum": "0"}),
        "printable": (links, {"note": "a\nb"}),
        "layout|links: expected": (links[0], {}),
    }
    for reason, (field, options) in bad.items():
        with pytest.raises(UserError, match=reason):
            write(tmp_path / "field.nersc", field, **options)
    with pytest.raises(UserError, match="did you mean 'precision'"):
        write(tmp_path / "field.ildg", links, precison=32)
    with pytest.raises(UserError, match="extension"):
        write(tmp_path / "field.dat", links)
    with pytest.raises(UserError, match="format: expected one of nersc"):
        write(tmp_path / "field.dat", links, "nersk")
    with pytest.raises(UserError, match="text, a number"):
        write(tmp_path / "field.h5", links, what={"a": 1})
    with pytest.raises(UserError, match="chain: expected 1 whole"):
        write(tmp_path / "field.h5", links, chain=[1, 2])
    assert not list(tmp_path.iterdir())


def test_views_and_gradients_are_written(tmp_path: Path, generator: torch.Generator) -> None:
    links = haar(3, 64, generator)
    for name in ("nersc", "hdf5"):
        write(tmp_path / "field", links.mH.requires_grad_(), name)
        assert torch.equal(read(tmp_path / "field").links, links.mH)
    angles = torch.complex(haar(1, 64, generator, (4, 4)), torch.zeros(1, 2, 4, 4, dtype=torch.float64)).conj()
    write(tmp_path / "u1.h5", (1j * angles).imag)
    assert torch.equal(read(tmp_path / "u1.h5").links, angles.real)
