"""Which representation breaks a symmetry as a target needs it, read from a gradient.

Where the target y has less symmetry than the input x, an equivariant f(x, 0) cannot reach it, whatever its weights.
With a further input a, the gradient of |f(x, a) - y|^2 at a = 0 is the first step away from the symmetry; it vanishes
for every representation that cannot take it (T. E. Smidt, M. Geiger and B. K. Miller,
Phys. Rev. Research 3 (2021) L012002).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.irreps import IrrepFeatures, Irreps
from gaugeflow.symmetry.actions.scalars import CartesianTensors
from gaugeflow.symmetry.actions.values import Tree, Value, map_leaves, wide, zip_leaves
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.maps import spec_of
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, wrap
from gaugeflow.symmetry.checks.trials.trials import master

__all__ = ["OrderParameter", "order_parameter", "parts_of"]

_NONE = 1e-9


@dataclass(frozen=True, eq=False)
class OrderParameter:
    """The gradient `(batch, ...)` with respect to one representation, and its `size` in units of what is missing."""

    name: str
    size: float
    gradient: Tensor

    def __bool__(self) -> bool:
        """Whether this representation breaks the symmetry as needed, to first order."""
        return self.size > _NONE


def order_parameter(
    f: Callable[..., Any], x: Tree, y: Value, value: Value | Mapping[str, Value]
) -> dict[str, OrderParameter]:
    """The gradient of ``|f(x, a) - y|^2 / 2`` at a = 0, by the parts of the representation in which a lives.

    What f can reach without a should be reached, by training, or an a that breaks nothing has a gradient too.

    Args:
        f: a function of the plain tensors of `x`, one after the other, and of a: a tensor, or a dict of tensors.
        x: input.
        y: target, of the type of the output.
        value: a value of the type and shape of a, or several by name; its numbers do not matter.

    Raises:
        ValueError: f does not run, returns another shape than the target's, or reaches the target as it is.

    A vector moves a point along itself, and a tensor stretches the cloud. A square becomes a rectangle by l = 2:

    >>> import torch
    >>> from gaugeflow.symmetry import CartesianTensors, Points, order_parameter
    >>> square = torch.tensor([[[1.0, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]]])
    >>> stretch = torch.tensor([1.25, 0.75, 1.0])
    >>> def network(r, a):
    ...     return r + a["vector"].unsqueeze(1) + r @ a["tensor"]
    >>> vector, tensor = CartesianTensors(torch.zeros(1, 3)), CartesianTensors(torch.zeros(1, 3, 3), rank=2)
    >>> target = Points(stretch * square)
    >>> found = order_parameter(network, Points(square), target, {"vector": vector, "tensor": tensor})
    >>> [name for name, part in found.items() if part]
    ['tensor l=2']
    """
    x, y = master(x), master(y)
    zeros = map_leaves(lambda leaf: leaf.map(lambda t: torch.zeros_like(t).requires_grad_(True)), master(value))
    named = dict(zeros) if isinstance(value, Mapping) else {"": zeros}
    subject = Subject(f, None)
    try:
        missing, gradients = subject.call_in(
            torch.float64, _arguments(x, zeros), lambda raw: _gradients(raw, y, list(named.values()))
        )
    except Unusable as unusable:
        raise ValueError(f"{label_of(f)}: {unusable.message}") from unusable
    finally:
        subject.restore()
    if not missing > _NONE * float(y.magnitude().max()):
        raise ValueError(f"{label_of(f)} reaches the target as it is: no symmetry has to be broken")
    parts = (
        (f"{name} {part}".strip() or leaf.name, piece)
        for (name, leaf), gradient in zip(named.items(), gradients, strict=True)
        for part, piece in parts_of(leaf.with_data(gradient)).items()
    )
    return {name: OrderParameter(name, float(piece.norm()) / missing, piece) for name, piece in parts}


def _arguments(x: Tree, zeros: Tree) -> tuple[Tree, ...]:
    return (*x, zeros) if isinstance(x, tuple) else (x, zeros)


def _gradients(raw: Any, y: Value, inputs: list[Value]) -> tuple[float, list[Tensor]]:
    """The norm of what is missing, and the gradient with respect to each input."""
    reached = wrap(spec_of(y), raw)
    differences = [d for a, b in zip_leaves(reached, y) for d in a.differences(b)]
    loss = torch.stack([wide(d).abs().square().sum() for d in differences]).sum() / 2
    tensors = [leaf.data for leaf in inputs]
    if not loss.requires_grad:
        return float((2 * loss.detach()).sqrt()), [torch.zeros_like(t) for t in tensors]
    found = torch.autograd.grad(loss, tensors, allow_unused=True)
    gradients = [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]
    return float((2 * loss.detach()).sqrt()), gradients


@singledispatch
def parts_of(value: Value) -> dict[str, Tensor]:
    """The irreducible parts of the numbers of a value by name, each of the shape of the value; one of them, without a
    name, where nothing is known."""
    return {"": value.data}


@parts_of.register
def _(value: CartesianTensors) -> dict[str, Tensor]:
    data = value.data
    if value.rank != 2:
        return {f"l={value.rank}" if value.rank < 2 else "": data}
    one = torch.eye(data.shape[-1], dtype=data.dtype, device=data.device)
    trace = data.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None] * one
    odd = (data - data.mT) / 2
    return {"l=0": trace, "l=1": odd, "l=2": data - trace - odd}


@parts_of.register
def _(value: IrrepFeatures) -> dict[str, Tensor]:
    """All parts of one degree and parity together, by the names of e3nn."""
    irreps = Irreps(value.irreps)
    names = [
        f"{l}{'e' if parity == 1 else 'o'}" for multiplicity, l, parity in irreps.parts for _ in range(multiplicity)
    ]
    of_component = [name for name, size in zip(names, irreps.sizes, strict=True) for _ in range(size)]
    kept = {name: [part == name for part in of_component] for name in dict.fromkeys(names)}
    return {name: value.data * torch.tensor(mask).to(value.data) for name, mask in kept.items()}
