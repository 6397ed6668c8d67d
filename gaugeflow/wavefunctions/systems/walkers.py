"""Where walkers start: electrons and spins are shared among nuclei at random, whatever the order of the nuclei."""

import torch
from torch import Tensor

from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.systems.elements import SPINS

__all__ = ["initial_walkers", "starting_counts"]


def initial_walkers(
    hamiltonian: Hamiltonian,
    count: int,
    dtype: torch.dtype,
    device: str | torch.device,
    generator: torch.Generator,
    counts: Tensor | None = None,
) -> Tensor:
    """Normal around the centres, ``(count, n, d)``: in a trap of its length, else one bohr around nuclei.

    Args:
        counts: how many electrons of each spin start at each nucleus, by default `starting_counts`.
    """
    particles = hamiltonian.particles
    noise = torch.randn(count, particles.n, particles.dimension, generator=generator, dtype=dtype, device=device)
    if hamiltonian.charges is None:
        return noise * float(hamiltonian.lengths[0])
    if counts is None:
        counts = starting_counts(hamiltonian, count, generator)
    spins = zip(counts.unbind(1), particles.counts, strict=True)
    homes = torch.cat([_places(of_spin, n) for of_spin, n in spins], 1)
    return noise + hamiltonian.centres.to(noise)[homes]


def starting_counts(
    hamiltonian: Hamiltonian, count: int, generator: torch.Generator, populations: Tensor | None = None
) -> Tensor:
    """How many electrons of each spin start at each nucleus, ``(count, 2, I)``, drawn for each walker.

    A nucleus has its share ``n Z / sum Z`` of the electrons in the mean, rounded up in some walkers and down in others:
    a charge is on one nucleus here and on another there. At each nucleus as many are unpaired as in the ground state of
    an atom with as many electrons, and which of all unpaired ones are up is drawn. For a higher spin, pairs that are
    drawn break.

    Args:
        hamiltonian: with nuclei.
        populations: of a mean field instead, ``(2, I)``: the mean number of up and down electrons at each nucleus.
    """
    assert hamiltonian.charges is not None
    particles, device = hamiltonian.particles, generator.device
    if len(hamiltonian.charges) == 1:
        return torch.tensor(particles.counts, device=device)[None, :, None].expand(count, 2, 1)
    if populations is not None:
        return torch.stack([_rounded(spin.to(device), count, generator) for spin in populations], 1)
    share = hamiltonian.charges.to(device) * (particles.n / float(hamiltonian.charges.sum()))
    electrons = _rounded(share, count, generator)
    pairs, unpaired = (electrons - _unpaired(electrons)) // 2, _unpaired(electrons)
    all_pairs, all_unpaired = pairs.sum(1), unpaired.sum(1)
    more_up = (particles.n_up - all_pairs - all_unpaired).clamp(min=0)
    more_down = (particles.n_down - all_pairs - all_unpaired).clamp(min=0)
    broken = _drawn(pairs, more_up + more_down, generator)  # one of the two numbers is zero
    flipped = torch.where((more_up > 0)[:, None], broken, -broken)
    alone = (particles.n_up - all_pairs).clamp(min=torch.zeros_like(all_unpaired), max=all_unpaired)
    up = pairs + flipped + _drawn(unpaired, alone, generator)
    return torch.stack((up, electrons - up), 1)


def _unpaired(electrons: Tensor) -> Tensor:
    """Of each atom with so many electrons, in its ground state."""
    known = torch.tensor([0, *SPINS], device=electrons.device)
    return torch.where(electrons < len(known), known[electrons.clamp(max=len(known) - 1)], electrons % 2)


def _rounded(expected: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Whole numbers ``(count, I)`` next to the expected ones ``(I,)``, with these as mean and always the same sum.

    Systematic sampling, W. G. Madow, Ann. Math. Stat. 20 (1949) 333, in an order drawn for each row.
    """
    order = torch.rand(count, len(expected), generator=generator, device=generator.device).argsort(1)
    begin = torch.rand(count, 1, generator=generator, device=generator.device, dtype=torch.float64)
    ends = expected.double()[order].cumsum(1)
    ends[:, -1] = ends[:, -1].round()
    ends = (torch.cat((torch.zeros_like(begin), ends), 1) + begin).floor().long()
    return torch.empty_like(order).scatter_(1, order, ends.diff(dim=1))


def _drawn(sizes: Tensor, total: Tensor, generator: torch.Generator) -> Tensor:
    """So many of the members of all groups, any as likely as any other: how many of each group, ``(rows, groups)``.

    Args:
        sizes: members of each group, ``(rows, groups)``.
        total: how many are drawn in each row, ``(rows,)``.
    """
    groups = sizes.shape[1]
    member = _places(sizes, int(sizes.sum(1).max()))  # those beyond a row's last one are of the group `groups`
    keys = torch.rand(member.shape, generator=generator, device=generator.device) + (member == groups)
    drawn = keys.argsort(1).argsort(1) < total[:, None]
    found = torch.zeros(len(sizes), groups + 1, dtype=torch.long, device=sizes.device)
    return found.scatter_add_(1, member, drawn.long())[:, :groups]


def _places(sizes: Tensor, width: int) -> Tensor:
    """The group of each member in turn, ``(rows, groups)`` to ``(rows, width)``."""
    index = torch.arange(width, device=sizes.device)
    return (index[:, None] >= sizes.cumsum(1)[:, None, :]).sum(-1)
