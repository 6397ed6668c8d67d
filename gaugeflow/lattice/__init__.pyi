from .action import Action
from .anisotropic import AnisotropicAction
from .charge import (
    charge_clover,
    charge_geometric,
    charge_improved,
    charge_plaquette,
    energy_clover,
    energy_plaquette,
)
from .fields import cold_start, gauge_transform, hot_start, lattice_shape, shift
from .gradient_flow import FlowHistory, flow_scale, gradient_flow
from .laplacian import Laplacian
from .loop_action import DBW2, IWASAKI, SYMANZIK, LoopAction, RectangleAction, WilsonAction
from .loops import loop_traces, wilson_lines
from .observables import (
    creutz_ratio,
    link_trace,
    plaquette,
    plaquette_planes,
    plaquette_spatial,
    plaquette_temporal,
    polyakov,
    static_potential,
    unitarity_violation,
    wilson_loop,
    wilson_loops,
)
from .paths import lattice_images, parse_path, rectangle, reverse, staple_paths
from .phi4 import Phi4Action
from .profiles.boundary import OpenTime
from .profiles.defect import Defect, DefectRegion
from .profiles.difference import Difference
from .profiles.weights import PlaquetteWeights
from .smearing import ape_smear, staple_sum, stout_smear
from .spaces import LINKS, SCALARS, Space

__all__ = [
    "DBW2",
    "IWASAKI",
    "LINKS",
    "SCALARS",
    "SYMANZIK",
    "Action",
    "AnisotropicAction",
    "Defect",
    "DefectRegion",
    "Difference",
    "FlowHistory",
    "Laplacian",
    "LoopAction",
    "OpenTime",
    "Phi4Action",
    "PlaquetteWeights",
    "RectangleAction",
    "Space",
    "WilsonAction",
    "ape_smear",
    "charge_clover",
    "charge_geometric",
    "charge_improved",
    "charge_plaquette",
    "cold_start",
    "creutz_ratio",
    "energy_clover",
    "energy_plaquette",
    "flow_scale",
    "gauge_transform",
    "gradient_flow",
    "hot_start",
    "lattice_images",
    "lattice_shape",
    "link_trace",
    "loop_traces",
    "parse_path",
    "plaquette",
    "plaquette_planes",
    "plaquette_spatial",
    "plaquette_temporal",
    "polyakov",
    "rectangle",
    "reverse",
    "shift",
    "staple_paths",
    "staple_sum",
    "static_potential",
    "stout_smear",
    "unitarity_violation",
    "wilson_lines",
    "wilson_loop",
    "wilson_loops",
]
