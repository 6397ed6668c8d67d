"""The rules of the forward Laplacian. A new operation is one line in a table or one small function.

- an operation that is linear in one tensor goes in `SELECTIONS`, and its axes in the module `axes` beside this one;
- one that acts entry by entry goes in `ENTRYWISE` with its first two derivatives;
- anything else is written with other operations, as `softmax` is.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations
from string import ascii_letters
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from gaugeflow.wavefunctions.laplacian.axes import aligned, from_the_end, on_gradient
from gaugeflow.wavefunctions.laplacian.jet import Jet, rule

__all__ = ["CONSTANTS", "ENTRYWISE", "SELECTIONS"]

CONSTANTS = ["argmax", "argmin", "sign", "is_complex", "eq", "ne", "lt", "le", "gt", "ge", "detach", "isfinite"]
CONSTANTS += ["ones_like", "zeros_like", "new_zeros", "new_ones"]
SHAPES = ["reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "expand", "transpose", "permute", "movedim"]
PARTS = [
    "getitem",
    "gather",
    "index_select",
    "take_along_dim",
    "diagonal",
    "triu",
    "tril",
    "unbind",
    "chunk",
    "split",
    "narrow",
]
CASTS = ["to", "double", "float", "clone", "contiguous"]
SELECTIONS = [*SHAPES, *PARTS, *CASTS, "sum", "mean", "neg", "roll"]

Derivatives = Callable[[Tensor, Tensor], tuple[Tensor | float, Tensor | float]]

ENTRYWISE: dict[str, Derivatives] = {
    "exp": lambda x, y: (y, y),
    "log": lambda x, y: (1 / x, -1 / x.square()),
    "log1p": lambda x, y: (1 / (1 + x), -1 / (1 + x).square()),
    "sqrt": lambda x, y: (0.5 / y, -0.25 / (x * y)),
    "rsqrt": lambda x, y: (-0.5 * y / x, 0.75 * y / x.square()),
    "square": lambda x, y: (2 * x, 2.0),
    "reciprocal": lambda x, y: (-y.square(), 2 * y**3),
    "tanh": lambda x, y: (1 - y.square(), -2 * y * (1 - y.square())),
    "sigmoid": lambda x, y: (y * (1 - y), y * (1 - y) * (1 - 2 * y)),
    "sin": lambda x, y: (x.cos(), -y),
    "cos": lambda x, y: (-x.sin(), -y),
    "abs": lambda x, y: (x.sign(), 0.0),
}
"""Of y = f(x) the first and second derivative, from x and y."""


def _is_jet(thing: Any) -> bool:
    return isinstance(thing, Jet)


def _value(thing: Any) -> Any:
    return pytree.tree_map_only(Jet, lambda jet: jet.value, thing, is_leaf=_is_jet)


@rule(*CONSTANTS)
def constant(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Of the value alone: a piecewise constant function, or what is to be held fixed."""
    return func(*_value(args), **_value(kwargs))


