"""Sums of products of creation and annihilation operators, and what they do to configurations, with every sign."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["Connected", "Factor", "Operators", "Products", "density", "hop", "parse"]

ROUNDING = 1e-12
"""Coefficients below it, beside the largest, are zero."""


class Factor(NamedTuple):
    """``c+`` (creates) or ``c`` of a spin, 0 up and 1 down, at a site."""

    creates: bool
    spin: int
    site: int


Products = dict[tuple[Factor, ...], complex]
"""Coefficients of products of operators; the last factor acts first."""


def hop(to: int, source: int, spin: int) -> tuple[Factor, ...]:
    """``c+_to c_source``."""
    return Factor(True, spin, to), Factor(False, spin, source)


def density(site: int, spin: int) -> tuple[Factor, ...]:
    """``n = c+ c``."""
    return hop(site, site, spin)


def parse(text: str) -> tuple[Factor, ...]:
    """A product such as "0u^ 1u": c+ of spin up at site 0, then c of spin up at site 1; d is down.

    Raises:
        UserError: anything else.
    """
    found = [re.fullmatch(r"(\d+)([ud])(\^?)", word) for word in text.split()]
    if not found or None in found:
        raise UserError(f"operators: expected a product such as '0u^ 1u' (site, u or d, ^ creates), came {text!r}")
    return tuple(Factor(m[3] == "^", "ud".index(m[2]), int(m[1])) for m in found if m is not None)


class Connected(NamedTuple):
    """What an operator makes of configurations: ``H |x_w> = d_w |x_w> + sum_k elements_k |y_k>``, ``walkers_k = w``.

    Attributes:
        diagonal: d, ``(batch,)``.
        walkers: which configuration the others come from, ``(K,)``.
        y: ``(K, 2, sites)``; the same may come several times.
        elements: ``<y_k| H |x_w>``, ``(K,)``.
    """

    diagonal: Tensor
    walkers: Tensor
    y: Tensor
    elements: Tensor


@dataclass(frozen=True)
class _Block:
    """Products of one length. In `modes` and `creates`, ``(terms, length)``, the first column acts first."""

    modes: Tensor
    creates: Tensor
    coefficients: Tensor

    @cached_property
    def flipped(self) -> Tensor:
        """Whether the factors before have changed the occupation of the factor's mode, ``(terms, length)``."""
        same = self.modes[:, :, None] == self.modes[:, None, :]
        return same.tril(-1).sum(-1) % 2 == 1

    @cached_property
    def passed(self) -> Tensor:
        """How many factors before have changed a mode that stands in front of the factor's, ``(terms,)``."""
        return (self.modes[:, None, :] < self.modes[:, :, None]).tril(-1).sum((1, 2))

    def acted(self, occupied: Tensor) -> Tensor:
        """Coefficients with signs, zero where a product gives zero, ``(batch, terms)``, of ``(batch, modes)``.

        A factor gives the sign of all occupied modes in front of its own, P. Jordan and E. Wigner, Z. Phys. 47 (1928)
        631: nothing else in the package knows of them.
        """
        before = occupied.long().cumsum(1) - occupied.long()
        alive = ((occupied[:, self.modes] ^ self.flipped) != self.creates).all(-1)
        odd = (before[:, self.modes].sum(-1) + self.passed) % 2
        return alive * (1 - 2 * odd) * self.coefficients

    def to(self, device: torch.device) -> "_Block":
        return _Block(self.modes.to(device), self.creates.to(device), self.coefficients.to(device))


