"""What a trained wavefunction looks like: its nodal cells."""
