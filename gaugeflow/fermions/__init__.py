"""Fermion wavefunctions: ansatz, backbones, factors, Hamiltonians, local energies, optimisers, nodal cells."""

from gaugeflow.fermions.adam import Adam
from gaugeflow.fermions.backbone import Backbone
from gaugeflow.fermions.confinement import CentreOfMass, Gaussian
from gaugeflow.fermions.deep_sets import DeepSets, SymmetricNetwork
from gaugeflow.fermions.determinants import Determinants
from gaugeflow.fermions.envelopes import Envelope, SlaterEnvelope
from gaugeflow.fermions.features import Features
from gaugeflow.fermions.ferminet import FermiNet
from gaugeflow.fermions.gaussian_orbitals import GaussianBasis, GaussianOrbitals
from gaugeflow.fermions.hamiltonian import Hamiltonian, Reference
from gaugeflow.fermions.hartree_fock import HartreeFock, hartree_fock
from gaugeflow.fermions.jastrow import PairJastrow
from gaugeflow.fermions.local_energy import gradient_and_laplacian, local_energy
from gaugeflow.fermions.message_passing import MessagePassing
from gaugeflow.fermions.natural_gradient import NaturalGradient
from gaugeflow.fermions.neural_orbitals import NeuralOrbitals
from gaugeflow.fermions.nodal_cells import NodalCells, count_nodal_cells
from gaugeflow.fermions.nuclear_cusp import NuclearCusp
from gaugeflow.fermions.orbitals import HarmonicOrbitals, Orbitals
from gaugeflow.fermions.pair_products import PairProducts
from gaugeflow.fermions.particles import Particles
from gaugeflow.fermions.pfaffians import Pfaffians
from gaugeflow.fermions.potentials import Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei
from gaugeflow.fermions.powers import Power
from gaugeflow.fermions.psiformer import Psiformer
from gaugeflow.fermions.systems import calogero, confined, free_energy, harmonic_trap, molecule, quantum_dot
from gaugeflow.fermions.walkers import initial_walkers
from gaugeflow.fermions.wavefunction import Ansatz, Factor, LogPsi, Product, Wavefunction

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
