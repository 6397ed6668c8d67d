"""Fermion wavefunctions: ansatz, backbones, factors, Hamiltonians, local energies, optimisers, nodal cells."""

from gaugeflow.wavefunctions.analysis.nodal_cells import NodalCells, count_nodal_cells
from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.ansatz.envelopes import Envelope, SlaterEnvelope
from gaugeflow.wavefunctions.ansatz.gaussian_orbitals import GaussianBasis, GaussianOrbitals
from gaugeflow.wavefunctions.ansatz.hartree_fock import HartreeFock, hartree_fock
from gaugeflow.wavefunctions.ansatz.neural_orbitals import NeuralOrbitals
from gaugeflow.wavefunctions.ansatz.orbitals import HarmonicOrbitals, Orbitals
from gaugeflow.wavefunctions.ansatz.pair_products import PairProducts
from gaugeflow.wavefunctions.ansatz.pfaffians import Pfaffians
from gaugeflow.wavefunctions.ansatz.powers import Power
from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.deep_sets import DeepSets, SymmetricNetwork
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.backbones.ferminet import FermiNet
from gaugeflow.wavefunctions.backbones.message_passing import MessagePassing
from gaugeflow.wavefunctions.backbones.psiformer import Psiformer
from gaugeflow.wavefunctions.factors.confinement import CentreOfMass, Gaussian
from gaugeflow.wavefunctions.factors.jastrow import PairJastrow
from gaugeflow.wavefunctions.factors.nuclear_cusp import NuclearCusp
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian, Reference
from gaugeflow.wavefunctions.laplacian.local_energy import gradient_and_laplacian, local_energy
from gaugeflow.wavefunctions.optimizers.adam import Adam
from gaugeflow.wavefunctions.optimizers.natural_gradient import NaturalGradient
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.systems.named import (
    calogero,
    confined,
    free_energy,
    harmonic_trap,
    molecule,
    quantum_dot,
)
from gaugeflow.wavefunctions.systems.potentials import Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei
from gaugeflow.wavefunctions.systems.walkers import initial_walkers
from gaugeflow.wavefunctions.wavefunction import Ansatz, Factor, LogPsi, Product, Wavefunction

__all__ = [
    "Adam",
    "Ansatz",
    "Backbone",
    "CentreOfMass",
    "Coulomb",
    "DeepSets",
    "Determinants",
    "Envelope",
    "Factor",
    "Features",
    "FermiNet",
    "Gaussian",
    "GaussianBasis",
    "GaussianOrbitals",
    "Hamiltonian",
    "HarmonicOrbitals",
    "HarmonicPairs",
    "HarmonicTrap",
    "HartreeFock",
    "InverseSquare",
    "LogPsi",
    "MessagePassing",
    "NaturalGradient",
    "NeuralOrbitals",
    "NodalCells",
    "NuclearCusp",
    "Nuclei",
    "Orbitals",
    "PairJastrow",
    "PairProducts",
    "Particles",
    "Pfaffians",
    "Power",
    "Product",
    "Psiformer",
    "Reference",
    "SlaterEnvelope",
    "SymmetricNetwork",
    "Wavefunction",
    "calogero",
    "confined",
    "count_nodal_cells",
    "free_energy",
    "gradient_and_laplacian",
    "harmonic_trap",
    "hartree_fock",
    "initial_walkers",
    "local_energy",
    "molecule",
    "quantum_dot",
]
