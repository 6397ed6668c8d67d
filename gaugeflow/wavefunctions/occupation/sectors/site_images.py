"""Determinants on sites summed over all images of their orbitals: a projection that costs determinants alone."""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels.numba.threads import share
from gaugeflow.linalg import Scaled, scaled_det, signed_log
from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.ansatz.neural_orbitals import NeuralOrbitals
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.sectors import image_loops
from gaugeflow.wavefunctions.occupation.sectors.sector_state import CANCELLED, SectorState
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup, moved
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["SiteImages"]

NEAR = 1e-9
"""What features in double precision may differ by after a motion."""
LEAST = 16
"""Configurations that are worth handing to a thread."""


class SiteImages(SectorState):
    """``psi(x) = sum_g character(g)* sum_k prod_spin det_ij[W_kj(g i) + (A_k h_i)_j]``, g over motions of the lattice.

    It is the :class:`SiteProjected` of ``sum_k prod_spin det_ij[W_kj(i) + (A_k h_i)_j]`` times ``|G|``, as the features
    h of the network move with the particles: so the network is calculated once, and only determinants for each image.
    On the CPU they are those of compiled loops; elsewhere, and under transformations of `torch.func`, those of torch.

    Args:
        psi: determinants of `SiteOrbitals`, with numbers added to them by a network or without.
        group: real characters, no exchange of spins.

    Raises:
        UserError: another psi or group, or features that do not move with the lattice.
    """

    def __init__(self, psi: Wavefunction, group: SiteGroup) -> None:
        super().__init__(psi, group)
        orbitals: Any = psi.orbitals if isinstance(psi, Determinants) and not psi.full else None
        self.neural = isinstance(orbitals, NeuralOrbitals)
        if not isinstance(orbitals.base if self.neural else orbitals, SiteOrbitals):
            raise UserError(
                "images: expected determinants of each spin, of real orbitals on sites with numbers of a network added "
                "or without; `route: average` takes any wavefunction"
            )
        if self.characters.is_complex() or bool(group.flips.any()):
            raise UserError("images: expected real characters and no exchange of spins; `route: average` takes all")
        if self.neural:
            _require_features_that_move(orbitals.backbone, group)

    @property
    def images(self) -> int:
        return 1

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
        sums = _Compiled.apply if plain else _by_torch
        total, size = sums(self.orders, weights, *given)
        total = torch.where(total.detach().abs() < CANCELLED * size, 0.0, total)
        return LogPsi(*signed_log(Scaled(total, torch.zeros_like(size))))


@torch.no_grad()
def _require_features_that_move(backbone: Any, group: SiteGroup) -> None:
    particles = backbone.particles
    x = particles.draw(1, torch.Generator().manual_seed(0))
    y = moved(x, group.orders, group.flips)[0]
    kept = next(backbone.parameters()).dtype
    there = torch.stack([h[order] for h, order in zip(backbone.double().of_sites(y), group.orders, strict=True)])
    apart = float((there - backbone.of_sites(x)).abs().max())
    backbone.to(kept)
    if apart > NEAR:
        raise UserError(
            "images: expected a network whose features move with the lattice, came one where they differ by "
            f"{apart:.2g} after a motion: take site_convolution, with `isotropic: true` where a point group is given"
        )


def _by_torch(
    orders: Tensor, weights: Tensor, tables_up: Tensor, own_up: Tensor, rows_up: Tensor, *down: Tensor
) -> tuple[Tensor, Tensor]:
    """As :class:`_Compiled`."""
    terms = weights[:, None]
    for tables, own, rows in ((tables_up, own_up, rows_up), down):
        here = torch.einsum("bis,bkgsj->bgkij", rows.double(), tables[:, :, orders])
        found = scaled_det(here + own[:, None])
        terms = terms * found.mantissa * found.exponent.exp()
    return terms.sum((1, 2)), terms.detach().abs().sum((1, 2))


class _Compiled(torch.autograd.Function):
    """``apply(orders, weights, tables, own, rows, tables, own, rows)``, up before down, with tables ``(batch, terms,
    sites, n)``, what is each particle's own ``(batch, terms, n, n)``, and rows ``(batch, n, sites)``.

    Gives the sums and those of the moduli of their parts, ``(batch,)``; the latter have no derivatives.
    """

    @staticmethod
    def forward(ctx: Any, orders: Tensor, weights: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        spins = [_spin(*given[:3]), _spin(*given[3:])]
        total, size = weights.new_empty(2, len(given[0])).unbind()
        numbers = (orders.numpy(), weights.numpy())
        share(image_loops.sums, (*spins, *numbers, total.numpy(), size.numpy()), len(total), LEAST)
        ctx.spins, ctx.numbers = spins, numbers
        ctx.mark_non_differentiable(size)
        return total, size

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slopes: Tensor, _: Tensor) -> Any:
        found = [image_loops.Spin(np.zeros_like(s.tables), np.zeros_like(s.own), s.sites) for s in ctx.spins]
        work = (*ctx.spins, *ctx.numbers, slopes.double().contiguous().numpy(), *found)
        share(image_loops.back, work, len(slopes), LEAST)
        up, down = ([*map(torch.from_numpy, spin[:2]), None] for spin in found)
        return None, None, *up, *down


def _spin(tables: Tensor, own: Tensor, rows: Tensor) -> image_loops.Spin:
    sites = rows.detach().argmax(-1).numpy()
    return image_loops.Spin(tables.detach().contiguous().numpy(), own.detach().contiguous().numpy(), sites)
