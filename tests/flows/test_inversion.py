"""Coupling layers with strong weights come back to where they began, in single precision too."""

import pytest
import torch

from gaugeflow import flows
from gaugeflow.flows.coupling.spline import spline, spline_parameters
from gaugeflow.groups import get_group
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice import hot_start
from tests.registry.coupling_flows import coupling, with_random_weights


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max() if a.is_complex() else wrap_angle(a - b).abs().max())


@pytest.mark.parametrize("strength", [6.0, 30.0])
def test_a_steep_spline_comes_back(strength: float, generator: torch.Generator) -> None:
    bins = 8
    parameters = strength * torch.randn(4000, spline_parameters(bins), generator=generator, dtype=torch.float64)
    x = torch.rand(4000, generator=generator, dtype=torch.float64)
    y, log_slope = spline(x, parameters, bins, 0.0, 1.0, inverse=False)
    back, other = spline(y, parameters, bins, 0.0, 1.0, inverse=True)
    conditioned = 1e-14 * (1 + torch.exp(-log_slope))  # what rounding of y alone costs
    assert bool(((back - x).abs() < 0.3 * conditioned).all())
    assert bool(((log_slope + other).abs() < 1e-5).all())


@pytest.mark.parametrize("name", ["u1", "su2", "su3"])
def test_a_layer_in_single_precision_is_that_in_double(name: str, generator: torch.Generator) -> None:
    """But for the rounding of links and networks: with weights as strong as these, splines in single are far off."""
    mask = flows.parity_masks(2)[0]
    layer = with_random_weights(coupling(name, mask), 1.5)
    links = hot_start(get_group(name), (4, 4), generator, 8)
    single = links.to(torch.complex64 if links.is_complex() else torch.float32)
    with torch.no_grad():
        exact, log_det = layer(single.to(links.dtype))
        found, found_log_det = layer.float()(single)
    assert (found.dtype, found_log_det.dtype) == (single.dtype, torch.float32)
    assert distance(found, exact) < 2e-4
    assert float((found_log_det - log_det).abs().max()) < 1e-4


@pytest.mark.parametrize("name", ["u1", "su2", "su3"])
def test_a_bijection_with_single_weights_inverts_in_double(name: str, generator: torch.Generator) -> None:
    transform = with_random_weights(coupling(name, flows.parity_masks(2)[0]).transform, 1.0).float()
    loops = get_group(name).haar((500,), generator)
    context = [torch.randn(500, 6, generator=generator)]
    coherence = torch.rand(500, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        moved, log_det = transform(loops, context, coherence, inverse=False)
        back, other = transform(moved, context, coherence, inverse=True)
    assert moved.dtype == loops.dtype
    assert distance(back, loops) < 1e-6
    assert float((log_det + other).abs().max()) < 1e-6
