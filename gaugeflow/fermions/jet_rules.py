"""The rules of the forward Laplacian. A new operation is one line in a table or one small function.

- an operation that is linear in its tensors goes in `SELECTIONS` (one tensor, or a list of them) or `SUMS`;
- one that acts entry by entry goes in `ENTRYWISE` with its first two derivatives;
- one that is linear in each of two tensors goes in `PRODUCTS`;
- anything else is written with other operations, as `softmax` is.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from gaugeflow.fermions.jet import Jet, rule

__all__ = ["CONSTANTS", "ENTRYWISE", "PRODUCTS", "SELECTIONS", "SUMS"]

CONSTANTS = ["argmax", "argmin", "sign", "eq", "ne", "lt", "le", "gt", "ge", "detach", "isfinite"]
SHAPES = ["reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "expand", "transpose", "permute", "movedim"]
PARTS = ["getitem", "gather", "index_select", "take_along_dim", "diagonal", "triu", "tril", "unbind", "chunk", "split"]
CASTS = ["to", "double", "float", "clone", "contiguous"]
SELECTIONS = [*SHAPES, *PARTS, *CASTS, "sum", "mean", "neg", "roll"]
SUMS = ["add", "sub", "where", "cat", "stack"]
PRODUCTS = ["mul", "matmul", "bmm"]

Derivatives = Callable[[Tensor, Tensor], tuple[Tensor | float, Tensor | float]]

ENTRYWISE: dict[str, Derivatives] = {
    "exp": lambda x, y: (y, y),
    "log": lambda x, y: (1 / x, -1 / x.square()),
    "log1p": lambda x, y: (1 / (1 + x), -1 / (1 + x).square()),
    "sqrt": lambda x, y: (0.5 / y, -0.25 / (x * y)),
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


def linear_in(func: Callable[..., Any], tree: Any) -> Any:
    """`func(tree)` where it is linear in the jets of the tree together."""
    leaves, spec = pytree.tree_flatten(tree, is_leaf=_is_jet)
    places = [i for i, leaf in enumerate(leaves) if _is_jet(leaf)]
    jets = [leaves[i] for i in places]

    def apply(*tensors: Tensor) -> Any:
        filled = list(leaves)
        for i, tensor in zip(places, tensors, strict=True):
            filled[i] = tensor
        return func(pytree.tree_unflatten(filled, spec))

    value = apply(*(jet.value for jet in jets))
    gradient = torch.vmap(apply)(*(jet.gradient for jet in jets))
    laplacian = apply(*(jet.laplacian for jet in jets))
    return pytree.tree_map(Jet, value, gradient, laplacian)


@rule(*SELECTIONS)
def selection(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Linear in the jets; whatever else is given (axes, indices, a dtype) stays."""
    return linear_in(lambda tree: func(*tree[0], **tree[1]), (tuple(args), kwargs))


@rule(*SUMS)
def affine(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Linear in jets and constants together: the constants have no derivatives."""
    value = func(*_value(args), **kwargs)
    without = linear_in(lambda tree: func(*tree, **kwargs), _constants_to_zero(func.__name__, args))
    return Jet(value, without.gradient, without.laplacian)


def _constants_to_zero(name: str, args: Sequence[Any]) -> tuple[Any, ...]:
    def zero(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            return leaf if leaf.dtype == torch.bool else torch.zeros_like(leaf)
        return 0.0 if isinstance(leaf, float | int) and not isinstance(leaf, bool) else leaf

    summed, rest = (args[:1], args[1:]) if name in ("cat", "stack") else (args, ())  # the rest is the axis
    return (*pytree.tree_map(zero, tuple(summed), is_leaf=_is_jet), *rest)


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


@rule(*PRODUCTS)
def product(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """Lap f(a, b) = f(Lap a, b) + f(a, Lap b) + 2 sum_k f(d_k a, d_k b)."""
    a, b = args
    if not (_is_jet(a) and _is_jet(b)):
        return linear_in(lambda tree: func(*tree), (a, b))
    left = linear_in(lambda t: func(t, b.value), a)
    right = linear_in(lambda t: func(a.value, t), b)
    cross = torch.vmap(func)(a.gradient, b.gradient).sum(0)
    return Jet(left.value, left.gradient + right.gradient, left.laplacian + right.laplacian + 2 * cross)


@rule("div", "truediv")
def quotient(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    a, b = args
    return a * b.reciprocal() if _is_jet(b) else linear_in(lambda t: t / b, a)


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
