"""The task `chain`: Markov chains of lattice fields, measured as they go."""
