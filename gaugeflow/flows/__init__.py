"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples."""

from gaugeflow.flows.bases.base import Base, FreeFieldBase, GaussianBase, HaarBase, SeededBase
from gaugeflow.flows.bases.heat_kernel import HeatKernelBase
from gaugeflow.flows.bases.heat_kernel_torus import HeatKernel, HeatKernelTorus
from gaugeflow.flows.continuous.fit import GaussNewton, fit_along_path
from gaugeflow.flows.continuous.flow import ContinuousFlow
from gaugeflow.flows.continuous.loop_basis import LoopBasis, luescher_functions
from gaugeflow.flows.continuous.neural import NeuralFlow
from gaugeflow.flows.continuous.staple_basis import StapleBasis
from gaugeflow.flows.coupling.circular_spline import CircularSpline
from gaugeflow.flows.coupling.coupling import Context, Coupling
from gaugeflow.flows.coupling.frozen import LoopFeatures
from gaugeflow.flows.coupling.masks import Mask, block_masks, parity_masks
from gaugeflow.flows.coupling.noncompact import NoncompactMixture
from gaugeflow.flows.coupling.residual import ResidualStout
from gaugeflow.flows.coupling.spectral import SpectralSpline
from gaugeflow.flows.flow import BoltzmannWeight, Composition, GaugeFlow, zero_log_det
from gaugeflow.flows.losses import LOSSES, Batch, frozen_log_prob, log_variance, path, reinforce, reverse_kl
from gaugeflow.flows.natural import natural_gradient, scores
from gaugeflow.flows.nonequilibrium.stochastic import Bridge, ScaledAction, StochasticFlow, Updates, annealed
from gaugeflow.flows.refinement.flow import RefinementFlow
from gaugeflow.flows.refinement.peeling import PeelingFlow
from gaugeflow.flows.scalar.continuous import ScalarContinuousFlow
from gaugeflow.flows.scalar.coupling import ScalarCoupling
from gaugeflow.flows.scalar.fit import fit_scalar_flow
from gaugeflow.flows.scalar.transform import ScalarAffine, ScalarSpline
from gaugeflow.flows.scalar.velocity import ScalarVelocity
from gaugeflow.flows.statistics import Weights, batch_ess, forward_ess, forward_log_z

__all__ = [
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
    "FreeFieldBase",
    "GaugeFlow",
    "GaussNewton",
    "GaussianBase",
    "HaarBase",
    "HeatKernel",
    "HeatKernelBase",
    "HeatKernelTorus",
    "LoopBasis",
    "LoopFeatures",
    "Mask",
    "NeuralFlow",
    "NoncompactMixture",
    "PeelingFlow",
    "RefinementFlow",
    "ResidualStout",
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
    "Updates",
    "Weights",
    "annealed",
    "batch_ess",
    "block_masks",
    "fit_along_path",
    "fit_scalar_flow",
    "forward_ess",
    "forward_log_z",
    "frozen_log_prob",
    "log_variance",
    "luescher_functions",
    "natural_gradient",
    "parity_masks",
    "path",
    "reinforce",
    "reverse_kl",
    "scores",
    "zero_log_det",
]
