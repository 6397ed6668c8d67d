"""The canonical form of a configuration under a group: the first of its orbit, and what psi is there beside it.

The images of a configuration are numbered by the bits of their occupations, up spins first. All of their numbers come
from one product of matrices: site i adds ``2^order[i]``.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup

__all__ = ["Canonical", "canonical_form"]

SAME = 1e-4
"""Phases that differ by less are equal; those of one group are roots of one, or rounded to single precision."""
AT_ONCE = 1 << 20
"""Images that are numbered at a time."""
MOST_SITES = 52
"""Bits of a whole number in double precision."""


class Canonical(NamedTuple):
    """Of each configuration of a batch."""

    x: Tensor
    """The first of its orbit, ``(batch, 2, sites)``."""
    phase: Tensor
    """``psi(x) = phase psi(first)`` of a psi with the character of the group, ``(batch,)``; 0 where psi vanishes, as a
    motion that leaves the configuration alone gives it another phase."""
    alone: Tensor
    """How many motions leave it alone, ``(batch,)``."""


def canonical_form(x: Tensor, group: SiteGroup) -> Canonical:
    """The first image of each configuration ``(batch, 2, sites)``; it serves under `torch.func.vmap`.

    Raises:
        UserError: more sites than a whole number in double precision has bits.
    """
    if len(group.orders) == 1:  # nothing moves
        alone = torch.ones(len(x), dtype=torch.long, device=x.device)
        return Canonical(x, alone.double(), alone)
    sites = x.shape[-1]
    if sites > MOST_SITES:
        raise UserError(f"canonical form: expected at most {MOST_SITES} sites, came {sites}")
    orders, flips, characters = (part.to(x.device) for part in (group.orders, group.flips, group.characters))
    pairs = torch.triu_indices(sites, sites, offset=1, device=x.device)
    motions = _Motions(
        orders.argsort(1),
        flips,
        characters.conj().resolve_conj(),
        (2.0 ** orders.double()).mT,
        pairs,
        (orders[:, pairs[0]] > orders[:, pairs[1]]).float().mT,
    )
    parts = [_of(part, motions) for part in x.split(max(1, AT_ONCE // len(orders)))]
    return Canonical(*(torch.cat(found) for found in zip(*parts, strict=True)))


class _Motions(NamedTuple):
    """Of a group: from which site what is at a site has come, ``(|G|, sites)``, exchanges of spins and characters
    conjugate ``(|G|,)``, the bits of sites ``(sites, |G|)``, pairs of sites ``(2, pairs)``, and which of them exchange
    their order ``(pairs, |G|)``."""

    sources: Tensor
    flips: Tensor
    conjugates: Tensor
    bits: Tensor
    pairs: Tensor
    crossed: Tensor


def _of(x: Tensor, motions: _Motions) -> Canonical:
    numbers = x.double().round() @ motions.bits  # (batch, 2, |G|); what is off by rounding is no other configuration
    up, down = torch.where(motions.flips, numbers.flip(1), numbers).unbind(1)
    lowest = up == up.amin(1, keepdim=True)
    down = torch.where(lowest, down, torch.inf)
    same = down == down.amin(1, keepdim=True)
    index = same.byte().argmax(1)
    phases = _signs(x, motions) * motions.conjugates
    first = phases.gather(1, index[:, None])
    zero = (same & ((phases - first).abs() > SAME)).any(1)
    y = x.gather(2, motions.sources[index][:, None].expand(x.shape))
    y = torch.where(motions.flips[index][:, None, None], y.flip(1), y)
    return Canonical(y, torch.where(zero, 0.0, first[:, 0]), same.sum(1))


def _signs(x: Tensor, motions: _Motions) -> Tensor:
    """Of all images, as those of `moved`, ``(batch, |G|)`` in double precision."""
    together = (x[..., motions.pairs[0]] * x[..., motions.pairs[1]]).float()
    counts = x.sum(-1)
    crossings = (together @ motions.crossed).sum(1) + motions.flips * (counts[:, 0] * counts[:, 1])[:, None]
    return 1 - 2 * crossings.double().round().remainder(2)