class Operators:
    """A sum of products in normal order, creation first, each once; products that are equal are added.

    Args:
        products: coefficients and factors, the last factor acts first; they may have any order.
        sites: how many there are.

    Raises:
        UserError: a site that there is not.
    """

    def __init__(self, products: Iterable[tuple[complex, Sequence[Factor]]], sites: int) -> None:
        self.sites = sites
        total: Products = {}
        for coefficient, factors in products:
            wrong = [factor.site for factor in factors if not 0 <= factor.site < sites]
            if wrong:
                raise UserError(f"operators: expected sites from 0 to {sites - 1}, came {wrong[0]}")
            _add_ordered(total, tuple(factors), coefficient)
        limit = ROUNDING * max(map(abs, total.values()), default=0.0)
        self.products: Products = {key: _plain(value, limit) for key, value in total.items() if abs(value) > limit}
        self._moved: dict[torch.device, tuple[list[_Block], list[_Block]]] = {}

    @property
    def real(self) -> bool:
        """Whether all coefficients are."""
        return not any(isinstance(value, complex) for value in self.products.values())

    @cached_property
    def keeps_spin(self) -> bool:
        """Whether the sum commutes with S-, and so with the total spin."""
        lowered: Products = {}
        for site in range(self.sites):
            lower = (Factor(True, 1, site), Factor(False, 0, site))
            for factors, value in self.products.items():
                _add_ordered(lowered, factors + lower, value)
                _add_ordered(lowered, lower + factors, -value)
        limit = 1e-9 * max(map(abs, self.products.values()), default=0.0)
        return all(abs(value) <= limit for value in lowered.values())

    def require_physical(self) -> None:
        """Raises UserError unless the sum is hermitian and each product keeps the number of each spin."""
        for factors, value in self.products.items():
            for spin, name in enumerate(("up", "down")):
                change = sum(1 if f.creates else -1 for f in factors if f.spin == spin)
                if change:
                    raise UserError(
                        f"operators: expected products that keep the numbers of up and down particles, came "
                        f"{spelled(factors)!r}, which changes that of spin {name} by {change:+d}"
                    )
            adjoint: Products = {}
            _add_ordered(adjoint, adjoined(factors), complex(value).conjugate())
            for key, wanted in adjoint.items():
                if abs(self.products.get(key, 0.0) - wanted) > 1e-9 * abs(wanted):
                    raise UserError(
                        f"operators: expected a hermitian sum, came {value:g} for {spelled(factors)!r} and "
                        f"{self.products.get(key, 0.0):g} for its adjoint {spelled(key)!r}"
                    )

    def connected(self, x: Tensor) -> Connected:
        """What the sum makes of configurations ``(batch, 2, sites)``."""
        diagonal, moving = self._on(x.device)
        occupied = x.flatten(1) > 0.5
        energies = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for block in diagonal:
            energies = energies + block.acted(occupied).sum(1)
        walkers, ys, elements = [], [], []
        for block in moving:
            acted = block.acted(occupied)
            walker, term = acted.nonzero(as_tuple=True)
            y = occupied[walker].long().scatter_add_(1, block.modes[term], torch.ones_like(block.modes[term])) % 2
            walkers.append(walker)
            ys.append(y.to(x.dtype).unflatten(1, (2, self.sites)))
            elements.append(acted[walker, term])
        none = (x.new_zeros(0, dtype=torch.long), x.new_zeros(0, 2, self.sites), energies.new_zeros(0))
        return Connected(
            energies, *(torch.cat((first, *rest)) for first, rest in zip(none, (walkers, ys, elements), strict=True))
        )

    def _on(self, device: torch.device) -> tuple[list[_Block], list[_Block]]:
        """Products that leave configurations as they are, and the others, as blocks of one length each."""
        if device not in self._moved:
            kept = {key: value for key, value in self.products.items() if is_diagonal(key)}
            rest = {key: value for key, value in self.products.items() if key not in kept}
            made = [[block.to(device) for block in _blocks(part, self.sites)] for part in (kept, rest)]
            self._moved[device] = made[0], made[1]
        return self._moved[device]


def _plain(value: complex, limit: float) -> complex:
    """A float where the imaginary part is zero."""
    value = complex(value)
    return value if abs(value.imag) > limit else value.real


def _blocks(products: Products, sites: int) -> list[_Block]:
    lengths = sorted({len(factors) for factors in products})
    blocks = []
    for length in lengths:
        chosen = [(factors[::-1], value) for factors, value in products.items() if len(factors) == length]
        modes = torch.tensor([[f.spin * sites + f.site for f in factors] for factors, _ in chosen], dtype=torch.long)
        creates = torch.tensor([[f.creates for f in factors] for factors, _ in chosen], dtype=torch.bool)
        values = [value for _, value in chosen]
        kind = torch.complex128 if any(isinstance(value, complex) for value in values) else torch.float64
        shape = (len(chosen), length)
        blocks.append(_Block(modes.reshape(shape), creates.reshape(shape), torch.tensor(values, dtype=kind)))
    return blocks


def is_diagonal(factors: Sequence[Factor]) -> bool:
    """Whether a product in normal order leaves every configuration as it is."""
    made, taken = ({(f.spin, f.site) for f in factors if f.creates is kind} for kind in (True, False))
    return made == taken


def adjoined(factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """The adjoint of a product."""
    return tuple(f._replace(creates=not f.creates) for f in reversed(factors))


def spelled(factors: Sequence[Factor]) -> str:
    """As `parse` reads it."""
    return " ".join(f"{f.site}{'ud'[f.spin]}{'^' if f.creates else ''}" for f in factors)


def _rank(factor: Factor) -> tuple[bool, int, int]:
    """Creation first; modes in canonical order."""
    return not factor.creates, factor.spin, factor.site


def _add_ordered(total: Products, factors: tuple[Factor, ...], coefficient: complex) -> None:
    """Adds a product in normal order, by ``c_i c+_j = delta_ij - c+_j c_i``."""
    for k in range(len(factors) - 1):
        left, right = factors[k], factors[k + 1]
        if left == right:
            return
        if _rank(left) <= _rank(right):
            continue
        if left[1:] == right[1:]:  # c c+ of one mode
            _add_ordered(total, factors[:k] + factors[k + 2 :], coefficient)
        _add_ordered(total, (*factors[:k], right, left, *factors[k + 2 :]), -coefficient)
        return
    total[factors] = total.get(factors, 0.0) + coefficient
