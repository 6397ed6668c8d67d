"""Gauge-covariant convolution at trivial links: it is the convolution of a group, and reaches every linear map of its
kernel that commutes with the lattice."""

import itertools

import pytest
import torch

from gaugeflow.flows.scalar.kernels import OrbitKernels
from gaugeflow.nn import Channels, GaugeTheory, LConv, PTConv, Readout, axis_paths
from gaugeflow.symmetry import SiteMatrices, SiteScalars, SiteVectors
from gaugeflow.symmetry.algebra.representations.completeness import check_complete

EXTENT = {2: 4, 3: 3}


def layer_of(ndim, rotations="all", outputs=2, **options):
    theory = GaugeTheory("u1", ndim, rotations=rotations)
    return LConv(theory, 1, outputs, generator=torch.Generator().manual_seed(1), **options)


def at_unit_links(layer, ndim):
    """The layer as a function of the site matrices alone."""

    def f(w):
        links = torch.zeros(len(w), ndim, *w.shape[2 : 2 + ndim], dtype=w.real.dtype)
        return layer(links, w)[1]

    return f


def field(ndim, channels=1, batch=1):
    shape = (batch, channels, *[EXTENT[ndim]] * ndim, 1, 1)
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    ("ndim", "rotations", "group"),
    [(2, "all", "translations * hypercubic"), (3, "all", "translations * hypercubic"), (2, "none", "translations")],
)
def test_a_convolution_is_complete_within_its_kernel(ndim, rotations, group):
    """Two output channels; one map for each orbit of displacements: the site, and its neighbours."""
    layer = layer_of(ndim, rotations)
    report = check_complete(at_unit_links(layer, ndim), SiteMatrices(field(ndim)), group, out=SiteMatrices)
    orbits = 2 if rotations == "all" else 1 + 2 * ndim
    assert (report.counts.rank, report.counts.within, report.counts.broken) == (2 * orbits, 2 * orbits, 0)
    assert report.holds


def test_a_convolution_along_all_paths_of_two_steps_is_complete_everywhere():
    """On 3 x 3 every site is at most two steps away."""
    straight = axis_paths(2)
    paths = [*straight, *itertools.chain.from_iterable([(a, b), (b, a)] for a in (1, -1) for b in (2, -2))]
    f = at_unit_links(layer_of(2, paths=paths), 2)
    w = SiteMatrices(field(2)[:, :, :3, :3])
    assert check_complete(f, w, "translations * hypercubic", out=SiteMatrices, everywhere=True).holds


def test_ties_that_are_too_many_or_too_few_are_found():
    tied = layer_of(2)
    tied.weight.index.zero_()
    report = check_complete(
        at_unit_links(tied, 2), SiteMatrices(field(2)), "translations * hypercubic", out=SiteMatrices
    )
    assert (report.counts.rank, report.counts.within, report.holds) == (1, 4, False)
    loose = layer_of(2, "none")
    report = check_complete(
        at_unit_links(loose, 2), SiteMatrices(field(2)), "translations * hypercubic", out=SiteMatrices
    )
    assert (report.counts.rank, report.counts.broken, report.holds) == (4, 6, False)


def elements(ndim):
    """The signed permutations of the axes, as maps of signed steps."""
    for order in itertools.permutations(range(1, ndim + 1)):
        for signs in itertools.product((1, -1), repeat=ndim):
            images = [sign * axis for sign, axis in zip(signs, order, strict=True)]
            yield {s * (mu + 1): s * image for mu, image in enumerate(images) for s in (1, -1)}


def turned(g, path):
    return tuple(g[step] for step in path)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_convolution_of_channels_that_turn_is_the_group_convolution(ndim):
    """With one channel for each element h of the hypercubic group, a field on the lattice is a function on the whole
    group, and the layer is (w * f)(x, g) = sum_{d, h} w(1/g (x' - x), 1/g h) f(x', h): eq. (1) of arXiv:1602.07576."""
    theory = GaugeTheory("u1", ndim, rotations="all")
    label = tuple(range(1, ndim + 1))  # no element but the unit keeps it
    channels = Channels.orbits([label], theory)
    group = list(elements(ndim))
    assert len(channels) == len(group) == {2: 8, 3: 48}[ndim]
    layer = LConv(theory, channels, channels, generator=torch.Generator().manual_seed(3))
    f = field(ndim, len(channels), batch=2)
    place = {path: c for c, (_, path) in enumerate(channels.entries)}
    weight = layer.weight().unflatten(1, (len(layer.paths), len(channels)))  # (g, path, h)
    kernel = {p: weight[place[label], i] for i, p in enumerate(layer.paths)}  # w(d, .) of the unit element
    expected = torch.zeros_like(f)
    for g in group:
        for path in layer.paths:
            axis, step = (abs(path[0]) - 1, path[0]) if path else (0, 0)
            ahead = f.roll(-1 if step > 0 else 1 if step < 0 else 0, 2 + axis)  # f(x + d)
            for h in group:
                back = {image: source for source, image in g.items()}
                one_over_g_h = turned(back, turned(h, label))
                w = kernel[turned(back, path)][place[one_over_g_h]]
                expected[:, place[turned(g, label)]] += w * ahead[:, place[turned(h, label)]]
    links = torch.zeros(2, ndim, *[EXTENT[ndim]] * ndim, dtype=torch.float64)
    torch.testing.assert_close(layer(links, f)[1], expected, atol=1e-13, rtol=0)
    assert expected.abs().max() > 0.1


