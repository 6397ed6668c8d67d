"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples."""

from gaugeflow.flows.base import Base, FreeFieldBase, GaussianBase, HaarBase, SeededBase
from gaugeflow.flows.flow import BoltzmannWeight, Composition, GaugeFlow, zero_log_det
from gaugeflow.flows.losses import LOSSES, Batch, frozen_log_prob, log_variance, path, reinforce, reverse_kl
from gaugeflow.flows.scalar_continuous import ScalarContinuousFlow
from gaugeflow.flows.scalar_coupling import ScalarCoupling
from gaugeflow.flows.scalar_fit import fit_scalar_flow
from gaugeflow.flows.scalar_transform import ScalarAffine, ScalarSpline
from gaugeflow.flows.scalar_velocity import ScalarVelocity
from gaugeflow.flows.statistics import Weights, batch_ess, forward_ess, forward_log_z
from gaugeflow.flows.stochastic import ScaledAction, StochasticFlow, Updates, annealed

__all__ = [
    "LOSSES",
    "Base",
    "Batch",
    "BoltzmannWeight",
    "Composition",
    "FreeFieldBase",
    "GaugeFlow",
    "GaussianBase",
    "HaarBase",
    "ScalarAffine",
    "ScalarContinuousFlow",
    "ScalarCoupling",
    "ScalarSpline",
    "ScalarVelocity",
    "ScaledAction",
    "SeededBase",
    "StochasticFlow",
    "Updates",
    "Weights",
    "annealed",
    "batch_ess",
    "fit_scalar_flow",
    "forward_ess",
    "forward_log_z",
    "frozen_log_prob",
    "log_variance",
    "path",
    "reinforce",
    "reverse_kl",
    "zero_log_det",
]
