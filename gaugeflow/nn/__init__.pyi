from .baseline import LinkCNN
from .channels import Channels, axis_paths
from .initial import calibrate
from .layer import Layer, Residual, Stack
from .layers.activation import LAct, sigmoid_gate
from .layers.attention import LAttention
from .layers.bilinear import LBilin, LConvBilin
from .layers.blocking import Block
from .layers.convolution import LConv
from .layers.exponential import LExp
from .layers.norm import LNorm
from .layers.readout import Readout, Trace
from .layers.sources import Loops, Plaq, Poly, Source, Sources
from .least_squares import Fit, levenberg_marquardt
from .network import LCNN
from .potential import Potential
from .registry import LAYERS, build_layer
from .smearing import Smearing
from .sums.transport import transport
from .theory import GaugeTheory
from .vectors.convolution import PTConv
from .vectors.preconditioner import Preconditioner
from .vectors.stencil import Stencil
from .weight import Weight

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
    "PTConv",
    "Plaq",
    "Poly",
    "Potential",
    "Preconditioner",
    "Readout",
    "Residual",
    "Smearing",
    "Source",
    "Sources",
    "Stack",
    "Stencil",
    "Trace",
    "Weight",
    "axis_paths",
    "build_layer",
    "calibrate",
    "levenberg_marquardt",
    "sigmoid_gate",
    "transport",
]
