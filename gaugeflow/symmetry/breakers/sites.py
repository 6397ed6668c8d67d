"""Mistakes with fields on sites, pictures, loops and numbers; with branches and with the order of parameters."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue, Links, SiteMatrices, SiteScalars
from gaugeflow.symmetry.actions.scalars import PolyakovLoop, Scalars, SignedLog
from gaugeflow.symmetry.actions.values import leaves
from gaugeflow.symmetry.breakers.base import on_claim, on_input, on_output
from gaugeflow.symmetry.claims import Claim, Equivariance


def _ramp(data: Tensor, axis: int) -> Tensor:
    n = data.shape[axis]
    ramp = torch.linspace(0.5, 1.5, n, dtype=data.real.dtype, device=data.device)
    return ramp.reshape(n, *[1] * (data.ndim - axis - 1))


@on_output(
    "bias on matrix components", "a real constant is added to every component of the site matrices", SiteMatrices
)
def _(field: SiteMatrices) -> SiteMatrices:
    return field.with_data(field.data + 0.3)


@on_output("activation on matrix components", "real and imaginary parts go through a ReLU", SiteMatrices)
def _(field: SiteMatrices) -> SiteMatrices:
    return field.with_data(torch.view_as_complex(torch.view_as_real(field.data).relu()))


@on_output("site matrices transposed", "the transpose is returned where the matrix was meant", SiteMatrices)
def _(field: SiteMatrices) -> SiteMatrices:
    return field.with_data(field.data.mT)


@on_output("neighbour without transport", "the matrix of the next site is added without the link between", SiteMatrices)
def _(field: SiteMatrices) -> SiteMatrices:
    return field.with_data(field.data + field.data.roll(-1, 1 + field.channels))


@on_output("position-dependent weight", "the output is weighted by a coordinate of the site", LatticeValue)
def _(field: LatticeValue) -> LatticeValue:
    axis = 1 + field.channels
    return field.with_data(field.data * _ramp(field.data, axis))


@on_input("padding instead of periodic boundary", "the last row of the input is set to zero", SiteScalars)
def _(field: SiteScalars) -> SiteScalars:
    data = field.data.clone()
    data.select(1 + field.channels, -1).zero_()
    return field.with_data(data)


@on_output("checkerboard mask", "the odd sites of the output are damped, as a stride of two does", SiteScalars)
def _(field: SiteScalars) -> SiteScalars:
    axes = range(1 + field.channels, field.data.ndim)
    parity = sum(
        torch.arange(field.data.shape[a], device=field.data.device).reshape(-1, *[1] * (field.data.ndim - a - 1))
        for a in axes
    )
    return field.with_data(field.data * (1 - 0.5 * (parity % 2)))


@on_input("one-sided derivative", "the difference to the next site in one direction only is added", SiteScalars)
def _(field: SiteScalars) -> SiteScalars:
    return field.with_data(field.data + field.data.roll(-1, 1 + field.channels))


@on_input("bias on an odd field", "a constant is added to a field that should only change its sign", SiteScalars)
def _(field: SiteScalars) -> SiteScalars:
    return field.with_data(field.data + 0.4)


@on_input("even activation", "a ReLU acts on the field itself", SiteScalars)
def _(field: SiteScalars) -> SiteScalars:
    return field.with_data(field.data.relu())


@on_output("real part of a loop", "the imaginary part of the Polyakov loop is dropped", PolyakovLoop)
def _(loop: PolyakovLoop) -> PolyakovLoop:
    return loop.with_data(loop.data.real.to(loop.data.dtype))


@on_output("modulus of a loop", "|P| is returned where P was meant", PolyakovLoop)
def _(loop: PolyakovLoop) -> PolyakovLoop:
    return loop.with_data(loop.data.abs().to(loop.data.dtype))


@on_output("constant added to an odd number", "a number that should change its sign has an offset", Scalars)
def _(value: Scalars) -> Scalars:
    return value.with_data(value.data + 0.4)


def _first_component(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """One raw real number of each entry of the input."""
    first = next(t for t in (*args, *kwargs.values()) if isinstance(t, Tensor))
    return (first.real if first.is_complex() else first).flatten(1)[:, 0]


def _scaled(y: Any, factor: Tensor) -> Any:
    if isinstance(y, (tuple, list)):
        return type(y)(_scaled(part, factor) for part in y)
    if isinstance(y, dict):
        return {key: _scaled(part, factor) for key, part in y.items()}
    return y * factor.reshape(-1, *[1] * (y.ndim - 1))


def _is_plain(claim: Equivariance, y_types: tuple[type, ...] = (SignedLog,)) -> bool:
    """Whether scaling the output by a number means something: not for the (sign, log) pair, links or U(1) angles."""
    from gaugeflow.symmetry.breakers.power import output_of

    y = output_of(claim)
    return y is not None and not any(isinstance(leaf, (*y_types, Links)) for leaf in leaves(y))


@on_claim("branch on a raw component", "the output is scaled where the first input component is positive", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    f = claim.f

    def broken(*args: Any, **kwargs: Any) -> Any:
        positive = _first_component(args, kwargs) > 0
        return _scaled(f(*args, **kwargs), 1 + strength * 0.5 * positive)

    return claim.with_f(broken) if _is_plain(claim) else None


@on_claim("raw component leaks", "the first input component enters the output as a factor", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    f = claim.f

    def broken(*args: Any, **kwargs: Any) -> Any:
        leak = _first_component(args, kwargs)
        return _scaled(f(*args, **kwargs), 1 + strength * 0.5 * torch.tanh(leak))

    return claim.with_f(broken) if _is_plain(claim) else None
