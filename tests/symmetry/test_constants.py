"""Constants stored in float32 are excused if other roundings of them make another error, and only then."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from gaugeflow.symmetry import Group, Image, Points, Scalars, Verdict, check, represent
from gaugeflow.symmetry.actions.euclidean import rotate
from tests.symmetry.samples import image


def normal(*size, seed):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Averaged(nn.Module):
    """Filters averaged over the square's symmetries, in float32."""

    def __init__(self, seed):
        super().__init__()
        self.filters = nn.ParameterList(self.averaged(normal(4, c, 3, 3, seed=seed + c).float()) for c in (1, 4))

    @staticmethod
    def averaged(kernel):
        turns = [kernel.rot90(k, (2, 3)) for k in range(4)]
        return torch.stack(turns + [turn.flip(3) for turn in turns]).mean(0)

    def forward(self, picture):
        for kernel in self.filters:
            picture = functional.conv2d(functional.pad(picture, (1,) * 4, mode="circular"), kernel).tanh()
        return picture


class ZeroSum(nn.Module):
    """Weights that should sum to zero, each off by the same number, in float32."""

    def __init__(self, seed, off):
        super().__init__()
        weight = normal(5, 8, seed=seed)
        self.weight = nn.Parameter((weight - weight.mean(0) + off).float())

    def forward(self, r):
        return torch.einsum("bnd,nk->bkd", r, self.weight).square().sum((1, 2))


class Turns(Group):
    """Thirds of a full turn in the plane."""

    name = "thirds"

    def draw(self, x, size, generator):
        angle = torch.randint(3, (size,), generator=generator).double() * 2 * math.pi / 3
        rows = [torch.stack([angle.cos(), -angle.sin()], -1), torch.stack([angle.sin(), angle.cos()], -1)]
        return {"rotation": torch.stack(rows, dim=-2)}


@represent(Turns, Points)
def _(g, points):
    return points.with_data(rotate(points.data, g["rotation"], 1))


class Typed(nn.Module):
    """A sum over thirds of a turn, with the sine of 120 degrees as it was typed."""

    def __init__(self, sine):
        super().__init__()
        self.register_buffer("turn", torch.tensor([[-0.5, -sine], [sine, -0.5]]))

    def forward(self, r):
        total = 0
        for _ in range(3):
            r = r @ self.turn.to(r.dtype).T
            total = total + torch.tanh(r[..., 0]).sum(1)
        return total


def said(f, x, group, out, seed):
    return check(f, x, group, out=out, seed=seed, diagnose=False)


@pytest.mark.parametrize("seed", range(3))
def test_filters_symmetrised_in_float32_are_excused(seed):
    report = said(Averaged(seed), image(seed=seed), "dihedral", Image, seed)
    assert report.holds
    assert "constants stored in float32" in str(report)
    assert said(Averaged(seed).double(), image(seed=seed), "dihedral", Image, seed).holds


@pytest.mark.parametrize("seed", range(3))
def test_weights_off_by_sixteen_roundings_are_not(seed):
    x = Points(normal(3, 5, 3, seed=seed))
    assert said(ZeroSum(seed, 0.0), x, "point-translations", Scalars, seed).holds
    assert said(ZeroSum(seed, 1e-6), x, "point-translations", Scalars, seed).verdict is Verdict.BROKEN


@pytest.mark.parametrize("seed", range(3))
def test_typed_digits_are_not(seed):
    x = Points(normal(3, 5, 2, seed=seed))
    assert said(Typed(math.sqrt(3) / 2), x, Turns(), Scalars, seed).holds
    for digits in (4, 6):
        typed = Typed(round(math.sqrt(3) / 2, digits))
        assert said(typed, x, Turns(), Scalars, seed).verdict is Verdict.BROKEN
