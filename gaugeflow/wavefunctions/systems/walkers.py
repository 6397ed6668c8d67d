"""Where walkers start."""

import torch
from torch import Tensor

from gaugeflow.wavefunctions.hamiltonian import Hamiltonian

__all__ = ["initial_walkers"]


def initial_walkers(
    hamiltonian: Hamiltonian, count: int, dtype: torch.dtype, device: str | torch.device, generator: torch.Generator
) -> Tensor:
    """Normal around the centres, ``(count, n, d)``: in a trap of its length, else one bohr around nuclei in turn.

    Each nucleus gets as many electrons as its charge has, up and down alternately, until there are no more.
    """
    particles = hamiltonian.particles
    noise = torch.randn(count, particles.n, particles.dimension, generator=generator, dtype=dtype, device=device)
    if hamiltonian.charges is None:
        return noise * float(hamiltonian.lengths[0])
    places = torch.repeat_interleave(torch.arange(len(hamiltonian.charges)), hamiltonian.charges.long())
    places = places.repeat(particles.n // len(places) + 1)[: particles.n]
    # electrons along `places` alternate in spin as long as there are both
    up, down = list(range(particles.n_up)), list(range(particles.n_up, particles.n))
    order = [spin.pop(0) for k in range(particles.n) for spin in [(up, down)[k % 2] or up or down]]
    home = torch.empty(particles.n, dtype=torch.long)
    home[torch.tensor(order)] = places
    return noise + hamiltonian.centres[home].to(noise)
