"""The covariant Laplacian: plane waves, Hermiticity, one site, and fields that do not fit."""

import math

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice import Laplacian, cold_start, hot_start

SETTINGS = {"u1": (3, 4), "su2": (2, 3, 5), "su3": (2, 1, 3, 2)}


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(11)


def vectors(links: Tensor, shape: tuple[int, ...], rng: torch.Generator, channels: int = 2) -> Tensor:
    colour = links.shape[-1] if links.is_complex() else 1
    return torch.randn(len(links), channels, *shape, colour, generator=rng, dtype=torch.complex128)


def waves(shape: tuple[int, ...], modes: tuple[int, ...]) -> tuple[Tensor, list[float]]:
    """``exp(i k x)`` on the lattice, and its k."""
    momentum = [2 * math.pi * mode / extent for mode, extent in zip(modes, shape, strict=True)]
    places = torch.meshgrid(*[torch.arange(extent, dtype=torch.float64) for extent in shape], indexing="ij")
    phase = sum(k * x for k, x in zip(momentum, places, strict=True))
    return torch.exp(1j * torch.as_tensor(phase)), momentum


@pytest.mark.parametrize("group", SETTINGS)
def test_plane_waves_are_eigenvectors_on_the_cold_field(group: str) -> None:
    shape = SETTINGS[group]
    links = cold_start(group, shape)
    colour = links.shape[-1] if links.is_complex() else 1
    for modes in ((0,) * len(shape), (1,) * len(shape), tuple(range(len(shape)))):
        wave, momentum = waves(shape, modes)
        v = wave[None, None, ..., None] * torch.arange(1, 1 + colour)
        eigenvalue = 0.3 + sum(4 * math.sin(k / 2) ** 2 for k in momentum)
        torch.testing.assert_close(Laplacian(links, 0.3)(v), eigenvalue * v)


def test_a_constant_abelian_field_shifts_the_momenta() -> None:
    """Told apart from the reversed links, which would shift them the other way."""
    links = torch.tensor([0.4, -0.9], dtype=torch.float64).reshape(1, 2, 1, 1).expand(1, 2, 5, 4)
    wave, momentum = waves((5, 4), (1, 2))
    v = wave[None, None, ..., None]
    eigenvalue = sum(2 - 2 * math.cos(k + a) for k, a in zip(momentum, (0.4, -0.9), strict=True))
    torch.testing.assert_close(Laplacian(links)(v), eigenvalue * v)


@pytest.mark.parametrize("group", SETTINGS)
def test_it_is_hermitian_with_its_spectrum_in_bounds(group: str, rng: torch.Generator) -> None:
    shape = SETTINGS[group]
    links = hot_start(group, shape, rng)
    size = math.prod(shape) * (links.shape[-1] if links.is_complex() else 1)
    basis = torch.eye(size, dtype=torch.complex128).reshape(1, size, *shape, -1)  # a channel for each vector
    matrix = Laplacian(links)(basis).reshape(size, size)
    torch.testing.assert_close(matrix, matrix.mH)
    eigenvalues = torch.linalg.eigvalsh(matrix)
    assert 0 < float(eigenvalues[0]) < float(eigenvalues[-1]) < 4 * len(shape)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_site(dtype: torch.dtype, rng: torch.Generator) -> None:
    links = hot_start("su3", (1, 1), rng, dtype=dtype)
    v = torch.randn(1, 1, 1, 1, 3, generator=rng, dtype=dtype.to_complex())
    u = links[0, :, 0, 0]
    expected = 4.5 * v[0, 0, 0, 0] - (u + u.mH).sum(0) @ v[0, 0, 0, 0]
    found = Laplacian(links, 0.5)(v)
    torch.testing.assert_close(found[0, 0, 0, 0], expected)
    assert found.dtype == v.dtype


@pytest.mark.parametrize(
    ("change", "came"),
    [
        (lambda v: v[..., :1], r"got \(2, 1, 3, 4, 1\)"),
        (lambda v: v[:, :, :2], r"got \(2, 1, 2, 4, 2\)"),
        (lambda v: v[:1], r"got \(1, 1, 3, 4, 2\)"),
        (lambda v: v[:, 0], r"got \(2, 3, 4, 2\)"),
        (lambda v: v.real, "in torch.float64"),
        (lambda v: v.to(torch.complex64), "in torch.complex64"),
    ],
    ids=["colour", "lattice", "batch", "channels", "real", "precision"],
)
def test_vectors_that_do_not_fit_are_refused(change, came: str, rng: torch.Generator) -> None:
    links = hot_start("su2", (3, 4), rng, 2)
    v = vectors(links, (3, 4), rng, channels=1)
    with pytest.raises(UserError, match=rf"expected \(2, channels, 3, 4, 2\) in torch.complex128, .*{came}"):
        Laplacian(links)(change(v))
