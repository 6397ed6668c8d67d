"""The canonical form of a configuration under a group: the first of its orbit, and what psi is there beside it.

The images of a configuration are numbered by the bits of their occupations, up spins first. All of their numbers come
from one product of matrices: site i adds ``2^order[i]``. Signs come from pairs of particles of one spin that exchange
their order; on few sites those of all patterns of one spin stand in a table.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup

__all__ = ["Canonical", "canonical_form", "odd_exchanges", "require_few_sites"]

SAME = 1e-4
"""Phases that differ by less are equal; those of one group are roots of one, or rounded to single precision."""
AT_ONCE = 1 << 18
"""Images that are numbered at a time."""
TABLE = 1 << 25
"""Images of patterns of one spin whose signs are kept, a byte each."""
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


def require_few_sites(sites: int) -> None:
    """Raises UserError for more sites than a whole number in double precision has bits."""
    if sites > MOST_SITES:
        raise UserError(f"canonical form: expected at most {MOST_SITES} sites, came {sites}")


def canonical_form(x: Tensor, group: SiteGroup, odd: Tensor | None = None) -> Canonical:
    """The first image of each configuration ``(batch, 2, sites)``; it serves under `torch.func.vmap`.

    Args:
        odd: the :func:`odd_exchanges` of the group, which take most of the work away; for configurations on the CPU.

    Raises:
        UserError: more sites than :func:`require_few_sites` allows.
    """
    if len(group.orders) == 1:  # nothing moves
        alone = torch.ones(len(x), dtype=torch.long, device=x.device)
        return Canonical(x, alone.double(), alone)
    sites = x.shape[-1]
    require_few_sites(sites)
    orders, flips, characters = (part.to(x.device) for part in (group.orders, group.flips, group.characters))
    motions = _Motions(
        orders.argsort(1),
        flips,
        characters.conj().resolve_conj(),
        _keys(orders, flips),
        *_crossings(orders),
        odd if x.device.type == "cpu" else None,
    )
    parts = [_of(part, motions) for part in x.split(max(1, AT_ONCE // len(orders)))]
    return Canonical(*(torch.cat(found) for found in zip(*parts, strict=True)))


def odd_exchanges(group: SiteGroup) -> Tensor | None:
    """Whether a motion makes an odd number of exchanges among the particles of a pattern, ``(2^sites, |G|)``.

    Site i is the bit ``2^i`` of a pattern's number. None where these are too many to be kept.
    """
    size, sites = group.orders.shape
    if size << sites > TABLE:
        return None
    orders = group.orders.cpu().long().contiguous()
    return _table(orders.numpy().tobytes(), sites)


@lru_cache(maxsize=4)
def _table(orders: bytes, sites: int) -> Tensor:
    pairs, crossed = _crossings(torch.frombuffer(bytearray(orders), dtype=torch.long).view(-1, sites))
    patterns = torch.arange(1 << sites).split(max(1, AT_ONCE // crossed.shape[1]))
    occupied = ((part[:, None] >> torch.arange(sites)) & 1 for part in patterns)
    return torch.cat([_odd(x.float(), pairs, crossed) for x in occupied])


class _Motions(NamedTuple):
    """Of a group: from which site what is at a site has come, ``(|G|, sites)``, exchanges of spins and characters
    conjugate ``(|G|,)``, what sites add to the numbers of images, ``(2 sites, |G|)`` each, pairs of sites
    ``(2, pairs)``, which of them exchange their order ``(pairs, |G|)``, and for each pattern of one spin whether an odd
    number does, ``(2^sites, |G|)``."""

    sources: Tensor
    flips: Tensor
    conjugates: Tensor
    keys: list[Tensor]
    pairs: Tensor
    crossed: Tensor
    odd: Tensor | None


def _of(x: Tensor, motions: _Motions) -> Canonical:
    occupied = x.flatten(1).double().round()  # what is off by rounding is no other configuration
    numbers = occupied @ motions.keys[0]
    same = numbers == numbers.amin(1, keepdim=True)
    for key in motions.keys[1:]:
        numbers = torch.where(same, occupied @ key, torch.inf)
        same = numbers == numbers.amin(1, keepdim=True)
    index = same.byte().argmax(1)
    phases = _signs(x, motions) * motions.conjugates
    first = phases.gather(1, index[:, None])
    zero = (same & ((phases - first).abs() > SAME)).any(1)
    y = x.gather(2, motions.sources[index][:, None].expand(x.shape))
    y = torch.where(motions.flips[index][:, None, None], y.flip(1), y)
    return Canonical(y, torch.where(zero, 0.0, first[:, 0]), same.sum(1))


def _keys(orders: Tensor, flips: Tensor) -> list[Tensor]:
    """One number of an image if both spins fit into it, or one of each spin."""
    sites, bits = orders.shape[1], 2.0 ** orders.double()
    own, other = torch.where(flips, 0.0, bits.mT), torch.where(flips, bits.mT, 0.0)
    up, down = torch.cat((own, other)), torch.cat((other, own))
    return [up * 2.0**sites + down] if 2 * sites <= MOST_SITES else [up, down]


def _crossings(orders: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs of sites, and which of them exchange their order."""
    sites = orders.shape[1]
    pairs = torch.triu_indices(sites, sites, offset=1, device=orders.device)
    return pairs, (orders[:, pairs[0]] > orders[:, pairs[1]]).float().mT


def _odd(x: Tensor, pairs: Tensor, crossed: Tensor) -> Tensor:
    """Of occupations ``(..., sites)``, ``(..., |G|)``."""
    return ((x[..., pairs[0]] * x[..., pairs[1]]).float() @ crossed).round().remainder(2).bool()


def _signs(x: Tensor, motions: _Motions) -> Tensor:
    """Of all images, as those of `moved`, ``(batch, |G|)`` in double precision."""
    if motions.odd is None:
        odd = _odd(x, motions.pairs, motions.crossed)
    else:
        bits = 2.0 ** torch.arange(x.shape[-1], dtype=torch.float64)
        odd = motions.odd[(x.double().round() @ bits).long()]
    counts = x.sum(-1).round().long()
    exchanged = motions.flips & (counts[:, 0] * counts[:, 1] % 2 == 1)[:, None]
    return 1 - 2 * (odd[:, 0] ^ odd[:, 1] ^ exchanged).double()
