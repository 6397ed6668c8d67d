"""Every registered layer keeps its symmetries in both precisions, is not constant, and has right derivatives."""

import itertools
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from gaugeflow.lattice import gauge_transform, hot_start
from gaugeflow.nn import (
    LAYERS,
    LCNN,
    Channels,
    GaugeTheory,
    Layer,
    LConv,
    LConvBilin,
    LExp,
    LNorm,
    Plaq,
    Poly,
    Readout,
    Residual,
    Sources,
    Stack,
    Trace,
    build_layer,
)
from gaugeflow.symmetry import Hypercubic, Links, Scalars, SiteMatrices, SiteScalars, assert_equivariant, check

SETTINGS = {"u1": (3, 4), "su2": (2, 3, 2), "su3": (2, 2, 2, 3), "su4": (4, 3)}
"""One lattice for each group, D = 2, 3, 4."""
SAME_LATTICE = sorted(set(LAYERS) - {"block"})
TURNED = ("u1", "su2")
ROTATIONS = {"all": Hypercubic(), "spatial": Hypercubic(axes=(0, 1))}
EVERY = "gauge * translations * hypercubic"


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def fields(
    theory: GaugeTheory, shape: tuple[int, ...], rng: torch.Generator, channels: int = 2
) -> tuple[Tensor, Tensor]:
    """Two configurations of random links, and random site matrices."""
    links = hot_start(theory.group, shape, rng, chains=2)
    n = theory.group.n
    return links, torch.randn(2, channels, *shape, n, n, generator=rng, dtype=torch.complex128)


def new_field(layer: Layer) -> tuple[Callable[[Tensor, Tensor], Tensor], type]:
    """What a layer changes, the links or the site matrices, as a function with the type of its output."""
    changes_links = type(layer).new_links is not Layer.new_links
    return (lambda links, w: layer(links, w)[0 if changes_links else 1]), Links if changes_links else SiteMatrices


@pytest.mark.parametrize("name", SAME_LATTICE)
@pytest.mark.parametrize("group", SETTINGS)
def test_layers_are_covariant_under_gauge_rotations_and_translations(
    group: str, name: str, rng: torch.Generator
) -> None:
    shape = SETTINGS[group]
    theory = GaugeTheory(group, len(shape))
    links, w = fields(theory, shape, rng)
    f, out = new_field(build_layer(name, theory, 2, 2, generator=rng))
    assert_equivariant(f, (Links(links), SiteMatrices(w)), "gauge * translations", out=out, trials=4)


@pytest.mark.parametrize("name", SAME_LATTICE)
@pytest.mark.parametrize("rotations", ROTATIONS)
@pytest.mark.parametrize("group", TURNED)
def test_tied_layers_commute_with_rotations_and_reflections(
    group: str, rotations: str, name: str, rng: torch.Generator
) -> None:
    theory = GaugeTheory(group, 3, rotations=rotations)
    links, w = fields(theory, (3, 3, 3), rng)
    f, out = new_field(build_layer(name, theory, 2, 2, generator=rng))
    assert_equivariant(f, (Links(links), SiteMatrices(w)), ROTATIONS[rotations], out=out, trials=6, chunk_size=3)


@pytest.mark.parametrize("name", SAME_LATTICE)
def test_tied_layers_commute_with_rotations_that_permute_their_channels(name: str, rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2, rotations="all")
    source = Sources(Plaq(theory), Poly(theory))
    assert len(source.channels) == 8 + 4
    layer = build_layer(name, theory, source.channels, source.channels, generator=rng)
    ends = (LExp(theory, source.channels, generator=rng), LConv(theory, source.channels, 2, generator=rng))
    network = LCNN(source, layer, *ends)
    links = Links(hot_start(theory.group, (3, 3), rng, chains=2))
    assert_equivariant(network, links, EVERY, out=(Links, SiteMatrices), trials=6, chunk_size=3)


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"block", "norm", "activation", "bilinear"}))
def test_layers_whose_ties_are_cut_do_not_commute_with_rotations(name: str, rng: torch.Generator) -> None:
    """The property above can fail."""
    theory = GaugeTheory("su2", 2)
    links, w = fields(theory, (3, 3), rng)
    layer = build_layer(name, theory, 2, 2, generator=rng)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=rng)
    f, out = new_field(layer)
    report = check(f, (Links(links), SiteMatrices(w)), Hypercubic(), out=out, trials=6, diagnose=False)
    assert not report.holds