class Mixed(torch.nn.Module):
    """`OrbitKernels.mix` with weights for one channel each way."""

    def __init__(self, shape, radius):
        super().__init__()
        self.kernels = OrbitKernels(shape, radius)
        self.weights = torch.nn.Parameter(torch.ones(1, 1, len(self.kernels), dtype=torch.float64))

    def forward(self, h):
        return self.kernels.mix(h, self.weights)


@pytest.mark.parametrize(("shape", "radius"), [((5, 5), 1), ((5, 5), 2), ((3, 3, 3), 1)])
def test_kernels_of_scalar_flows_are_complete(shape, radius):
    x = SiteScalars(torch.ones(1, 1, *shape, dtype=torch.float64))
    everywhere = 2 * radius + 1 >= shape[0]
    report = check_complete(
        Mixed(shape, radius), x, "translations * hypercubic", out=SiteScalars, everywhere=everywhere
    )
    assert report.holds


@pytest.mark.parametrize("group", ["u1", "su2"])
def test_a_readout_without_hidden_layers_is_complete_at_a_site(group):
    n = {"u1": 1, "su2": 2}[group]
    theory = GaugeTheory(group, 2)
    readout = Readout(theory, 2, 3, generator=torch.Generator().manual_seed(1))
    w = SiteMatrices(torch.randn(1, 2, 2, 2, n, n, dtype=torch.complex128, generator=torch.Generator().manual_seed(2)))
    symmetry = "translations" if group == "u1" else "translations * global-gauge"
    report = check_complete(readout, w, symmetry, out=SiteScalars)
    assert (report.counts.rank, report.holds) == (12, True)


def test_the_trace_times_the_unit_matrix_is_a_map_that_convolutions_lack():
    """Beside W(x + p) itself, tr W(x + p) times the unit matrix is covariant under constant gauge transformations.

    On 3 x 3 there are three orbits of p, of which the kernel has two.
    """
    theory = GaugeTheory("su2", 2, rotations="all")
    layer = LConv(theory, 1, 1, generator=torch.Generator().manual_seed(1))
    unit = torch.eye(2, dtype=torch.complex128).expand(1, 2, 3, 3, 2, 2)
    w = torch.randn(1, 1, 3, 3, 2, 2, dtype=torch.complex128, generator=torch.Generator().manual_seed(2))

    def f(w):
        return layer(unit.expand(len(w), *unit.shape[1:]), w)[1]

    report = check_complete(f, SiteMatrices(w), "translations * hypercubic * global-gauge", out=SiteMatrices)
    assert (report.counts.rank, report.counts.dim) == (2, 2 * 3)


@pytest.mark.parametrize(("group", "phases"), [("u1", False), ("su2", False), ("su2", True)])
def test_a_convolution_of_site_vectors_is_complete_within_its_kernel(group, phases):
    """Also for SU(N): what commutes with constant gauge transformations does not mix colours."""
    theory = GaugeTheory(group, 2, rotations="all")
    layer = PTConv(theory, 1, 2, generator=torch.Generator().manual_seed(1), phases=phases)
    n = theory.group.n
    v = SiteVectors(torch.ones(1, 1, 3, 3, n, dtype=torch.complex128))
    unit = torch.zeros(1, 2, 3, 3, dtype=torch.float64)
    if n > 1:
        unit = torch.eye(n, dtype=torch.complex128).expand(1, 2, 3, 3, n, n)
    report = check_complete(
        lambda v: layer(unit.expand(len(v), *unit.shape[1:]), v),
        v,
        "translations * hypercubic * global-gauge",
        out=SiteVectors,
    )
    assert (report.counts.rank, report.counts.dim, report.holds) == (4, 2 * 3, True)
