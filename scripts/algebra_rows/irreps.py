"""Irreducible parts of O(3): couplings beside those of e3nn, Wigner matrices and harmonics by their equations."""

from __future__ import annotations

import torch
from torch import Tensor

from algebra_rows.acting import normal
from algebra_rows.row import row
from gaugeflow.symmetry import clebsch_gordan, spherical_harmonics, wigner_d

IRREPS = "irreducible parts of O(3), largest error"
DEGREES = range(7)


def rotations(seed: int) -> Tensor:
    """A hundred rotations `(100, 3, 3)`."""
    q, _ = torch.linalg.qr(normal(100, 3, 3, seed=seed))
    return q * torch.linalg.det(q)[:, None, None]


def largest(differences: list[Tensor]) -> str:
    return f"{max(float(d.abs().max()) for d in differences):.1e}"


@row(IRREPS, "couplings, l <= 4, beside wigner_3j of e3nn up to sign", "< 1e-12")
def _() -> str:
    from e3nn.o3 import wigner_3j  # an optional dependency: the extra e3

    # e3nn computes them in the default dtype
    torch.set_default_dtype(torch.float64)
    try:
        triples = [(a, b, c) for a in range(5) for b in range(5) for c in range(abs(a - b), min(a + b, 4) + 1)]
        pairs = [(clebsch_gordan(*ls), wigner_3j(*ls)) for ls in triples]
    finally:
        torch.set_default_dtype(torch.float32)
    return largest([ours - theirs * (ours * theirs).sum().sign() for ours, theirs in pairs])


@row(IRREPS, "Y(R x) = D(R) Y(x), l <= 6", "< 1e-13")
def _() -> str:
    turn, r = rotations(0), normal(100, 3, seed=1)
    turned = torch.einsum("bij,bj->bi", turn, r)
    return largest(
        [
            spherical_harmonics(l, turned) - torch.einsum("bij,bj->bi", wigner_d(l, turn), spherical_harmonics(l, r))
            for l in DEGREES
        ]
    )


@row(IRREPS, "D(g h) = D(g) D(h), l <= 6", "< 1e-13")
def _() -> str:
    g, h = rotations(0), rotations(1)
    return largest([wigner_d(l, g @ h) - wigner_d(l, g) @ wigner_d(l, h) for l in DEGREES])
