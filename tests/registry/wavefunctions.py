"""Wavefunctions of fermions and their Hamiltonians: what is claimed of them."""

from gaugeflow import wavefunctions
from tests.registry import wavefunction_claims
from tests.registry.line import Line, line

LINES: dict[str, Line] = {
    "fermion wavefunctions": line(
        wavefunctions.Determinants,
        wavefunctions.Pfaffians,
        wavefunctions.PairProducts,
        wavefunctions.Power,
        wavefunctions.Product,
        wavefunctions.Projected,
        claims=lambda: [
            *wavefunction_claims.antisymmetry_claims(),
            *wavefunction_claims.rotation_claims(),
            *wavefunction_claims.projection_claims(),
        ],
    ),
    "orbitals of wavefunctions": line(
        wavefunctions.HarmonicOrbitals,
        wavefunctions.GaussianOrbitals,
        wavefunctions.NeuralOrbitals,
        wavefunctions.SlaterEnvelope,
        claims=wavefunction_claims.orbital_claims,
    ),
    "backbones of wavefunctions": line(
        wavefunctions.FermiNet,
        wavefunctions.Psiformer,
        wavefunctions.MessagePassing,
        wavefunctions.DeepSets,
        claims=wavefunction_claims.backbone_claims,
    ),
    "features of particles": line(wavefunctions.Features, claims=wavefunction_claims.feature_claims),
    "factors of wavefunctions": line(
        wavefunctions.PairJastrow,
        wavefunctions.NuclearCusp,
        wavefunctions.Gaussian,
        wavefunctions.CentreOfMass,
        wavefunctions.SymmetricNetwork,
        claims=wavefunction_claims.factor_claims,
    ),
    "potentials of particles": line(
        wavefunctions.HarmonicTrap,
        wavefunctions.HarmonicPairs,
        wavefunctions.Coulomb,
        wavefunctions.InverseSquare,
        wavefunctions.Nuclei,
        wavefunctions.quantum_dot,
        wavefunctions.harmonic_trap,
        wavefunctions.calogero,
        wavefunctions.confined,
        wavefunctions.molecule,
        claims=wavefunction_claims.potential_claims,
    ),
    "local energies": line(
        wavefunctions.local_energy, wavefunctions.gradient_and_laplacian, claims=wavefunction_claims.local_energy_claims
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
    "PointGroup": "a group",
    "sector_energy": "as the local energy, which has a line",
    "sector_shares": "numbers of orbits",
    "Adam": "of parameters, not of coordinates",
    "NaturalGradient": "of parameters, not of coordinates",
    "Identity": "a number beside the one that is right",
    "at_zero_variance": "of numbers",
    "examine": "of functions, not of coordinates",
    "NodalCells": "a number",
    "count_nodal_cells": "of functions, not of coordinates",
    "initial_walkers": "draws coordinates",
    "starting_counts": "draws counts",
    "jumps_between": "makes moves, which have a line",
    "read_xyz": "reads a file",
    "Reference": "a number",
    "GaussianBasis": "numbers of orbitals, which have a line",
    "HartreeFock": "numbers of orbitals, which have a line",
    "hartree_fock": "makes orbitals, which have a line",
    "free_energy": "of counts, not of coordinates",
    "Diffusion": "a random process, which tests/wavefunctions/test_diffusion.py holds against closed forms",
    "Generation": "numbers of walkers",
    "Guided": "psi and its derivatives, which have lines",
    "trial_guide": "makes what a process is guided by",
    "mixed_estimate": "of numbers",
    "Extrapolation": "numbers",
    "extrapolated": "of numbers",
}
