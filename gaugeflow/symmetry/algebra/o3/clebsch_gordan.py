"""Clebsch-Gordan coefficients of real representations, from Racah's formula in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import factorial

import torch
from torch import Tensor

__all__ = ["clebsch_gordan"]


def clebsch_gordan(l1: int, l2: int, l3: int) -> Tensor:
    """The one map l1 x l2 -> l3 that commutes with rotations: shape `(n1, n2, n3)` with n = 2 l + 1, in float64.

    C_abc = C_ijk D_ia D_jb D_kc for the matrices D of `wigner_d`, and the squares of C sum to one, as in e3nn's
    `wigner_3j`. The coefficients times sqrt(2 l3 + 1) have orthonormal columns. A `ValueError` where l3 is not one of
    ``|l1 - l2|`` ... l1 + l2.
    """
    if min(l1, l2, l3) < 0 or not abs(l1 - l2) <= l3 <= l1 + l2:
        raise ValueError(f"expected degrees |l1 - l2| <= l3 <= l1 + l2 of 0 or more, got {l1}, {l2}, {l3}")
    return _real_coefficients(l1, l2, l3).clone()


@cache
def _real_coefficients(l1: int, l2: int, l3: int) -> Tensor:
    complex_ones = torch.zeros(2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1, dtype=torch.complex128)
    for m1 in range(-l1, l1 + 1):
        for m2 in range(max(-l2, -l3 - m1), min(l2, l3 - m1) + 1):
            complex_ones[l1 + m1, l2 + m2, l3 + m1 + m2] = _racah(l1, m1, l2, m2, l3)
    q1, q2, q3 = _complex_from_real(l1), _complex_from_real(l2), _complex_from_real(l3)
    coefficients = torch.einsum("mnp,ma,nb,pc->abc", complex_ones, q1, q2, q3.conj()).real
    return coefficients / (2 * l3 + 1) ** 0.5


def _racah(l1: int, m1: int, l2: int, m2: int, l3: int) -> float:
    """<l1 m1 l2 m2 | l3 m1 + m2>, the root of a rational number: Racah, Phys. Rev. 62 (1942) 438, eq. (16)."""
    m3 = m1 + m2
    total = Fraction(0)
    for k in range(max(0, l2 - l3 - m1, l1 - l3 + m2), min(l1 + l2 - l3, l1 - m1, l2 + m2) + 1):
        below = (k, l1 + l2 - l3 - k, l1 - m1 - k, l2 + m2 - k, l3 - l2 + m1 + k, l3 - l1 - m2 + k)
        total += Fraction((-1) ** k, _product(below))
    triangle = Fraction(
        (2 * l3 + 1) * _product((l3 + l1 - l2, l3 - l1 + l2, l1 + l2 - l3)), factorial(l1 + l2 + l3 + 1)
    )
    square = total**2 * triangle * _product((l1 - m1, l1 + m1, l2 - m2, l2 + m2, l3 - m3, l3 + m3))
    return float(square) ** 0.5 * (1 if total > 0 else -1)


def _product(numbers: tuple[int, ...]) -> int:
    """The product of the factorials."""
    result = 1
    for n in numbers:
        result *= factorial(n)
    return result


def _complex_from_real(l: int) -> Tensor:
    """Complex harmonics out of real ones, rows and columns m = -l ... l. The phase (-i)^l makes couplings real."""
    q = torch.zeros(2 * l + 1, 2 * l + 1, dtype=torch.complex128)
    q[l, l] = 1
    for m in range(1, l + 1):
        q[l - m, l + m], q[l - m, l - m] = 0.5**0.5, -1j * 0.5**0.5
        q[l + m, l + m], q[l + m, l - m] = (-1) ** m * 0.5**0.5, 1j * (-1) ** m * 0.5**0.5
    return (-1j) ** l * q
