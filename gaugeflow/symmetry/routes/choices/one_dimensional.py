"""One-dimensional irreducible parts: a character by its name or as a function of the elements."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.scalars import Scalars

__all__ = ["Character", "character_of"]

Character = str | Callable[[Element], Tensor]
"""Names that `Scalars(odd=...)` knows, "parity * charge" for their product, or a function of `n` elements: `(n,)`."""

_NAMES = ("parity", "charge", "z2")


def character_of(element: Element, character: Character | None, like: Tensor, whole: bool) -> Tensor:
    """chi(g) of every element, `(n,)`, in the dtype and on the device of `like`, or complex.

    Raises:
        ValueError: another name, or one of which no element changes the sign, where `element` is the `whole` group; a
            function whose numbers are no character: not of modulus one, not `(n,)`.
    """
    one = torch.ones(len(element), dtype=like.dtype, device=like.device)
    if character is None:
        return one
    if isinstance(character, str):
        names = tuple(name.strip() for name in character.split("*"))
        if not set(names) <= set(_NAMES):
            raise ValueError(f"expected a character among {', '.join(_NAMES)} or a product of them, got {character!r}")
        return _product(element, names, one, whole)
    chi = torch.as_tensor(character(element), device=like.device)
    if chi.shape != one.shape or bool(((chi.abs() - 1).abs() > 1e-4).any()):
        raise ValueError(f"expected {len(one)} numbers of modulus one from the character, got {tuple(chi.shape)}")
    return chi if chi.is_complex() else chi.to(like.dtype)


def _product(element: Element, names: tuple[str, ...], one: Tensor, whole: bool) -> Tensor:
    """The sign of a number that is odd under all these names."""
    chi = one
    for name in names:
        number = element(Scalars(one, odd=(name,)))
        if whole and bool((number.data == 1).all()):
            raise ValueError(f"expected a character of the group, got {name!r}: no element changes its sign")
        chi = chi * number.data
    return chi
