"""Functions of the sums of plaquettes at a link: loops by name, Laplacian, compiled code, the fit and its run."""

import itertools

import pytest
import torch
from torch import Tensor

from gaugeflow import lattice
from gaugeflow.errors import UserError
from gaugeflow.flows import ContinuousFlow, GaussNewton, fit_along_path, luescher_functions
from gaugeflow.flows.continuous.flow import transport
from gaugeflow.flows.continuous.staple_basis import StapleBasis
from gaugeflow.groups import get_group
from gaugeflow.kernels.select import get_loop_polynomials
from gaugeflow.kernels.tapes.staples import STAPLE_FUNCTIONS
from gaugeflow.lattice.loops import loop_traces
from gaugeflow.lattice.paths import rectangle
from tests.flows.laplacian import assert_laplacian

DOUBLE = torch.float64


def random_links(name: str, shape: tuple[int, ...], generator: torch.Generator, batch: int = 1) -> Tensor:
    return lattice.hot_start(name, shape, generator, batch)


def test_the_functions_are_sums_over_plaquettes_with_a_common_link(generator: torch.Generator) -> None:
    """In two dimensions, where the two plaquettes of a link and the loops that they make are few."""
    shape = (3, 4)
    basis = StapleBasis(get_group("su3"), shape)
    reference = get_loop_polynomials(basis.group, shape, basis.recording, backend="torch")
    links = random_links("su3", shape, generator)
    values = dict(zip(STAPLE_FUNCTIONS, reference.values(reference.kernels.pack(links))[0].tolist(), strict=True))
    wide, tall = rectangle(0, 1, 2, 1), rectangle(0, 1, 1, 2)
    twisted = [(1, 2, -1, -2, 1, -2, -1, 2), (2, 1, -2, -1, 2, -1, -2, 1)]
    double = rectangle(0, 1, 1, 1) * 2
    sums = loop_traces(links, [rectangle(0, 1, 1, 1), wide, tall, *twisted, double]).real.flatten(2).sum(2)[:, 0]
    p = loop_traces(links, [rectangle(0, 1, 1, 1)])[0]
    assert values["1"] == 12
    assert values["p"] == pytest.approx(float(sums[0]))
    assert values["BB*"] == pytest.approx(2 * 2 * 12 + 2 * float(sums[1] + sums[2]))
    assert values["XX"] == pytest.approx(2 * float(sums[3] + sums[4]) + 4 * float(sums[5]))
    neighbours = [p.conj() * p.roll(-1, axis) for axis in (1, 2)], [p * p.roll(-1, axis) for axis in (1, 2)]
    together, apart = (float(sum(x.real.sum() for x in pair)) for pair in neighbours)
    assert values["|p|^2"] == pytest.approx(float((p * p.conj()).real.sum()))
    assert values["p^2"] == pytest.approx(float((p * p).real.sum()))
    # Two plaquettes of one orientation pass their common link in opposite directions.
    assert values["|T|^2"] == pytest.approx(4 * values["|p|^2"] + 2 * apart)
    assert values["T^2"] == pytest.approx(4 * values["p^2"] + 2 * together)


@pytest.mark.parametrize(("name", "shape"), [("u1", (3, 4)), ("su2", (3, 3)), ("su3", (3, 3)), ("u1", (3, 3, 3))])
def test_the_laplacian_is_the_trace_of_the_hessian(
    name: str, shape: tuple[int, ...], generator: torch.Generator
) -> None:
    assert_laplacian(StapleBasis(get_group(name), shape), generator)


@pytest.mark.parametrize(("name", "shape"), [("su3", (3, 4)), ("su3", (3, 3, 4))])
def test_the_compiled_functions_equal_the_reference(
    name: str, shape: tuple[int, ...], generator: torch.Generator
) -> None:
    """Several products add up in one field here, forwards and backwards."""
    basis = StapleBasis(get_group(name), shape)
    group, links = basis.group, random_links(name, shape, generator, 2)
    momenta = torch.randn(2, len(shape), *shape, *group.algebra_shape, generator=generator, dtype=DOUBLE)
    c, e = torch.randn(2, basis.size + 1, generator=generator, dtype=DOUBLE)
    weight = torch.randn(2, generator=generator, dtype=DOUBLE)
    found = []
    for backend in ("torch", "numba"):
        polynomials = get_loop_polynomials(group, shape, basis.recording, backend=backend)
        kernels = polynomials.kernels
        state, p = kernels.pack(links), kernels.pack_momenta(momenta)
        back, force, values, along = polynomials.pullback(state, p, c, e, weight)
        fields = [kernels.unpack_momenta(x) for x in (force, back, polynomials.force(state, c)[0])]
        found.append([*fields, values, along])
    for one, other in itertools.zip_longest(*found):
        assert torch.allclose(one, other, rtol=1e-11, atol=1e-11)


def test_at_strong_coupling_they_do_what_all_functions_of_first_order_do(generator: torch.Generator) -> None:
    """SU(3) in three dimensions, beta = 1: a tenth of the variance that the plaquette alone leaves, and less."""
    group, shape, action = get_group("su3"), (3, 3, 3), lattice.WilsonAction(3, 1.0)
    plaquette = luescher_functions(group, 3, action.loops, 0)
    variances = []
    for functions in (plaquette, "staples"):
        flow = ContinuousFlow(group, functions, steps=2, splines=2, degree=1)
        fit_along_path(flow, action, shape, generator, times=3, samples=64, sweeps=3)
        newton = GaussNewton(samples=192)
        newton.step(flow, action, shape, generator)
        variances.append(newton.step(flow, action, shape, generator)["variance"])
    assert variances[1] < 0.03 * variances[0]


def test_mistakes_are_named() -> None:
    flow = ContinuousFlow(get_group("su4"), "staples")
    for name, shape in (("su4", (4, 4)), ("su3", (2, 4))):
        with pytest.raises(UserError, match=f"extents >= 3, got {name}"):
            StapleBasis(get_group(name), shape)
    with pytest.raises(UserError, match="N <= 3"):
        transport(flow, lattice.hot_start("su4", (3, 3), torch.Generator()), [0.0, 1.0])