def test_a_shift_without_parallel_transport_is_found_out(rng: torch.Generator) -> None:
    class Shift(Layer):
        def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
            return w + w.roll(1, 2)

    theory = GaugeTheory("su2", 2)
    links, w = fields(theory, (3, 3), rng)
    report = check(Shift(theory, 2, 2), (Links(links), SiteMatrices(w)), "gauge", out=(Links, SiteMatrices), trials=4)
    assert not report.holds


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize(("group", "shape"), [("u1", (4, 6)), ("su3", (2, 4, 2))])
def test_blocking_is_covariant_at_the_corners(
    group: str, shape: tuple[int, ...], average: bool, rng: torch.Generator
) -> None:
    theory = GaugeTheory(group, len(shape))
    layer = build_layer("block", theory, 2, 2, generator=rng, average=average)
    links, w = fields(theory, shape, rng)
    omega = theory.group.haar((1, *shape), rng)
    corners = (slice(None), *[slice(None, None, 2)] * len(shape))
    coarse_links, coarse_w = layer(links, w)
    turned = omega[:, None] @ w @ omega[:, None].mH if theory.group.n > 1 else w
    new_links, new_w = layer(gauge_transform(links, omega), turned)
    at_corners = omega[corners]
    expected = at_corners[:, None] @ coarse_w @ at_corners[:, None].mH if theory.group.n > 1 else coarse_w
    torch.testing.assert_close(new_w, expected)
    torch.testing.assert_close(new_links, gauge_transform(coarse_links, at_corners))
    moved = layer(links.roll(2, 3), w.roll(2, 3))
    torch.testing.assert_close(moved, (coarse_links.roll(1, 3), coarse_w.roll(1, 3)))
    assert coarse_w.shape[2 : 2 + len(shape)] == tuple(extent // 2 for extent in shape)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("group", ["u1", "su2"])
def test_first_and_second_derivatives(group: str, name: str, rng: torch.Generator) -> None:
    theory = GaugeTheory(group, 2)
    layer = build_layer(name, theory, 2, 2, generator=rng)
    links, w = (field[:1].requires_grad_() for field in fields(theory, (2, 2), rng))
    names = [key for key, _ in layer.named_parameters()]
    values = [value.detach().clone().requires_grad_() for value in layer.parameters()]

    def f(*inputs: Tensor) -> tuple[Tensor, ...]:
        links, w, *parameters = inputs
        out = torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (links, w))
        return tuple(x for x in out if x.requires_grad)

    assert torch.autograd.gradcheck(f, (links, w, *values), fast_mode=True)
    assert torch.autograd.gradgradcheck(f, (links, w, *values), fast_mode=True)


def test_recomputing_in_the_backward_pass_changes_no_derivative(rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2)
    keep = LConvBilin(theory, 2, 3, generator=rng)
    again = LConvBilin(theory, 2, 3, generator=rng, recompute=True)
    again.load_state_dict(keep.state_dict())
    links, w = fields(theory, (3, 3), rng)
    seconds = []
    for layer in (keep, again):
        x = w.clone().requires_grad_()
        (first,) = torch.autograd.grad(layer(links, x)[1].abs().square().sum(), x, create_graph=True)
        seconds.append(torch.autograd.grad(first.abs().square().sum(), [x, *layer.parameters()]))
    torch.testing.assert_close(*seconds)


@pytest.mark.parametrize("over_sites", ["none", "mean", "sum"])
def test_whole_networks_give_invariants(over_sites: str, rng: torch.Generator) -> None:
    theory = GaugeTheory("su3", 2, rotations="all")
    make = partial(build_layer, theory=theory, generator=rng)
    channels = Plaq(theory).channels + Channels.scalars(2)
    network = LCNN(
        Plaq(theory),
        make("convolution-bilinear", channels_in=Plaq(theory).channels, channels_out=channels),
        Residual(
            Stack(make("bilinear", channels_in=channels, channels_out=channels), LNorm(theory, channels, "sites"))
        ),
        make("activation", channels_in=channels, channels_out=channels),
        LExp(theory, channels, generator=rng),
        make("attention", channels_in=channels, channels_out=3, heads=2),
        readout=Readout(theory, 3, 2, generator=rng, hidden=(4,), over_sites=over_sites),
    )
    links = Links(hot_start(theory.group, (3, 3), rng, chains=2))
    out = SiteScalars if over_sites == "none" else Scalars
    assert_equivariant(network, links, EVERY, out=out, trials=6, chunk_size=3)


def test_the_fields_decide_the_precision(rng: torch.Generator) -> None:
    for name, dtype in itertools.product(LAYERS, (torch.float32, torch.float64)):
        theory = GaugeTheory("su2", 2, dtype=torch.float64 if dtype is torch.float32 else torch.float32)
        links, w = fields(theory, (2, 2), rng)
        layer = build_layer(name, theory, 2, 2, generator=rng)
        out = layer(links.to(dtype.to_complex()), w.to(dtype.to_complex()))
        assert {x.dtype for x in out} == {dtype.to_complex()}, name
        assert {p.dtype for p in layer.parameters()} <= {theory.dtype}, name


def test_a_layer_of_ones_own(rng: torch.Generator) -> None:
    """A covariant layer in fifteen lines, and its check."""
    from gaugeflow.nn import Weight, transport
    from gaugeflow.nn.layer import over_sites

    class Diffusion(Layer):
        """W_i -> W_i + a_i sum_mu (T_mu W_i + T_-mu W_i - 2 W_i): a step of the covariant heat equation."""

        def __init__(self, theory: GaugeTheory, channels: int, *, generator: torch.Generator) -> None:
            super().__init__(theory, channels, channels)
            self.rate = Weight(theory, [*self.channels_out.labels()])
            self.rate.set_(0.1 * self.rate.draw(generator))
            self.steps = [(sign * (axis + 1),) for axis in range(theory.ndim) for sign in (1, -1)]

        def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
            laplacian = (transport(links, w, self.steps) - w[:, None]).sum(1)
            return w + over_sites(self.rate(), w) * laplacian

    theory = GaugeTheory("su3", 3, rotations="all")
    links, w = fields(theory, (3, 3, 3), rng)
    layer = Diffusion(theory, 2, generator=rng)
    assert_equivariant(layer, (Links(links), SiteMatrices(w)), EVERY, out=(Links, SiteMatrices), trials=4)


def test_trace_is_what_gauge_rotations_leave(rng: torch.Generator) -> None:
    theory = GaugeTheory("su3", 2)
    _, w = fields(theory, (2, 2), rng)
    omega = theory.group.haar((1, 1, 2, 2), rng)
    traces = Trace()(w)
    torch.testing.assert_close(Trace()(omega @ w @ omega.mH), traces)
    torch.testing.assert_close(torch.complex(*traces.chunk(2, 1)), torch.einsum("...ii->...", w) / 3)
