"""Closed forms that layers contain, the published networks, initial weights, and what users get wrong."""

import doctest
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

import gaugeflow.nn.network
from gaugeflow.errors import UserError
from gaugeflow.lattice import cold_start, hot_start, loop_traces, plaquette, polyakov, stout_smear, wilson_lines
from gaugeflow.nn import (
    LCNN,
    Block,
    Channels,
    GaugeTheory,
    LAct,
    LAttention,
    LBilin,
    LConv,
    LConvBilin,
    LExp,
    LNorm,
    Loops,
    Plaq,
    Poly,
    Readout,
    Residual,
    Sources,
    Stack,
    Trace,
    axis_paths,
    build_layer,
    calibrate,
    transport,
)
from gaugeflow.nn.initial import trace_variance
from gaugeflow.nn.invariants import frobenius, normalised_trace
from gaugeflow.nn.layers.sources import link_matrices

SU2, SU3, SU2_4D = GaugeTheory("su2", 2), GaugeTheory("su3", 2), GaugeTheory("su2", 4)
TURNING = GaugeTheory("su2", 2, rotations="all")
RNG = torch.Generator().manual_seed(0)


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(11)


@pytest.mark.parametrize(("group", "shape"), [("u1", (3, 4)), ("su2", (3, 2, 4)), ("su3", (2, 2, 2, 3))])
def test_sources_are_the_loops_of_the_lattice(group: str, shape: tuple[int, ...], rng: torch.Generator) -> None:
    theory = GaugeTheory(group, len(shape))
    links = hot_start(theory.group, shape, rng, chains=2)
    plaquettes, lines = Plaq(theory)(links), Poly(theory)(links)
    planes = theory.ndim * (theory.ndim - 1) // 2
    assert plaquettes.shape == (2, planes, *shape, theory.group.n, theory.group.n)
    torch.testing.assert_close(normalised_trace(plaquettes).real.flatten(1).mean(1), plaquette(links))
    torch.testing.assert_close(normalised_trace(lines)[:, -1].flatten(1).mean(1), polyakov(links))
    rectangle = Loops(theory, ["+x +x +y -x -x -y"])(links)
    expected = loop_traces(links, "+x +x +y -x -x -y")
    torch.testing.assert_close(normalised_trace(rectangle)[:, 0], expected)


@pytest.mark.parametrize("group", ["u1", "su3"])
def test_transport_is_the_product_along_the_path_and_back(group: str, rng: torch.Generator) -> None:
    theory, shape = GaugeTheory(group, 2), (4, 3)
    links = hot_start(theory.group, shape, rng, chains=2)
    w = torch.randn(2, 2, *shape, theory.group.n, theory.group.n, generator=rng, dtype=torch.complex128)
    carried = transport(links, w, [(1, 1, -2), ()])
    line = link_matrices(wilson_lines(links, (1, 1, -2)))[:, None]
    torch.testing.assert_close(carried[:, 0], line @ w.roll((-2, 1), (2, 3)) @ line.mH)
    torch.testing.assert_close(carried[:, 1], w)


