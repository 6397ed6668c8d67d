"""Determinants on sites summed over all images of their orbitals: a projection that costs determinants alone."""

from copy import deepcopy
from typing import Any, cast

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import Scaled, scaled_det, signed_log
from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.ansatz.neural_orbitals import NeuralOrbitals
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.sectors.sector_state import CANCELLED, SectorState
from gaugeflow.wavefunctions.occupation.site_backbones import SiteBackbone
from gaugeflow.wavefunctions.occupation.site_backflow import SiteBackflow
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup, moved
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["SiteImages"]

NEAR = 1e-9
"""What features in double precision may differ by after a motion."""


class SiteImages(SectorState):
    """``psi(x) = sum_g character(g)* sum_k prod_spin det_ij[W_kj(g i) + (A_k h_i)_j]``, g over motions of the lattice.

    It is the :class:`SiteProjected` of ``sum_k prod_spin det_ij[W_kj(i) + (A_k h_i)_j]`` times ``|G|``, as the features
    h of the network move with the particles: so the network is calculated once, and only determinants for each image.
    On the CPU they are those of compiled loops; elsewhere, and under transformations of `torch.func`, those of torch.

    Args:
        psi: a determinant for each spin, of real `SiteOrbitals`, with numbers added to them by a network or without.
        group: with characters 1 and -1, without an exchange of spins.

    Raises:
        UserError: another psi or group, or features that do not move with the lattice, as they are at the start.
    """

    def __init__(self, psi: Wavefunction, group: SiteGroup) -> None:
        super().__init__(psi, group)
        orbitals = _orbitals_of(psi)
        self.neural = isinstance(orbitals, NeuralOrbitals)
        if self.characters.is_complex():
            raise UserError("images: expected characters 1 and -1, as of the momenta 0 and pi, came complex ones")
        if bool(group.flips.any()):
            raise UserError("images: expected motions of the lattice, came a group with an exchange of spins")
        if self.neural:
            _require_features_that_move(orbitals.backbone, group)

    @property
    def images(self) -> int:
        return 1 if self.orders.device.type == "cpu" else len(self.orders)

    def log_psi(self, x: Any) -> LogPsi:
        psi, particles = cast(Any, self.psi), cast(Any, self.particles)
        orbitals = psi.orbitals
        own = orbitals.learned(x) if self.neural else None
        base = orbitals.base if self.neural else orbitals
        rows = rows_of(x, particles.counts)
        every = torch.eye(particles.sites, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        given = []
        for spin, sites in enumerate(rows):
            tables = base.on(spin, every).double()
            none = tables.new_zeros(*tables.shape[:2], sites.shape[1], tables.shape[3])
            given += [tables, none if own is None else own[spin].double(), sites]
        weights = self.characters.double()
        plain = x.device.type == "cpu" and not any(map(torch._C._functorch.is_functorch_wrapped_tensor, given))
        total, size = (_compiled if plain else _by_torch)(self.orders, weights, *given)
        total = torch.where(total.detach().abs() < CANCELLED * size, 0.0, total)
        return LogPsi(*signed_log(Scaled(total, torch.zeros_like(size))))


def _orbitals_of(psi: Wavefunction) -> Any:
    """Raises UserError for those that have no images."""
    expected = "images: expected a determinant for each spin, of real orbitals on sites, came "
    if not isinstance(psi, Determinants):
        raise UserError(f"{expected}{type(psi).__name__}")
    if psi.full:
        raise UserError(f"{expected}one determinant of both spins")
    orbitals: Any = psi.orbitals
    base = orbitals.base if isinstance(orbitals, NeuralOrbitals) else orbitals
    if isinstance(base, SiteBackflow):
        raise UserError(f"{expected}backflow, whose weights do not turn with the lattice")
    if not isinstance(base, SiteOrbitals):
        raise UserError(f"{expected}{type(base).__name__}")
    if base.terms != orbitals.terms:
        raise UserError(f"images: expected as many terms of the orbitals as of the network, came {base.terms}")
    return orbitals


@torch.no_grad()
def _require_features_that_move(backbone: Any, group: SiteGroup) -> None:
    if not isinstance(backbone, SiteBackbone):
        raise UserError(f"images: expected a network on sites, came {type(backbone).__name__}")
    particles, features = backbone.particles, deepcopy(backbone).double().cpu().of_sites
    x = particles.draw(1, torch.Generator().manual_seed(0))
    y = moved(x, group.orders, group.flips)[0]
    there = torch.stack([h[order] for h, order in zip(features(y), group.orders, strict=True)])
    apart = float((there - features(x)).abs().max())
    if apart > NEAR:
        raise UserError(
            "images: expected a network whose features move with the lattice, came one where they differ by "
            f"{apart:.2g} after a motion: take site_convolution, with `isotropic: true` where a point group is given"
        )


def _compiled(*given: Tensor) -> tuple[Tensor, Tensor]:
    from gaugeflow.wavefunctions.occupation.sectors.image_sums import CompiledImages  # loads numba

    found: tuple[Tensor, Tensor] = CompiledImages.apply(*given)
    return found


def _by_torch(orders: Tensor, weights: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
    """As `CompiledImages`."""
    terms, spins = weights[:, None], (given[:3], given[3:])
    for tables, own, rows in spins:
        places = orders[:, rows.argmax(-1)].transpose(0, 1)
        index = places[:, None, :, :, None].expand(-1, tables.shape[1], -1, -1, tables.shape[3])
        here = tables[:, :, None].expand(-1, -1, len(orders), -1, -1).gather(3, index)
        found = scaled_det((here + own[:, :, None]).transpose(1, 2))
        terms = terms * found.mantissa * found.exponent.exp()
    x = torch.stack([rows.sum(1) for _, _, rows in spins], 1)
    y, signs = moved(x[:, None], orders, torch.zeros(len(orders), dtype=torch.bool, device=x.device))
    cancels = ((y == x[:, None]).all(-1).all(-1) & (signs * weights < 0)).any(1)
    terms = torch.where(cancels[:, None, None], 0.0, terms)
    return terms.sum((1, 2)), terms.detach().abs().sum((1, 2))
