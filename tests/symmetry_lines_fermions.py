"""Wavefunctions of fermions and their Hamiltonians: what is claimed of them."""

import fermion_cases
from symmetry_line import Line, line

from gaugeflow import fermions

LINES: dict[str, Line] = {
    "fermion wavefunctions": line(
        fermions.Determinants,
        fermions.Pfaffians,
        fermions.PairProducts,
        fermions.Power,
        fermions.Product,
        fermions.HarmonicOrbitals,
        fermions.GaussianOrbitals,
        fermions.NeuralOrbitals,
        fermions.SlaterEnvelope,
        claims=fermion_cases.antisymmetry_claims,
    ),
    "backbones of wavefunctions": line(
        fermions.FermiNet,
        fermions.Psiformer,
        fermions.MessagePassing,
        fermions.DeepSets,
        fermions.Features,
        claims=fermion_cases.backbone_claims,
    ),
    "factors of wavefunctions": line(
        fermions.PairJastrow,
        fermions.NuclearCusp,
        fermions.Gaussian,
        fermions.CentreOfMass,
        fermions.SymmetricNetwork,
        claims=fermion_cases.factor_claims,
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
        claims=fermion_cases.potential_claims,
    ),
    "local energies": line(
        fermions.local_energy, fermions.gradient_and_laplacian, claims=fermion_cases.local_energy_claims
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
