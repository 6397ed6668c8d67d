"""What the particles are and what holds them: potentials, named systems, reference energies, starts."""
