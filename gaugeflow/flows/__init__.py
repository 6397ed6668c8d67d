"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples."""

from gaugeflow.flows.base import Base, FlowBase, FreeFieldBase, GaussianBase, HaarBase, SeededBase
from gaugeflow.flows.flow import BoltzmannWeight, Composition, GaugeFlow, zero_log_det

__all__ = [
    "Base",
    "BoltzmannWeight",
    "Composition",
    "FlowBase",
    "FreeFieldBase",
    "GaugeFlow",
    "GaussianBase",
    "HaarBase",
    "SeededBase",
    "zero_log_det",
]
