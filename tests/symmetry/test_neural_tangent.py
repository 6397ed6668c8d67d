"""Networks of infinite width: known values of their kernel, a wide network beside it, and what gradient flow learns."""

import math

import pytest
import torch

from gaugeflow.symmetry.examples.neural_tangent import mean_prediction, tangent_kernel


def inputs(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_the_diagonal_counts_the_layers(layers: int) -> None:
    """Each layer of weights contributes |x|^2 / d."""
    x = inputs(4)
    expected = (layers + 1) * x.square().mean(1)
    torch.testing.assert_close(tangent_kernel(x, x, layers).diagonal(), expected, rtol=1e-6, atol=0)


def test_orthogonal_and_opposite_inputs_have_the_known_values() -> None:
    """cos t = 0: K = 1 / pi, Theta = K + 0 / 2. cos t = -1: both vanish, and so does Theta."""
    x = torch.eye(2, dtype=torch.float64) * math.sqrt(2)
    assert float(tangent_kernel(x, x, 1)[0, 1]) == pytest.approx(1 / math.pi)
    assert float(tangent_kernel(x[:1], -x[:1], 1)) == pytest.approx(0, abs=1e-12)


def test_a_wide_network_has_nearly_this_kernel() -> None:
    """Two hidden layers of width n: the difference falls as 1 / sqrt(n), here 2 % of the diagonal."""
    x, width, generator = inputs(5), 1500, torch.Generator().manual_seed(3)
    shapes = [(6, width), (width, width), (width, 1)]
    weights = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]
    for weight in weights:
        weight.requires_grad_()
    rows = []
    for each in x:
        h = each / math.sqrt(6) @ weights[0]
        for weight in weights[1:]:
            h = torch.relu(h) * math.sqrt(2 / width) @ weight
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(h.squeeze(), weights)]))
    found = torch.stack(rows)
    expected = tangent_kernel(x, x, 2)
    assert (found @ found.mT - expected).abs().max() < 0.1 * expected.max()


def test_early_it_follows_the_gradient_and_late_it_knows_the_targets() -> None:
    x, y, new = inputs(8), inputs(8, 1)[:, 0], inputs(3, 2)
    early = mean_prediction(new, x, y, 1e-8)
    torch.testing.assert_close(early, 1e-8 * tangent_kernel(new, x) @ y, rtol=1e-6, atol=0)
    torch.testing.assert_close(mean_prediction(x, x, y, math.inf), y)


def test_with_the_whole_orbit_it_is_invariant_and_without_it_is_not() -> None:
    """Cyclic shifts of six numbers."""
    x, y, new = inputs(5), inputs(5, 1)[:, 0], inputs(4, 2)
    orbit = torch.cat([x.roll(k, 1) for k in range(6)])
    moved = torch.cat([new.roll(k, 1) for k in range(6)])
    whole = mean_prediction(moved, orbit, y.repeat(6), 3.0).view(6, 4)
    alone = mean_prediction(moved, x, y, 3.0).view(6, 4)
    assert whole.std(0).max() < 1e-7 * whole.std()
    assert alone.std(0).min() > 0.1 * alone.std()


def test_equal_inputs_do_no_harm() -> None:
    x, y, new = inputs(6), inputs(6, 1)[:, 0], inputs(3, 2)
    twice = mean_prediction(new, x.repeat(2, 1), y.repeat(2), math.inf)
    torch.testing.assert_close(twice, mean_prediction(new, x, y, math.inf), rtol=1e-6, atol=1e-6)
