"""Class functions of U(1), SU(2) and SU(3) from their characters, as polynomials in the trace."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["CharacterSeries", "Term"]

Term = tuple[tuple[int, ...], int, float]
"""An irrep (charge, or rows of its Young diagram), its dimension d and the number c in d c chi."""


class CharacterSeries:
    """``f(V) = sum_r d_r c_r chi_r(V)`` for conjugate irreps with equal c, differentiable.

    Args:
        n: 1, 2 or 3 for U(1), SU(2) or SU(3).
        terms: irreps with their d and c.
    """

    def __init__(self, n: int, terms: Sequence[Term]) -> None:
        self.n, self._table = n, _TABLES[n](terms)

    def __call__(self, trace: Tensor) -> Tensor:
        """``f`` of the complex ``(1/N) tr V``, real and of the same shape."""
        table = self._table.to(trace.real.dtype).to(trace.device)
        if self.n == 3:
            return _su3_series(trace, table)
        return _clenshaw(trace.real, table, first_kind=self.n == 1)


def _u1_table(terms: Sequence[Term]) -> Tensor:
    """Coefficients of cos(k theta) = T_k(cos theta)."""
    table = torch.zeros(1 + max(abs(irrep[0]) for irrep, _, _ in terms), dtype=torch.float64)
    for irrep, _, ratio in terms:
        table[abs(irrep[0])] += ratio
    return table


def _su2_table(terms: Sequence[Term]) -> Tensor:
    """Coefficients of chi = U_k(tr/2), k = d - 1."""
    table = torch.zeros(max(d for _, d, _ in terms), dtype=torch.float64)
    for _, d, ratio in terms:
        table[d - 1] += d * ratio
    return table


def _su3_table(terms: Sequence[Term]) -> Tensor:
    """B with ``w = sum_pq B_pq h_p conj(h_q)``: the irrep of Dynkin labels (p, q) has the character
    ``h_p conj(h_q) - h_{p-1} conj(h_{q-1})``, h_p that of p boxes in a row."""
    size = 1 + max(irrep[0] for irrep, _, _ in terms)
    table = torch.zeros(size, size, dtype=torch.float64)
    for (p, q, _), d, ratio in terms:
        p -= q
        table[p, q] += d * ratio
        if p and q:
            table[p - 1, q - 1] -= d * ratio
    return table


_TABLES = {1: _u1_table, 2: _su2_table, 3: _su3_table}


def _clenshaw(t: Tensor, table: Tensor, first_kind: bool) -> Tensor:
    """``sum_k c_k T_k(t)`` or ``sum_k c_k U_k(t)``."""
    above, current = torch.zeros_like(t), torch.zeros_like(t)
    for coefficient in reversed(table[1:].tolist()):
        above, current = current, coefficient + 2 * t * current - above
    return float(table[0]) + (t if first_kind else 2 * t) * current - above


def _su3_series(trace: Tensor, table: Tensor) -> Tensor:
    """h_p by ``h_p = tau h_{p-1} - conj(tau) h_{p-2} + h_{p-3}``, tau = tr V."""
    tau = 3 * trace
    zero, one = torch.zeros_like(tau), torch.ones_like(tau)
    rows = [zero, zero, one]
    for _ in range(len(table) - 1):
        rows.append(tau * rows[-1] - tau.conj() * rows[-2] + rows[-3])
    h = torch.stack(rows[2:], -1)
    return ((h.real @ table) * h.real + (h.imag @ table) * h.imag).sum(-1)
