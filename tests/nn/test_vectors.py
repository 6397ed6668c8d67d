"""Linear layers of site vectors and the preconditioner: closed forms, adjoints, symmetry, and what they are for."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import Laplacian, cold_start, hot_start, shift, wilson_lines
from gaugeflow.linalg import conjugate_gradients
from gaugeflow.nn import GaugeTheory, Preconditioner, PTConv
from gaugeflow.nn.layers.sources import link_matrices
from gaugeflow.symmetry import Hypercubic, Links, SiteVectors, assert_equivariant, check

SETTINGS = {"u1": (4, 2), "su2": (2, 4, 2), "su3": (4, 2, 2, 2), "su4": (2, 6)}
MANY = ["", "+x", "-x", "+y +x", "+x +y", "+x +y -x -y"]
"""The site, steps, two ways to one place, and a loop."""


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def vectors(links: Tensor, shape: tuple[int, ...], rng: torch.Generator, channels: int = 1) -> Tensor:
    colour = links.shape[-1] if links.is_complex() else 1
    dtype = links.dtype.to_complex()
    return torch.randn(len(links), channels, *shape, colour, generator=rng, dtype=dtype)


def setting(group: str, rng: torch.Generator, channels: int = 1) -> tuple[GaugeTheory, Tensor, Tensor]:
    """A theory with two random configurations and vectors on them."""
    shape = SETTINGS[group]
    links = hot_start(group, shape, rng, 2)
    return GaugeTheory(group, len(shape)), links, vectors(links, shape, rng, channels)


def product(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.vecdot(a.flatten(1), b.flatten(1))


@pytest.mark.parametrize("group", SETTINGS)
def test_the_laplacian_is_one_of_the_layers(group: str, rng: torch.Generator) -> None:
    theory, links, v = setting(group, rng)
    layer = PTConv(theory, 1, 1)
    centre = [2 * theory.ndim + 0.25 if path == () else -1 for path in layer.paths]
    layer.weight.set_(torch.tensor([centre]))
    laplacian = Laplacian(links, 0.25)
    torch.testing.assert_close(layer(links, v), laplacian(v))
    assert layer.over(links).hops == laplacian.hops == 2 * theory.ndim


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("phases", [False, True])
@pytest.mark.parametrize("group", SETTINGS)
def test_the_formula_path_by_path(group: str, phases: bool, stride: int, rng: torch.Generator) -> None:
    theory, links, v = setting(group, rng, channels=2)
    layer = PTConv(theory, 2, 3, generator=rng, paths=MANY, stride=stride, phases=phases)
    weight = torch.view_as_complex(layer.weight()) if phases else layer.weight() + 0j
    expected = torch.zeros(2, 3, *v.shape[2:], dtype=torch.complex128)
    for path, omega in zip(layer.paths, weight.unflatten(1, (len(MANY), 2)).unbind(1), strict=True):
        end = v
        for axis in range(theory.ndim):
            end = shift(end, axis + 1, path.count(axis + 1) - path.count(-axis - 1))
        if path:
            line = link_matrices(wilson_lines(links, path))
            end = (line.unsqueeze(1) @ end.unsqueeze(-1)).squeeze(-1)
        expected += torch.einsum("ic,bc...->bi...", omega, end)
    corners = (..., *[slice(None, None, stride)] * theory.ndim, slice(None))
    torch.testing.assert_close(layer(links, v), expected[corners])


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("group", SETTINGS)
def test_adjoints(group: str, stride: int, rng: torch.Generator) -> None:
    theory, links, v = setting(group, rng, channels=2)
    stencil = PTConv(theory, 2, 3, generator=rng, paths=MANY, stride=stride, phases=True).over(links)
    out = stencil(v)
    u = torch.randn(out.shape, generator=rng, dtype=out.dtype)
    torch.testing.assert_close(product(u, out), product(stencil.adjoint(u), v))


def test_plane_waves_on_the_cold_field(rng: torch.Generator) -> None:
    """The layer multiplies them by ``sum_p omega_p exp(i k d_p)``, a matrix of channels."""
    layer = PTConv(GaugeTheory("su2", 2), 2, 2, generator=rng, phases=True)
    kx, ky = 2 * math.pi / 5, 4 * math.pi / 3
    x, y = torch.meshgrid(torch.arange(5).double(), torch.arange(3).double(), indexing="ij")
    wave = torch.exp(1j * (kx * x + ky * y))
    amplitude = torch.randn(1, 2, 1, 1, 2, generator=rng, dtype=torch.complex128)
    steps = torch.tensor([[path.count(a) - path.count(-a) for a in (1, 2)] for path in layer.paths])
    phase = torch.exp(1j * (steps.double() @ torch.tensor([kx, ky], dtype=torch.float64)))
    symbol = torch.einsum("ipc,p->ic", torch.view_as_complex(layer.weight()).unflatten(1, (-1, 2)), phase)
    out = layer(cold_start("su2", (5, 3)), amplitude * wave[..., None])
    torch.testing.assert_close(out, torch.einsum("ic,bc...->bi...", symbol, amplitude) * wave[..., None])


def test_one_site(rng: torch.Generator) -> None:
    links = hot_start("su3", (1, 1), rng)
    v = vectors(links, (1, 1), rng)
    layer = PTConv(GaugeTheory("su3", 2), 1, 1, paths=["+x", "-y", ""])
    layer.weight.set_(torch.tensor([[2.0, 3.0, 0.5]]))
    u = links[0, :, 0, 0]
    expected = (2 * u[0] + 3 * u[1].mH + 0.5 * torch.eye(3)) @ v[0, 0, 0, 0]
    torch.testing.assert_close(layer(links, v)[0, 0, 0, 0], expected)


def test_it_is_linear_in_vectors_and_in_weights(rng: torch.Generator) -> None:
    theory, links, v = setting("su2", rng, channels=2)
    first, second, both = (PTConv(theory, 2, 2, generator=rng, phases=True) for _ in range(3))
    both.weight.set_(first.weight() - 2 * second.weight())
    torch.testing.assert_close(both(links, v), first(links, v) - 2 * second(links, v))
    torch.testing.assert_close(first(links, (1 - 2j) * v), (1 - 2j) * first(links, v))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("phases", [False, True])
@pytest.mark.parametrize("group", ["u1", "su2"])
def test_tied_layers_keep_every_symmetry(group: str, phases: bool, dtype: torch.dtype, rng: torch.Generator) -> None:
    theory = GaugeTheory(group, 2, rotations="all")
    fields = hot_start(group, (4, 4), rng, 2, dtype=dtype)
    examples = (Links(fields), SiteVectors(vectors(fields, (4, 4), rng, 2)))
    layer = PTConv(theory, 2, 2, generator=rng, phases=phases)
    symmetries = "gauge * translations * hypercubic" + ("" if phases else " * charge")
    assert_equivariant(layer, examples, symmetries, out=SiteVectors, trials=6, chunk_size=3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("group", "shape"), [("u1", (4, 8)), ("su2", (4, 4)), ("su3", (2, 4, 4))])
def test_the_preconditioner_keeps_the_symmetries_of_its_corners(
    group: str, shape: tuple[int, ...], dtype: torch.dtype, rng: torch.Generator
) -> None:
    rotations = "all" if len({*shape}) == 1 else "none"
    fields = hot_start(group, shape, rng, 2, dtype=dtype)
    examples = (Links(fields), SiteVectors(vectors(fields, shape, rng)))
    m = Preconditioner(GaugeTheory(group, len(shape), rotations=rotations), 1, smoothing=["", *_steps(len(shape))])
    for parameter in m.parameters():
        torch.nn.init.normal_(parameter, generator=rng)
    symmetries = "gauge * charge" + (" * hypercubic" if rotations == "all" else "")
    assert_equivariant(m, examples, symmetries, out=SiteVectors, trials=6, chunk_size=3)


def test_the_preconditioner_keeps_translations_of_the_coarsest_lattice(rng: torch.Generator) -> None:
    links = hot_start("su2", (8, 4), rng)
    v = vectors(links, (8, 4), rng)
    m = Preconditioner(GaugeTheory("su2", 2), 2)
    torch.testing.assert_close(m(links.roll(4, 2), v.roll(4, 2)), m(links, v).roll(4, 2))
    assert not torch.allclose(m(links.roll(2, 2), v.roll(2, 2)), m(links, v).roll(2, 2))


def _steps(ndim: int) -> list[tuple[int]]:
    return [(sign * axis,) for axis in range(1, 1 + ndim) for sign in (1, -1)]


@pytest.mark.parametrize(
    ("options", "symmetry"),
    [({"phases": True}, "charge"), ({"stride": 2}, "translations"), ({"paths": ["+x", ""]}, Hypercubic())],
)
def test_a_symmetry_that_is_given_up_is_gone(options: dict, symmetry, rng: torch.Generator) -> None:
    """The properties above can fail."""
    links = hot_start("su2", (4, 4), rng, 2)
    layer = PTConv(GaugeTheory("su2", 2), 1, 1, generator=rng, **options)

    def f(links: Tensor, v: Tensor) -> Tensor:
        stencil = layer.over(links)
        return stencil.adjoint(stencil(v))

    examples = (Links(links), SiteVectors(vectors(links, (4, 4), rng)))
    f_or_layer = f if "stride" in options else layer
    assert not check(f_or_layer, examples, symmetry, out=SiteVectors, trials=6, diagnose=False).holds


@pytest.mark.parametrize("group", ["u1", "su2"])
def test_the_preconditioner_is_hermitian_and_positive(group: str, rng: torch.Generator) -> None:
    links = hot_start(group, (4, 4), rng)
    size = 16 * (links.shape[-1] if links.is_complex() else 1)
    basis = torch.eye(size, dtype=torch.complex128).reshape(size, 1, 4, 4, -1)
    m = Preconditioner(GaugeTheory(group, 2), 2)
    for parameter in m.parameters():
        torch.nn.init.normal_(parameter, generator=rng)
    matrix = m(links.expand(size, *links.shape[1:]), basis).detach().reshape(size, size)
    torch.testing.assert_close(matrix, matrix.mH)
    assert float(torch.linalg.eigvalsh(matrix)[0]) > 0


@pytest.mark.parametrize("shape", [(8, 8), (4, 8, 4)])
def test_constant_vectors_are_amplified_level_by_level(shape: tuple[int, ...]) -> None:
    """``R 1 = 2^(1 + D/2)`` and ``R^+ 1 = 2^(1 - D/2)``: at first each level has four times the share of the last."""
    levels, ndim = 2, len(shape)
    ones = torch.ones(1, 1, *shape, 2, dtype=torch.complex128)
    out = Preconditioner(GaugeTheory("su2", ndim), levels)(cold_start("su2", shape), ones)
    torch.testing.assert_close(out, sum(4**level for level in range(1 + levels)) / (2 * ndim) * ones)


def test_hops_are_counted_by_what_moves() -> None:
    su2, links = GaugeTheory("su2", 2), cold_start("su2", (8, 8))
    assert PTConv(su2, 2, 3).over(links).hops == 4 * 2 * 3
    assert PTConv(su2, 1, 1, paths=MANY).over(links).hops == 3  # two ways to one place are one matrix, a loop none
    assert PTConv(su2, 1, 1, stride=2).over(links).hops == 1
    assert Preconditioner(su2, 0).over(links).hops == 0
    assert Preconditioner(su2, 3).over(links).hops == 2 * 2 * (1 + 1 / 4 + 1 / 16)
    assert Preconditioner(su2, 1, smoothing=["", *_steps(2)]).over(links).hops == 2 * 2 + 2 * 4 * (1 + 1 / 4)


@pytest.mark.slow
def test_iterations_on_fresh_fields_are_halved_and_training_saves_more() -> None:
    """SU(2) near the unit element, 8 x 8 for training, 16 x 16 for the test, m^2 = 0.01."""

    def fields(extent: int, seed: int) -> tuple[Laplacian, Tensor]:
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(2, 2, extent, extent, 3, generator=rng, dtype=torch.float64)
        links = get_group("su2").exp(0.5 * noise)
        return Laplacian(links, 0.01), vectors(links, (extent, extent), rng)

    def steps() -> float:
        with torch.no_grad():
            found = conjugate_gradients(fresh, b, precondition=m.over(fresh.links))
            truth = conjugate_gradients(fresh, b)
        torch.testing.assert_close(found.x, truth.x, atol=1e-6, rtol=0)
        return float(truth.iterations.sum() / found.iterations.sum())

    m = Preconditioner(GaugeTheory("su2", 2, rotations="all"), 3)
    (seen, target), (fresh, b) = fields(8, 1), fields(16, 2)
    optimiser = torch.optim.LBFGS(m.parameters(), max_iter=5, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        maps = m.over(seen.links)
        value = conjugate_gradients(seen, target, precondition=maps, tolerance=0, iterations=6).residual.log().mean()
        value.backward()
        return value

    before = steps()
    optimiser.step(loss)
    assert 2 < before < steps()


SU2 = GaugeTheory("su2", 2)
LINKS = hot_start("su2", (4, 6), torch.Generator().manual_seed(0), 2)
V = torch.zeros(2, 1, 4, 6, 2, dtype=torch.complex128)
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "colour of the links": (
        lambda: PTConv(GaugeTheory("su3", 2), 1, 1)(LINKS, V),
        "expected su3 links in 2 dimensions, got su2",
    ),
    "colour of the vectors": (lambda: PTConv(SU2, 1, 1)(LINKS, V[..., :1]), r"got \(2, 1, 4, 6, 1\)"),
    "lattice": (lambda: PTConv(SU2, 1, 1)(LINKS, V[:, :, :3]), r"expected .*\(2, 1, 4, 6, 2\).*got \(2, 1, 3, 6, 2\)"),
    "channels": (lambda: PTConv(SU2, 2, 1)(LINKS, V), r"\(2, 2, 4, 6, 2\)"),
    "precision": (lambda: PTConv(SU2, 1, 1)(LINKS, V.to(torch.complex64)), "complex128, got .* in torch.complex64"),
    "no path": (lambda: PTConv(SU2, 1, 1, paths=[]), "at least one"),
    "a path that is none": (lambda: PTConv(SU2, 1, 1, paths=["x"]), "signed directions"),
    "a path of another dimension": (lambda: PTConv(SU2, 1, 1, paths=[(3,)]), r"steps \+-1 ... \+-2"),
    "stride": (lambda: PTConv(SU2, 1, 1, stride=0), "stride >= 1, got 0"),
    "odd extents": (lambda: PTConv(SU2, 1, 1, stride=4)(LINKS, V), r"divisible by 4, got \(4, 6\)"),
    "odd extents of a level": (lambda: Preconditioner(SU2, 2)(LINKS, V), r"divisible by 4, got \(4, 6\)"),
    "levels": (lambda: Preconditioner(SU2, -1), "levels >= 0, got -1"),
    "adjoint": (lambda: PTConv(SU2, 1, 1, stride=2).over(LINKS).adjoint(V), r"\(2, 1, 2, 3, 2\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str) -> None:
    build, message = WRONG[case]
    with pytest.raises(UserError, match=message):
        build()
