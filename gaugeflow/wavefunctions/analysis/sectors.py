"""How much of a wavefunction lies in each irreducible part of a point group, and the energy of one part.

With P the projector on a part, `<P psi|P psi> / <psi|psi>` is a mean over walkers x with the density psi^2. As the
orbit of a walker may be taken as a whole, what is averaged is

    sum_g (P psi)(g x)^2 / sum_g psi(g x)^2,

which lies between 0 and 1 for every walker. The ratio `(P psi)(x) / psi(x)` has the same mean, and a tail at the nodes.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.projected import Projected
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.laplacian.local_energy import local_energy
from gaugeflow.wavefunctions.point_groups import PointGroup
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["require_symmetric", "sector_energy", "sector_shares"]

Psi = Callable[[Any], LogPsi]
KEPT = 1e-8
"""Largest change of the potential under a motion, as a share of its size."""


@torch.no_grad()
def sector_shares(psi: Psi, group: PointGroup, x: Tensor, chunk_size: int | None = None) -> dict[str, Tensor]:
    """For each part of the group its share of each walker's orbit, ``(batch,)``; over the parts they add up to 1.

    Args:
        psi: antisymmetric or not.
        x: walkers with the density psi^2, ``(batch, n, d)``: the means are the weights of the parts.
        chunk_size: walkers at a time; all by default.
    """
    parts = [group.over_sectors(_orbit(psi, group, part)) for part in x.split(chunk_size or max(len(x), 1))]
    return {name: torch.cat([part[name] for part in parts]) for name in group.sectors}


def _orbit(psi: Psi, group: PointGroup, x: Tensor) -> Tensor:
    """psi(g x) for every g, ``(batch, |G|)``, over the largest of each row."""
    found = [psi(moved) for moved in _moved(group, x)]
    sign, log = torch.stack([f.sign for f in found], 1).double(), torch.stack([f.log for f in found], 1).double()
    return sign * (log - log.amax(1, keepdim=True)).exp()


def _moved(group: PointGroup, x: Tensor) -> list[Tensor]:
    """g x for every g."""
    motions = group.every(())
    pairs = zip(motions["rotation"].to(x), motions["shift"].to(x), strict=True)
    return [x @ rotation.mT + shift for rotation, shift in pairs]


def sector_energy(
    psi: Wavefunction,
    hamiltonian: Hamiltonian,
    group: PointGroup,
    character: str,
    x: Tensor,
    chunk_size: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The local energy of the part of psi, and the weight with which each walker of psi^2 counts, both ``(batch,)``.

    The energy of the part is the weighted mean. The weights are the walkers' `sector_shares`, which are bounded. It
    costs ``|G|`` local energies of psi.

    Raises:
        UserError: a part of more dimensions than one, whose local energy is not the same on all of an orbit.
    """
    part = Projected(psi, group, character)
    if float(group.sectors[character][0]) * group.order(x) > 1.5:
        raise UserError(f"sectors: expected a part of one dimension for its energy, came {character} of {group.symbol}")
    shares = sector_shares(psi, group, x, chunk_size)[character]
    return local_energy(part, hamiltonian, x, chunk_size=chunk_size), shares


def require_symmetric(hamiltonian: Hamiltonian, group: PointGroup, x: Tensor) -> None:
    """Raises UserError where the potential is not the same for all motions of walkers ``(batch, n, d)``."""
    before = hamiltonian.potential(x)
    change = max(float((hamiltonian.potential(moved) - before).abs().max()) for moved in _moved(group, x))
    if not change <= KEPT * (1 + float(before.abs().max())):
        place = ", ".join(f"{c:g}" for c in group.centre.tolist())
        raise UserError(
            f"sectors: expected motions that keep the potential, which changes by {change:.2g} hartree under "
            f"{group.symbol} about ({place})"
        )
