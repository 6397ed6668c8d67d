"""Wavefunctions of fermions and bosons: ansatz, backbones, factors, Hamiltonians, local energies, optimisers, nodes.

Read `wavefunction` and `hamiltonian` first. A wavefunction is a part with the statistics from `ansatz`, with orbitals
of a network from `backbones`, times `factors`; its Hamiltonian comes from `systems`. `matrices` learn orbitals from
other molecules. `laplacian` has the local energy, `optimizers` lower it, `diffusion` projects out the lowest state with
the same nodes, `analysis` looks at the result.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
