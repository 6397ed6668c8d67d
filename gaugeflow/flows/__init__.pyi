from .bases.base import Base, FreeFieldBase, GaussianBase, HaarBase, SeededBase
from .bases.heat_kernel import HeatKernelBase
from .bases.heat_kernel_torus import HeatKernel, HeatKernelTorus
from .continuous.fit import GaussNewton, fit_along_path
from .continuous.flow import ContinuousFlow
from .continuous.loop_basis import LoopBasis, luescher_functions
from .continuous.neural import NeuralFlow
from .continuous.staple_basis import StapleBasis
from .coupling.circular_spline import CircularSpline
from .coupling.coupling import Context, Coupling
from .coupling.frozen import LoopFeatures
from .coupling.masks import Mask, block_masks, parity_masks
from .coupling.noncompact import NoncompactMixture
from .coupling.residual import ResidualStout
from .coupling.spectral import SpectralSpline
from .flow import BoltzmannWeight, Composition, GaugeFlow, zero_log_det
from .integrated import Integrated
from .losses import LOSSES, Batch, frozen_log_prob, log_variance, path, reinforce, reverse_kl
from .natural import natural_gradient, scores
from .nonequilibrium.layers import learned_layers
from .nonequilibrium.protocol import EquilibriumBase, protocol
from .nonequilibrium.resampling import Resampled, systematic
from .nonequilibrium.response import Response, response_terms
from .nonequilibrium.schedules import constant_speed, learned_times, linear_times
from .nonequilibrium.stochastic import Bridge, ScaledAction, StochasticFlow, Updates, annealed
from .nonequilibrium.stout_step import StoutStep
from .nonequilibrium.work import Work, bennett, crossing
from .proposals import FlowProposals
from .refinement.flow import RefinementFlow
from .refinement.peeling import PeelingFlow
from .scalar.continuous import ScalarContinuousFlow
from .scalar.coupling import ScalarCoupling
from .scalar.fit import fit_scalar_flow
from .scalar.transform import ScalarAffine, ScalarSpline
from .scalar.velocity import ScalarVelocity
from .statistics import Weights, batch_ess, both_directions, forward_ess, forward_log_z
from .symmetrized import Operations, Symmetrized, choose_operations
from .transformed import FTHMC, PulledBack

__all__ = [
    "FTHMC",
    "LOSSES",
    "Base",
    "Batch",
    "BoltzmannWeight",
    "Bridge",
    "CircularSpline",
    "Composition",
    "Context",
    "ContinuousFlow",
    "Coupling",
    "EquilibriumBase",
    "FlowProposals",
    "FreeFieldBase",
    "GaugeFlow",
    "GaussNewton",
    "GaussianBase",
    "HaarBase",
    "HeatKernel",
    "HeatKernelBase",
    "HeatKernelTorus",
    "Integrated",
    "LoopBasis",
    "LoopFeatures",
    "Mask",
    "NeuralFlow",
    "NoncompactMixture",
    "Operations",
    "PeelingFlow",
    "PulledBack",
    "RefinementFlow",
    "Resampled",
    "ResidualStout",
    "Response",
    "ScalarAffine",
    "ScalarContinuousFlow",
    "ScalarCoupling",
    "ScalarSpline",
    "ScalarVelocity",
    "ScaledAction",
    "SeededBase",
    "SpectralSpline",
    "StapleBasis",
    "StochasticFlow",
    "StoutStep",
    "Symmetrized",
    "Updates",
    "Weights",
    "Work",
    "annealed",
    "batch_ess",
    "bennett",
    "block_masks",
    "both_directions",
    "choose_operations",
    "constant_speed",
    "crossing",
    "fit_along_path",
    "fit_scalar_flow",
    "forward_ess",
    "forward_log_z",
    "frozen_log_prob",
    "learned_layers",
    "learned_times",
    "linear_times",
    "log_variance",
    "luescher_functions",
    "natural_gradient",
    "parity_masks",
    "path",
    "protocol",
    "reinforce",
    "response_terms",
    "reverse_kl",
    "scores",
    "systematic",
    "zero_log_det",
]
