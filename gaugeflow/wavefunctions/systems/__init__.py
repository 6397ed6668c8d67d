"""What the particles are and what holds them: potentials, named systems, reference energies, starts.

Read `named` first: every Hamiltonian by name, of terms in `potentials`, with known energies from `references` and from
`bethe`. `levels` and `elements` are tables of the oscillator and of the elements, `xyz` reads files of molecules;
`walkers` says where walkers start, and `jumps` how they come from one nucleus to another.
"""
