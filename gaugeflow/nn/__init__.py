"""Gauge-equivariant layers: maps of links and site matrices that commute with local gauge transformations exactly.

Links are those of :mod:`gaugeflow.lattice`; site matrices are complex ``(batch, channels, *shape, N, N)`` and transform
as ``W(x) -> Omega(x) W(x) Omega(x)^dagger``. U(1) has N = 1: its site matrices are invariant complex numbers.
"""

from gaugeflow.nn.baseline import LinkCNN
from gaugeflow.nn.channels import Channels, axis_paths
from gaugeflow.nn.initial import calibrate
from gaugeflow.nn.layer import Layer, Residual, Stack
from gaugeflow.nn.layers.activation import LAct, sigmoid_gate
from gaugeflow.nn.layers.attention import LAttention
from gaugeflow.nn.layers.bilinear import LBilin, LConvBilin
from gaugeflow.nn.layers.blocking import Block
from gaugeflow.nn.layers.convolution import LConv
from gaugeflow.nn.layers.exponential import LExp
from gaugeflow.nn.layers.norm import LNorm
from gaugeflow.nn.layers.readout import Readout, Trace
from gaugeflow.nn.layers.sources import Loops, Plaq, Poly, Source, Sources
from gaugeflow.nn.least_squares import Fit, levenberg_marquardt
from gaugeflow.nn.network import LCNN
from gaugeflow.nn.potential import Potential
from gaugeflow.nn.registry import LAYERS, build_layer
from gaugeflow.nn.smearing import Smearing
from gaugeflow.nn.sums.transport import transport
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = [
    "LAYERS",
    "LCNN",
    "Block",
    "Channels",
    "Fit",
    "GaugeTheory",
    "LAct",
    "LAttention",
    "LBilin",
    "LConv",
    "LConvBilin",
    "LExp",
    "LNorm",
    "Layer",
    "LinkCNN",
    "Loops",
    "Plaq",
    "Poly",
    "Potential",
    "Readout",
    "Residual",
    "Smearing",
    "Source",
    "Sources",
    "Stack",
    "Trace",
    "Weight",
    "axis_paths",
    "build_layer",
    "calibrate",
    "levenberg_marquardt",
    "sigmoid_gate",
    "transport",
]
