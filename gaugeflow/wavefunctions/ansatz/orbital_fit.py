"""Pretraining: the orbitals of a wavefunction are fitted to those of a mean field, before any energy is calculated."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.ansatz.pair_products import PairProducts
from gaugeflow.wavefunctions.ansatz.pfaffians import Pfaffians
from gaugeflow.wavefunctions.ansatz.powers import Power
from gaugeflow.wavefunctions.factors.confinement import Gaussian
from gaugeflow.wavefunctions.factors.jastrow import PairJastrow
from gaugeflow.wavefunctions.factors.nuclear_cusp import NuclearCusp
from gaugeflow.wavefunctions.wavefunction import Product, Wavefunction

__all__ = ["Columns", "OrbitalFit", "needed", "target_columns"]

Columns = tuple[list[int | None], list[int | None]]
"""For up and down: which orbital of the mean field each orbital of the ansatz becomes; None for zero."""
PARTNERS = 48
"""How many other walkers lend their particles to the mean of the pair factor."""


def target_columns(ansatz: Wavefunction) -> Columns:
    """What makes an ansatz the determinants of a mean field's lowest orbitals.

    Determinants of each spin have these as their columns, full ones as two blocks. In a Pfaffian they are the pairing
    orbitals, which makes pairs of doubly occupied ones, and the unpaired ones are those of the majority alone. Products
    of pairs are determinants for up to two particles of each spin, and on a line, where that is Vandermonde's.

    Raises:
        UserError: pair products of more particles, which no orbitals make a determinant.
    """
    particles = ansatz.particles
    if isinstance(ansatz, Power):
        return target_columns(ansatz.ansatz)
    if isinstance(ansatz, Determinants):
        up, down = (list(range(count)) for count in particles.counts)
        return ([*up, *[None] * len(down)], [*[None] * len(up), *down]) if ansatz.full else ([*up], [*down])
    if isinstance(ansatz, Pfaffians):
        return _of_pfaffians(ansatz)
    if isinstance(ansatz, PairProducts) and (max(particles.counts) <= 2 or particles.dimension == 1):
        columns = [m if m < 2 else None for m in range(ansatz.orbitals.sizes[0])]
        return columns, columns
    raise UserError(
        "pretraining: expected determinants, Pfaffians, or pair products of at most two particles of each spin, came "
        f"{type(ansatz).__name__} for {particles}"
    )


def _of_pfaffians(ansatz: Pfaffians) -> Columns:
    few, many = sorted(ansatz.particles.counts)
    paired = [m if m < many else None for m in range(ansatz.pairing)]
    alone = [few + k for k in range(ansatz.unpaired)]
    nobody = [None] * len(alone)
    up_is_majority = ansatz.particles.n_up >= ansatz.particles.n_down
    return [*paired, *(alone if up_is_majority else nobody)], [*paired, *(nobody if up_is_majority else alone)]


def needed(columns: Columns) -> Sizes:
    """How many orbitals of the mean field these are."""
    up, down = (max((m + 1 for m in spin if m is not None), default=0) for spin in columns)
    return up, down


class OrbitalFit:
    """Least squares of ``int |phi exp(J) - s phi_target|^2`` over all orbitals and terms.

    J is what the factors do to one particle: that of its own position, and with `interacting` the mean of the pair
    factor over the others, as the density of a mean field has the repulsion in it already. Each orbital's scale s,
    which changes the wavefunction by a number only, is that of `phi` at the start, and its square the unit of the
    integral. The integral is a mean over walkers with the density of independent particles in the target's orbitals,
    ``prod_i rho(r_i)`` with ``rho = mean_m phi_m^2``, each with the weight 1/rho. Adam's rate falls linearly to zero.

    Args:
        psi: a product whose ansatz has orbitals.
        target: with the sizes of `needed` and one term; in a trap without the Gaussian, as `HarmonicOrbitals`.
        steps: in all.
    """

    def __init__(self, psi: Product, target: Orbitals, interacting: bool, rate: float, steps: int) -> None:
        ansatz = psi.ansatz.ansatz if isinstance(psi.ansatz, Power) else psi.ansatz
        assert isinstance(ansatz, Determinants | Pfaffians | PairProducts)
        self.orbitals, self.target, self.columns = ansatz.orbitals, target, target_columns(ansatz)
        self.trap = [factor for factor in psi.factors if isinstance(factor, Gaussian)]
        self.cusps = [factor for factor in psi.factors if isinstance(factor, NuclearCusp)]
        self.pairs = [factor for factor in psi.factors if isinstance(factor, PairJastrow) and interacting]
        self.rate, self.steps = rate, steps
        self.scales: list[tuple[Tensor, Tensor]] = []
        self.adam = torch.optim.Adam([p for p in self.orbitals.parameters() if p.requires_grad], lr=rate)

    def log_density(self, x: Tensor) -> Tensor:
        """Of the walkers, ``(batch,)``, up to a constant."""
        return self._density(x).log().sum(1) + 2 * _of_each(self.trap, x).sum(1)

    def step(self, index: int, x: Tensor) -> Tensor:
        """One step of Adam, number `index` from 0; returns the `misfit` before it."""
        self.adam.param_groups[0]["lr"] = self.rate * (1 - index / self.steps)
        self.adam.zero_grad()
        misfit = self.misfit(x)
        misfit.mean().backward()
        self.adam.step()
        self.adam.zero_grad()
        return misfit.detach()

    def misfit(self, x: Tensor) -> Tensor:
        """The mean over orbitals, particles and terms of the squared relative differences, ``(batch,)``."""
        sides = self._sides(x)
        if not self.scales:
            self.scales = [_scale(phi.detach(), wanted) for phi, wanted in sides]
        differences = [
            (phi / size - sign * wanted).square().mean((1, 3)).sum(1)
            for (phi, wanted), (size, sign) in zip(sides, self.scales, strict=True)
        ]
        return torch.stack(differences).sum(0) / self.target.particles.n

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self.adam.state_dict(), "scales": self.scales}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state["adam"])
        device = next(self.orbitals.parameters()).device
        self.scales = [(size.to(device), sign.to(device)) for size, sign in state["scales"]]

    def _density(self, x: Tensor) -> Tensor:
        """rho of each particle, ``(batch, n)``, without the Gaussian of a trap."""
        return torch.cat([known[:, 0].square().mean(-1) for known in self.target(x)], 1)

    def _sides(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Of each spin that is there what is fitted and to what, ``(batch, terms or 1, n, size)``, over sqrt(rho)."""
        with torch.no_grad():
            weight = self._density(x).rsqrt()
            factor = (_of_each(self.cusps, x) + self._of_others(x)).exp() * weight
            known = self.target(x)
        n_up, sides = self.target.particles.n_up, []
        parts = (slice(0, n_up), slice(n_up, None))
        for part, phi, own, columns in zip(parts, self.orbitals(x), known, self.columns, strict=True):
            with_zero = torch.cat((own, torch.zeros_like(phi[:, :1, :, :1])), -1)
            wanted = with_zero[..., [-1 if m is None else m for m in columns]]
            sides.append((phi * factor[:, None, part, None], wanted * weight[:, None, part, None]))
        return [side for side, count in zip(sides, self.target.particles.counts, strict=True) if count]

    def _of_others(self, x: Tensor) -> Tensor:
        """The pair factor's exponent of each particle among those of other walkers, ``(batch, n)``, less its mean."""
        if not self.pairs:
            return x.new_zeros(x.shape[:2])
        n, spins = x.shape[1], self.target.particles.spins.to(x.device)
        kind = (spins[:, None] == spins).long()
        apart = 1 - torch.eye(n, dtype=x.dtype, device=x.device)
        total, partners = x.new_zeros(x.shape[:2]), min(PARTNERS, len(x) - 1)
        for k in range(1, partners + 1):
            others = x.roll(k * (len(x) // (partners + 1)), 0)
            r = (x.unsqueeze(2) - others.unsqueeze(1)).norm(dim=-1)
            for pairs in self.pairs:
                total += (pairs.of_pairs(r, kind) * apart).sum(-1) / max(1, partners)
        return total - total.mean()


def _of_each(factors: list[Any], x: Tensor) -> Tensor:
    """The exponents of factors of one particle for each, ``(batch, n)``."""
    alone = x.flatten(0, 1).unsqueeze(1)
    return sum((factor(alone) for factor in factors), start=x.new_zeros(len(alone))).reshape(x.shape[:2])


def _scale(phi: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The size of each orbital, and what makes the wanted one of size 1 with the same sign."""
    axes = (0, 1, 2)
    norm = wanted.square().mean(axes).sqrt()
    sign = torch.where((phi * wanted).mean(axes) < 0, -1.0, 1.0).to(phi.dtype)
    return phi.square().mean(axes).sqrt(), sign / torch.where(norm > 0, norm, 1.0)