@pytest.mark.parametrize("adjoints", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_the_merged_layer_sums_all_products(adjoints: bool, unit: bool, rng: torch.Generator, monkeypatch) -> None:
    """Against the sum over pairs written down literally, in chunks of a few sites."""
    monkeypatch.setattr("gaugeflow.nn.sums.products.CHUNK_BYTES", 20_000)
    theory, shape = GaugeTheory("su3", 2), (4, 3)
    layer = LConvBilin(theory, 2, 3, generator=rng, adjoints=adjoints, unit=unit)
    torch.nn.init.normal_(layer.weight.free, generator=rng)
    links = hot_start(theory.group, shape, rng, chains=2)
    w = torch.randn(2, 2, *shape, 3, 3, generator=rng, dtype=torch.complex128)
    one = torch.eye(3, dtype=w.dtype).expand(2, 1, *shape, 3, 3)

    def extended(field: Tensor) -> Tensor:
        return torch.cat([field, *[field.mH] * adjoints, *[one] * unit], 1)

    a, b = extended(w), extended(transport(links, w, layer.paths).flatten(1, 2))
    expected = torch.einsum("ijk,zjxyab,zkxybc->zixyac", layer.weight().to(w.dtype), a, b)
    torch.testing.assert_close(layer(links, w)[1], expected)


def published_network(theory: GaugeTheory, local: bool, rng: torch.Generator) -> LCNN:
    paths = axis_paths(2, reach=1, backward=False, local=local)
    layer = LConvBilin(theory, 1, 2, generator=rng, paths=paths)
    return LCNN(Plaq(theory), layer, readout=Readout(theory, 2, generator=rng))


@pytest.mark.parametrize(("local", "count"), [(False, 35), (True, 47)])
def test_both_published_parametrisations_of_the_smallest_network(local: bool, count: int, rng: torch.Generator) -> None:
    """Two outputs, 3 factors A, 5 or 7 factors B (2 or 3 matrices, adjoints, unit); 4 + 1 in the linear layer."""
    network = published_network(GaugeTheory("su2", 2), local, rng)
    factors = 2 * 3 * (7 if local else 5)
    assert sum(p.numel() for p in network.parameters()) == factors + 5 == count


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
def test_the_smallest_network_contains_the_two_by_one_loop(group: str, local: bool, rng: torch.Generator) -> None:
    """``W_2x1(x) = [U_x P(x + x) U_x^dagger] P(x)``, so its adjoint is a product of adjoints in the layer's order."""
    theory = GaugeTheory(group, 2)
    network = published_network(theory, local, rng)
    layer = network.stack.layers[0]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        transported = len(layer.paths)
        layer.weight.free[0, 1, transported + layer.paths.index((1,))] = 1.0  # adjoint times transported adjoint
        network.readout.weights[0].free[0, 0] = 1.0
    links = hot_start(theory.group, (4, 5), rng, chains=3)
    loops = network(links)
    torch.testing.assert_close(loops[:, 0], loop_traces(links, "+x +x +y -x -x -y").real)


@pytest.mark.parametrize("group", ["u1", "su3"])
def test_link_updates_contain_stout_smearing(group: str, rng: torch.Generator) -> None:
    theory = GaugeTheory(group, 3, rotations="all")
    source, rho = Plaq(theory), 0.07
    smear = LExp(theory, source.channels, generator=rng)
    along = [[path[0] == step for _, path in source.channels.entries] for (step,) in smear.steps]
    smear.weight.set_(-rho / 2 * torch.tensor(along))
    links = hot_start(theory.group, (3, 3, 3), rng, chains=2)
    smeared, _ = LCNN(source, smear)(links)
    torch.testing.assert_close(link_matrices(smeared), link_matrices(stout_smear(links, rho)))


def test_blocks_are_lines_and_means_of_transported_matrices(rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2)
    links = hot_start(theory.group, (6, 3), rng, chains=2)
    w = Plaq(theory)(links)
    coarse, pooled = Block(theory, 1, factor=3)(links, w)
    torch.testing.assert_close(coarse[:, 0], wilson_lines(links, "+x +x +x")[:, ::3, ::3])
    paths = [(1,) * i + (2,) * j for i in range(3) for j in range(3)]
    torch.testing.assert_close(pooled, transport(links, w, paths).mean(1)[..., ::3, ::3, :, :])
    torch.testing.assert_close(Block(theory, 1, factor=3, average=False)(links, w)[1], w[:, :, ::3, ::3])


def test_attention_follows_likeness(rng: torch.Generator) -> None:
    """Where all keys are alike it is the mean over the paths; a large query finds the path whose end is most alike."""
    theory = GaugeTheory("su2", 2)
    links = hot_start(theory.group, (4, 4), rng)
    layer = LAttention(theory, 1, 1, generator=rng, paths=["+x", "+y"])
    w = Plaq(theory)(links)
    with torch.no_grad():
        for weight in (layer.query, layer.value, layer.mixture):
            weight.free.fill_(1.0)
        layer.key.free.zero_()
        carried = transport(links, w, layer.paths)
        torch.testing.assert_close(layer(links, w)[1], carried.mean(1))
        layer.key.free.fill_(1e6)
        closest = frobenius(w[:, None], carried).argmax(1, keepdim=True)[..., None, None]
        torch.testing.assert_close(layer(links, w)[1], carried.take_along_dim(closest, 1)[:, 0])


@pytest.mark.parametrize(("over", "axes"), [("channels", (1,)), ("sites", (2, 3))])
def test_norms_bring_any_field_to_unit_size(over: str, axes: tuple[int, ...], rng: torch.Generator) -> None:
    theory = GaugeTheory("su3", 2)
    links = hot_start(theory.group, (4, 4), rng)
    w = 1e5 * torch.randn(1, 3, 4, 4, 3, 3, generator=rng, dtype=torch.complex128)
    _, normed = LNorm(theory, 3, over=over)(links, w)
    square = frobenius(normed, normed).mean(axes)
    torch.testing.assert_close(square, torch.ones_like(square))


def test_gates_depend_on_the_channels_own_trace_at_first(rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2)
    links = hot_start(theory.group, (3, 3), rng)
    w = Sources(Plaq(theory), Poly(theory))(links)
    _, gated = LAct(theory, 3, gate=torch.relu)(links, w)
    torch.testing.assert_close(gated, normalised_trace(w).real.relu()[..., None, None] * w)


def test_readouts_are_networks_on_the_traces_of_a_site(rng: torch.Generator) -> None:
    w = torch.randn(2, 3, 4, 5, 3, 3, generator=rng, dtype=torch.complex128)
    features = {
        over: Readout(SU3, 3, 2, generator=torch.Generator().manual_seed(1), hidden=(4,), over_sites=over)
        for over in ("none", "mean", "sum")
    }
    first, second = (weight() for weight in features["none"].weights)
    hidden = torch.nn.functional.silu(torch.einsum("hc,bcxy->bhxy", first, Trace()(w)))
    expected = torch.einsum("fh,bhxy->bfxy", second, hidden)
    torch.testing.assert_close(features["none"](w), expected)
    torch.testing.assert_close(features["mean"](w), expected.mean((2, 3)))
    torch.testing.assert_close(features["sum"](w), expected.sum((2, 3)))


def variances(layers: list, links: Tensor, w: Tensor) -> list[float]:
    """Trace variance behind each layer in units of that in front of the first."""
    first, found = float(trace_variance(w)), []
    for layer in layers:
        links, w = layer(links, w)
        found.append(float(trace_variance(w)) / first)
    return found


@pytest.mark.parametrize("layer", [LConv, LConvBilin])
@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
@torch.no_grad()
def test_initial_weights_keep_the_trace_variance_over_ten_layers(layer: Callable, group: str) -> None:
    """The median over eight draws of weights and links: single ones scatter by a factor of two."""
    theory, found = GaugeTheory(group, 2), []
    for seed in range(8):
        rng = torch.Generator().manual_seed(seed)
        links = hot_start(theory.group, (8, 8), rng, chains=2)
        layers = [layer(theory, a, b, generator=rng) for a, b in pairwise([1, *[8] * 10])]
        found.append(variances(layers, links, Plaq(theory)(links)))
    median = torch.tensor(found).median(0).values
    assert 0.5 < float(median.min()) <= float(median.max()) < 2.0


@pytest.mark.parametrize("layer", [LConv, LBilin, LConvBilin, LAttention])
@torch.no_grad()
def test_calibration_keeps_it_exactly_with_tied_weights_too(layer: Callable, rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2, rotations="all")
    links = hot_start(theory.group, (4, 4), rng, chains=4)
    source = Plaq(theory)
    layers = [layer(theory, a, 4, generator=rng) for a in [source.channels, *[4] * 9]]
    w = source(links)
    before = variances(layers, links, w)
    calibrate(Stack(*layers), links, w)
    assert variances(layers, links, w) == pytest.approx([1.0] * 10)
    assert before[-1] < 0.5  # the question was not idle
    cold = cold_start(theory.group, (4, 4), chains=2)
    with pytest.raises(UserError, match="traces vary"):
        calibrate(Stack(*layers), cold, source(cold))


@torch.no_grad()
def test_deep_stacks_do_not_grow_between_norms(rng: torch.Generator) -> None:
    theory = GaugeTheory("su3", 2)
    links = hot_start(theory.group, (4, 4), rng, chains=2)
    w = Plaq(theory)(links)
    products = [LBilin(theory, a, 4, generator=rng, unit=False) for a in (1, *[4] * 11)]
    for product in products:
        torch.nn.init.normal_(product.weight.free, generator=rng)
    bare = Stack(*products)(links, w)[1]
    normed = Stack(*[part for product in products for part in (product, LNorm(theory, 4))])(links, w)[1]
    assert not bare.abs().max() < 1e30  # overflows
    assert float(normed.abs().max()) < 10


WRONG_AT_CONSTRUCTION = {
    "half precision": (lambda: GaugeTheory("su2", 2, dtype=torch.float16), "float32 or float64, got torch.float16"),
    "one dimension": (lambda: GaugeTheory("su2", 1), "D >= 2 lattice axes, got 1"),
    "group": (lambda: GaugeTheory("so3", 2), "got 'so3'"),
    "rotations": (lambda: GaugeTheory("su2", 2, rotations="some"), "none, spatial, all, got 'some'"),
    "mixed groups": (lambda: Stack(LNorm(SU2, 1), LNorm(SU3, 1)), "one gauge theory throughout"),
    "mixed dimensions": (lambda: Stack(LNorm(SU2, 1), LNorm(SU2_4D, 1)), "one gauge theory throughout"),
    "mixed sources": (lambda: Sources(Plaq(SU2), Poly(SU3)), "one gauge theory throughout"),
    "mixed network": (lambda: LCNN(Plaq(SU3), LNorm(SU2, 1)), "one gauge theory throughout"),
    "channels of layers": (lambda: Stack(LNorm(SU2, 2), LNorm(SU2, 3)), "expected 3 channels .* got 2 channels"),
    "channels of source": (lambda: LCNN(Plaq(SU2), LNorm(SU2, 2)), "source of 2 channels, got 1"),
    "channels of readout": (
        lambda: LCNN(Plaq(SU2), LNorm(SU2, 1), readout=Readout(SU2, 4, generator=RNG)),
        "readout of 1 channels, got 4",
    ),
    "no channels": (lambda: LNorm(SU2, 0), "at least one, got 0"),
    "no layers": (lambda: Stack(), "at least one layer"),
    "no sources": (lambda: Sources(), "at least one"),
    "residual": (lambda: Residual(LConv(SU2, 1, 2, generator=RNG)), "1 channels -> 2 channels"),
    "residual block": (lambda: Residual(Block(SU2, 1)), "stride 2"),
    "path": (lambda: LConv(SU2, 1, 1, generator=RNG, paths=["+z"]), "'z' does not exist in 2"),
    "path twice": (lambda: LConv(SU2, 1, 1, generator=RNG, paths=["+x", (1,)]), "each once"),
    "no paths": (lambda: LConv(SU2, 1, 1, generator=RNG, paths=[]), "at least one"),
    "no loops": (lambda: Loops(SU2, []), "at least one, got 0"),
    "open loop": (lambda: Loops(SU2, ["+x +y"]), "closed paths"),
    "reach": (lambda: axis_paths(2, reach=0), "reach and dilation >= 1, got 0"),
    "paths that turn": (lambda: LConv(TURNING, 1, 1, generator=RNG, paths=["+x"]), "lacks"),
    "channels that turn": (lambda: LNorm(TURNING, Channels(((0, (1,)),))), "is missing"),
    "one end": (lambda: LExp(TURNING, 1, generator=RNG, both_ends=False), "is missing"),
    "blocks that turn": (lambda: Block(TURNING, 1), "rotations none, got 2 and all"),
    "shift beyond the lattice": (
        lambda: LCNN(Plaq(SU2), LConv(SU2, 1, 1, generator=RNG, paths=axis_paths(2, 2, dilation=2)), shape=(8, 3)),
        r"at least 4 sites along axis 1 .* got the extents \(8, 3\)",
    ),
    "shift beyond the blocks": (
        lambda: LCNN(Plaq(SU2), Block(SU2, 1), LConv(SU2, 1, 1, generator=RNG, paths=["+x +x +x"]), shape=(4, 4)),
        r"at least 3 sites along axis 0 .* got the extents \(2, 2\)",
    ),
    "extents of blocks": (lambda: LCNN(Plaq(SU2), Block(SU2, 1), shape=(4, 3)), r"divisible by 2, got \(4, 3\)"),
    "number of extents": (lambda: LCNN(Plaq(SU2), LNorm(SU2, 1), shape=(4, 4, 4)), "expected 2 extents"),
    "half a channel": (lambda: LConv(SU2, 0.5, 1, generator=RNG), "a whole number or Channels, got 0.5"),
    "axes in words": (lambda: GaugeTheory("su2", "two"), "D >= 2 lattice axes, got 'two'"),
    "block of one": (lambda: Block(SU2, 1, factor=1), "factor >= 2"),
    "norm": (lambda: LNorm(SU2, 1, over="time"), "channels or sites, got 'time'"),
    "heads": (lambda: LAttention(SU2, 1, 1, generator=RNG, heads=0), "at least one head"),
    "readout": (lambda: Readout(SU2, 1, generator=RNG, over_sites="time"), "none, mean or sum, got 'time'"),
    "name": (lambda: build_layer("pooling", SU2, 1, 1, generator=RNG), "got 'pooling'"),
    "kept channels": (lambda: build_layer("norm", SU2, 1, 2, generator=RNG), "as many channels out as in"),
}


@pytest.mark.parametrize("case", WRONG_AT_CONSTRUCTION)
def test_what_cannot_work_is_refused_at_construction(case: str) -> None:
    build, message = WRONG_AT_CONSTRUCTION[case]
    with pytest.raises(UserError, match=message):
        build()


def test_fields_of_another_kind_are_refused_at_the_call(rng: torch.Generator) -> None:
    links = hot_start(SU2.group, (3, 3), rng)
    w = Plaq(SU2)(links)
    layer = LConv(SU2, 1, 1, generator=rng)
    su3, four = hot_start(SU3.group, (3, 3), rng), hot_start(SU2.group, (2, 2, 2, 2), rng)
    angles = torch.zeros(1, 2, 3, 3, dtype=torch.float16)
    far = LConv(SU2, 1, 1, generator=rng, paths=axis_paths(2, reach=2, dilation=2))
    wrong = {
        "su2 links in 2 dimensions, got su3": lambda: layer(su3, w),
        "got su2 links in 4 dimensions": lambda: layer(four, w),
        "precision, got torch.float16": lambda: Plaq(GaugeTheory("u1", 2))(angles),
        r"\(1, 1, 3, 3, 2, 2\).*got \(1, 2, 3, 3, 2, 2\)": lambda: layer(links, torch.cat((w, w), 1)),
        r"\(1, 1, 3, 3, 2, 2\).*got \(1, 1, 2, 3, 2, 2\)": lambda: layer(links, w[:, :, :2]),
        "in torch.complex128, got .* in torch.complex64": lambda: layer(links, w.to(torch.complex64)),
        "at least 4 sites along axis 0 .* extents \\(3, 3\\)": lambda: far(links, w),
        "extents divisible by 2, got \\(3, 3\\)": lambda: Block(SU2, 1)(links, w),
        "weights: expected float32 or float64, got torch.float16": lambda: LConv(SU2, 1, 1, generator=rng).half()(
            links, w
        ),
        r"complex site matrices \(batch, 2": lambda: Readout(SU2, 2, generator=rng)(w),
    }
    for message, call in wrong.items():
        with pytest.raises(UserError, match=message):
            call()
    assert far(hot_start(SU2.group, (4, 4), rng), w.new_ones(1, 1, 4, 4, 2, 2))[1].shape == (1, 1, 4, 4, 2, 2)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own, in jvp
def test_function_transforms_pass_through(rng: torch.Generator) -> None:
    """Gradients, directional derivatives and batches of torch.func, as flows and their densities use them."""
    theory = GaugeTheory("su2", 2)
    layers = (LConvBilin(theory, 1, 2, generator=rng), LExp(theory, 2, generator=rng), LAct(theory, 2))
    network = LCNN(Plaq(theory), *layers, readout=Readout(theory, 2, generator=rng, over_sites="sum"))
    links = hot_start(theory.group, (3, 3), rng, chains=2)
    w, v = torch.randn(2, 2, 2, 3, 3, 3, generator=rng, dtype=torch.float64).requires_grad_()

    def potential(w: Tensor, u: Tensor) -> Tensor:
        return network(theory.group.mul(theory.group.exp(w[None]), u[None]))[0, 0]

    force = torch.func.vmap(torch.func.grad(potential))(w, links)
    total = sum(potential(w[k], links[k]) for k in range(2))
    torch.testing.assert_close(force, torch.autograd.grad(total, w)[0])
    (expected,) = torch.autograd.grad((force * v).sum(), w)
    _, product = torch.func.jvp(torch.func.grad(potential), (w[0], links[0]), (v[0], torch.zeros_like(links[0])))
    torch.testing.assert_close(product, expected[0])


def test_the_example_in_the_docstring() -> None:
    result = doctest.testmod(gaugeflow.nn.network)
    assert result.attempted > 0
    assert result.failed == 0


def test_traces_of_unit_matrices_are_one() -> None:
    one = torch.eye(3, dtype=torch.complex128).expand(1, 2, 4, 4, 3, 3)
    assert torch.equal(
        Trace()(one), torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64)[:, None, None].expand(1, 4, 4, 4)
    )
