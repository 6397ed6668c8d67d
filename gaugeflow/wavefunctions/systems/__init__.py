"""What the particles are and what holds them: potentials, named systems, reference energies, starts.

Read `named` first: every Hamiltonian by name, of terms in `potentials`, with known energies from `references`.
`levels` and `elements` are tables of the oscillator and of the elements; `walkers` says where walkers start.
"""