@rule(*SELECTIONS)
def selection(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Linear in the jet; whatever else is given (axes, indices, a dtype) stays."""
    x, *rest = args
    value, laplacian = (func(part, *rest, **kwargs) for part in (x.value, x.laplacian))
    return pytree.tree_map(Jet, value, on_gradient(func, x.gradient, rest, kwargs), laplacian)


@rule("add", "sub")
def sum_or_difference(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Constants have no derivatives."""
    a, b = args
    if "alpha" in kwargs:
        return func(a, b * kwargs["alpha"])
    value = func(_value(a), _value(b))
    if _is_jet(a) and _is_jet(b):
        gradients = (aligned(jet.gradient, value.ndim) for jet in (a, b))
        return Jet(value, func(*gradients), func(a.laplacian, b.laplacian))
    gradient, laplacian = (a.gradient, a.laplacian) if _is_jet(a) else (func(0, b.gradient), func(0, b.laplacian))
    return Jet(value, *_spread(value, gradient, laplacian))


def _spread(value: Tensor, gradient: Tensor, laplacian: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of a jet that has become one of larger shape by broadcasting."""
    if laplacian.shape == value.shape:
        return gradient, laplacian
    return aligned(gradient, value.ndim).expand(len(gradient), *value.shape), laplacian.expand(value.shape)


@rule("where")
def choice(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    condition, *options = args
    value = func(condition, *map(_value, options))
    gradients = (aligned(x.gradient, value.ndim) if _is_jet(x) else 0.0 for x in options)
    laplacians = (x.laplacian if _is_jet(x) else 0.0 for x in options)
    return Jet(value, *_spread(value, func(condition, *gradients), func(condition, *laplacians)))


@rule("cat", "stack")
def joined(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    tensors, *rest = args
    size = next(len(t.gradient) for t in tensors if _is_jet(t))
    value = func(_value(tensors), *rest, **kwargs)
    behind = from_the_end(func.__name__, rest, {"dim": 0, **kwargs}, tensors[0].ndim) or []
    gradients = [t.gradient if _is_jet(t) else t.new_zeros(()).expand(size, *t.shape) for t in tensors]
    laplacians = [t.laplacian if _is_jet(t) else torch.zeros_like(t) for t in tensors]
    return Jet(value, func(gradients, *behind), func(laplacians, *behind))


@rule(*ENTRYWISE)
def entrywise(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    (x,) = args
    y = func(x.value, **kwargs)
    return _chain(x, y, *ENTRYWISE[func.__name__.strip("_")](x.value, y))


def _chain(x: Jet, y: Tensor, first: Tensor | float, second: Tensor | float) -> Jet:
    return Jet(y, first * x.gradient, first * x.laplacian + second * x.gradient.square().sum(0))


@rule("pow")
def power(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    x, p = args
    v = x.value
    return _chain(x, v**p, p * v ** (p - 1), p * (p - 1) * v ** (p - 2))


@rule("mul")
def product(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """Lap(ab) = b Lap a + a Lap b + 2 sum_k d_k a d_k b."""
    a, b = args
    value = func(_value(a), _value(b))
    gradient_a, gradient_b = (aligned(x.gradient, value.ndim) if _is_jet(x) else x for x in (a, b))
    if not _is_jet(b):
        return Jet(value, func(gradient_a, b), func(a.laplacian, b))
    if not _is_jet(a):
        return Jet(value, func(a, gradient_b), func(a, b.laplacian))
    gradient = torch.addcmul(func(gradient_a, b.value), a.value, gradient_b)
    laplacian = torch.addcmul(func(a.laplacian, b.value), a.value, b.laplacian)
    return Jet(value, gradient, laplacian + 2 * func(gradient_a, gradient_b).sum(0))


@rule("matmul")
def matrix_product(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """As `product`, all directions in one product of matrices: as its rows or columns, or summed over with the rest."""
    a, b = args
    value = func(_value(a), _value(b))
    if not _is_jet(b):
        return Jet(value, _rows_times(aligned(a.gradient, value.ndim), b), a.laplacian @ b)
    if not _is_jet(a):
        return Jet(value, _times_columns(a, aligned(b.gradient, value.ndim)), a @ b.laplacian)
    left, right = (aligned(x.gradient, value.ndim) for x in (a, b))
    cross = left.movedim(0, -2).flatten(-2) @ right.movedim(0, -3).flatten(-3, -2)
    laplacian = a.laplacian @ b.value + a.value @ b.laplacian + 2 * cross
    return Jet(value, _rows_times(left, b.value) + _times_columns(a.value, right), laplacian)


def _rows_times(gradient: Tensor, b: Tensor) -> Tensor:
    """``d_k a @ b``, from ``(K, ..., n, p)`` and ``(..., p, m)``."""
    rows = gradient.movedim(0, -3)
    return (rows.flatten(-3, -2) @ b).unflatten(-2, rows.shape[-3:-1]).movedim(-3, 0)


def _times_columns(a: Tensor, gradient: Tensor) -> Tensor:
    """``a @ d_k b``, from ``(..., n, p)`` and ``(K, ..., p, m)``."""
    columns = gradient.movedim(0, -2)
    return (a @ columns.flatten(-2)).unflatten(-1, columns.shape[-2:]).movedim(-2, 0)


@rule("einsum")
def contraction(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """Linear in each operand, as `product`; the directions are one letter more."""
    equation, *operands = args
    terms, arrow, out = equation.replace(" ", "").partition("->")
    if not arrow:
        raise NotImplementedError(f"einsum: expected the axes of the result behind '->', came {equation!r}")
    k = next(letter for letter in ascii_letters if letter not in equation)
    values, places = _value(operands), [i for i, operand in enumerate(operands) if _is_jet(operand)]

    def with_parts(parts: dict[int, Tensor], directions: bool, out: str) -> Tensor:
        named = [k + term if directions and i in parts else term for i, term in enumerate(terms.split(","))]
        return func(f"{','.join(named)}->{out}", *(parts.get(i, value) for i, value in enumerate(values)))

    gradients = [with_parts({i: operands[i].gradient}, True, k + out) for i in places]
    laplacians = [with_parts({i: operands[i].laplacian}, False, out) for i in places]
    cross = [{i: operands[i].gradient, j: operands[j].gradient} for i, j in combinations(places, 2)]
    laplacians += [2 * with_parts(two, True, out) for two in cross]
    return Jet(with_parts({}, False, out), reduce(torch.add, gradients), reduce(torch.add, laplacians))


@rule("tensordot")
def tensor_contraction(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """Of one jet with a constant, over axes counted from the end, where those of a gradient are the same."""
    a, b, *rest = args
    if _is_jet(a) and _is_jet(b):
        raise NotImplementedError("tensordot: expected one jet, whose batch axes stay, came two")
    dims = kwargs["dims"] if "dims" in kwargs else rest[0]
    of_a, of_b = ([*range(-dims, 0)], [*range(dims)]) if isinstance(dims, int) else dims
    if _is_jet(a):
        of_a = [axis % a.ndim - a.ndim for axis in of_a]
        return Jet(*(func(part, b, dims=(of_a, of_b)) for part in (a.value, a.gradient, a.laplacian)))
    of_b = [axis % b.ndim - b.ndim for axis in of_b]
    value, gradient, laplacian = (func(a, part, dims=(of_a, of_b)) for part in (b.value, b.gradient, b.laplacian))
    return Jet(value, gradient.movedim(a.ndim - len(of_a), 0), laplacian)


@rule("broadcast_tensors")
def broadcast(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    tensors = args[0] if len(args) == 1 and isinstance(args[0], tuple | list) else args
    shape = torch.broadcast_shapes(*(t.shape for t in tensors))
    return [t.expand(shape) for t in tensors]


@rule("div", "truediv")
def quotient(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    a, b = args
    if _is_jet(b):
        return a * b.reciprocal()
    value = a.value / b
    return Jet(value, aligned(a.gradient, value.ndim) / b, a.laplacian / b)


@rule("rsub")
def reversed_difference(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    a, b = args
    return -a + b


@rule("linear")
def dense(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """The layer of networks: value, Laplacian and all directions in large products of matrices."""
    x, weight, *bias = args
    plain = [func(part, weight) for part in (x.value, x.gradient, x.laplacian)]
    offset = kwargs.get("bias", bias[0] if bias else None)
    return Jet(plain[0] if offset is None else plain[0] + offset, plain[1], plain[2])


@rule("softmax")
def softmax(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    x, dim = args[0], kwargs["dim"] if "dim" in kwargs else args[1]
    shares = (x - x.value.amax(dim, keepdim=True)).exp()
    return shares / shares.sum(dim, keepdim=True)


@rule("silu")
def silu(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    return args[0] * args[0].sigmoid()
