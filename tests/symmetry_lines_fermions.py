"""Wavefunctions of fermions and their Hamiltonians: what is claimed of them."""

import fermion_claims
from symmetry_line import Line, line

from gaugeflow import fermions

LINES: dict[str, Line] = {
    "fermion wavefunctions": line(
        fermions.Determinants,
        fermions.Pfaffians,
        fermions.PairProducts,
        fermions.Power,
        fermions.Product,
        claims=lambda: fermion_claims.antisymmetry_claims() + fermion_claims.rotation_claims(),
    ),
    "orbitals of wavefunctions": line(
        fermions.HarmonicOrbitals,
        fermions.GaussianOrbitals,
        fermions.NeuralOrbitals,
        fermions.SlaterEnvelope,
        claims=fermion_claims.orbital_claims,
    ),
    "backbones of wavefunctions": line(
        fermions.FermiNet,
        fermions.Psiformer,
        fermions.MessagePassing,
        fermions.DeepSets,
        claims=fermion_claims.backbone_claims,
    ),
    "features of particles": line(fermions.Features, claims=fermion_claims.feature_claims),
    "factors of wavefunctions": line(
        fermions.PairJastrow,
        fermions.NuclearCusp,
        fermions.Gaussian,
        fermions.CentreOfMass,
        fermions.SymmetricNetwork,
        claims=fermion_claims.factor_claims,
    ),
    "potentials of particles": line(
        fermions.HarmonicTrap,
        fermions.HarmonicPairs,
        fermions.Coulomb,
        fermions.InverseSquare,
        fermions.Nuclei,
        fermions.quantum_dot,
        fermions.harmonic_trap,
        fermions.calogero,
        fermions.confined,
        fermions.molecule,
        claims=fermion_claims.potential_claims,
    ),
    "local energies": line(
        fermions.local_energy, fermions.gradient_and_laplacian, claims=fermion_claims.local_energy_claims
    ),
}

WITHOUT = {
    "Ansatz": "what every ansatz offers",
    "Backbone": "what every backbone offers",
    "Envelope": "what every envelope offers",
    "Factor": "what every factor offers",
    "Orbitals": "what all orbitals offer",
    "Wavefunction": "what every wavefunction offers",
    "Hamiltonian": "a sum of potentials",
    "LogPsi": "numbers with a sign",
    "Particles": "counts",
    "Adam": "of parameters, not of coordinates",
    "NaturalGradient": "of parameters, not of coordinates",
    "NodalCells": "a number",
    "count_nodal_cells": "of functions, not of coordinates",
    "initial_walkers": "draws coordinates",
    "Reference": "a number",
    "GaussianBasis": "numbers of orbitals, which have a line",
    "HartreeFock": "numbers of orbitals, which have a line",
    "hartree_fock": "makes orbitals, which have a line",
    "free_energy": "of counts, not of coordinates",
}
