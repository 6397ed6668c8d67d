"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples."""

from gaugeflow.flows.base import Base, FreeFieldBase, GaussianBase, HaarBase, SeededBase
from gaugeflow.flows.flow import BoltzmannWeight, Composition, GaugeFlow, zero_log_det
from gaugeflow.flows.losses import LOSSES, Batch, frozen_log_prob, log_variance, path, reinforce, reverse_kl
from gaugeflow.flows.statistics import Weights, forward_ess, forward_log_z
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
    "ScaledAction",
    "SeededBase",
    "StochasticFlow",
    "Updates",
    "Weights",
    "annealed",
    "forward_ess",
    "forward_log_z",
    "frozen_log_prob",
    "log_variance",
    "path",
    "reinforce",
    "reverse_kl",
    "zero_log_det",
]
