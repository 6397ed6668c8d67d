from .analysis.energies import at_zero_variance
from .analysis.examine import examine
from .analysis.identity import Identity
from .analysis.nodal_cells import NodalCells, count_nodal_cells
from .analysis.sectors import sector_energy, sector_shares
from .analysis.shells import ShellDensity
from .ansatz.backflow import Backflow
from .ansatz.determinants import Determinants
from .ansatz.envelopes import Envelope, SlaterEnvelope
from .ansatz.gaussian_orbitals import GaussianBasis, GaussianOrbitals
from .ansatz.hartree_fock import HartreeFock, hartree_fock
from .ansatz.neural_orbitals import NeuralOrbitals
from .ansatz.orbitals import HarmonicOrbitals, Orbitals, PlaneWaves
from .ansatz.pair_products import PairProducts
from .ansatz.pfaffians import Pfaffians
from .ansatz.powers import Power
from .ansatz.projected import Projected
from .ansatz.symmetric import Symmetric
from .backbones.backbone import Backbone
from .backbones.deep_sets import DeepSets, SymmetricNetwork
from .backbones.egnn import EGNN
from .backbones.features import Features
from .backbones.ferminet import FermiNet
from .backbones.message_passing import MessagePassing
from .backbones.psiformer import Psiformer
from .backbones.tensors import TensorFeatures, Tensors
from .diffusion.extrapolation import Extrapolation, extrapolated
from .diffusion.guide import Guided, trial_guide
from .diffusion.mixed_estimator import mixed_estimate
from .diffusion.process import Diffusion, Generation
from .factors.confinement import CentreOfMass, Gaussian
from .factors.contact import ContactCusp
from .factors.jastrow import PairJastrow
from .factors.nuclear_cusp import NuclearCusp
from .factors.vector_cloud import VectorCloud
from .hamiltonian import Hamiltonian, Reference
from .laplacian.local_energy import gradient_and_laplacian, local_energy
from .matrices.descriptors import Descriptors
from .matrices.fock import fock_matrix, learned_state, overlap_matrix
from .matrices.ridge import MatrixRidge, fit_matrices
from .optimizers.adam import Adam
from .optimizers.natural_gradient import NaturalGradient
from .optimizers.rayleigh_gauss_newton import RayleighGaussNewton
from .particles import Particles
from .point_groups import PointGroup
from .systems.jumps import jumps_between
from .systems.named import (
    calogero,
    confined,
    free_energy,
    harmonic_trap,
    molecule,
    quantum_dot,
    ring,
)
from .systems.potentials import Contact, Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei
from .systems.walkers import initial_walkers, starting_counts
from .systems.xyz import read_xyz
from .wavefunction import Ansatz, Factor, LogPsi, Product, Wavefunction

__all__ = [
    "EGNN",
    "Adam",
    "Ansatz",
    "Backbone",
    "Backflow",
    "CentreOfMass",
    "Contact",
    "ContactCusp",
    "Coulomb",
    "DeepSets",
    "Descriptors",
    "Determinants",
    "Diffusion",
    "Envelope",
    "Extrapolation",
    "Factor",
    "Features",
    "FermiNet",
    "Gaussian",
    "GaussianBasis",
    "GaussianOrbitals",
    "Generation",
    "Guided",
    "Hamiltonian",
    "HarmonicOrbitals",
    "HarmonicPairs",
    "HarmonicTrap",
    "HartreeFock",
    "Identity",
    "InverseSquare",
    "LogPsi",
    "MatrixRidge",
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
    "PlaneWaves",
    "PointGroup",
    "Power",
    "Product",
    "Projected",
    "Psiformer",
    "RayleighGaussNewton",
    "Reference",
    "ShellDensity",
    "SlaterEnvelope",
    "Symmetric",
    "SymmetricNetwork",
    "TensorFeatures",
    "Tensors",
    "VectorCloud",
    "Wavefunction",
    "at_zero_variance",
    "calogero",
    "confined",
    "count_nodal_cells",
    "examine",
    "extrapolated",
    "fit_matrices",
    "fock_matrix",
    "free_energy",
    "gradient_and_laplacian",
    "harmonic_trap",
    "hartree_fock",
    "initial_walkers",
    "jumps_between",
    "learned_state",
    "local_energy",
    "mixed_estimate",
    "molecule",
    "overlap_matrix",
    "quantum_dot",
    "read_xyz",
    "ring",
    "sector_energy",
    "sector_shares",
    "starting_counts",
    "trial_guide",
]
