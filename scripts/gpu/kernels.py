"""The triton kernels give what the torch reference gives, on the same device."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.groups import get_group
from gaugeflow.kernels import LoopKernels, get_kernels
from gaugeflow.lattice.paths import lattice_images, rectangle, staple_paths

from .options import Options
from .results import Result

__all__ = ["run"]

KEY = 2**63 + 1
UNITS = {torch.float64: 2.0**-52, torch.float32: 2.0**-23}
REASON = "rounding: so many units of the last place of numbers of the size of the sum of coefficients"
LOCAL = "rounding, amplified where the staples of a link nearly cancel; links near 1, where they hardly do"


class Case(NamedTuple):
    """A group, a lattice, and beta times plaquettes, or plaquettes and rectangles with c1."""

    group: str
    shape: tuple[int, ...]
    c1: float = 0.0


CASES = [
    Case("u1", (3, 11), c1=-1 / 12),
    Case("su2", (3, 5, 3, 7)),
    Case("su3", (3, 5, 3, 7)),
    Case("u1", (5, 3, 5, 3)),
    Case("su3", (5, 9), c1=-0.331),
    Case("su2", (6, 4, 10)),
]
REHEARSED = [Case("u1", (2, 3))]
BETA = 2.0


def run(result: Result, options: Options) -> None:
    """Every method of the kernels in both precisions."""
    os.environ.setdefault("TRITON_INTERPRET", "1" if options.rehearse else "0")
    if not find_spec("triton"):
        return result.skip("the package triton is not installed")
    for case in REHEARSED if options.rehearse else CASES:
        for dtype in (torch.float64,) if options.rehearse else (torch.float64, torch.float32):
            name = f"{case.group} {'x'.join(map(str, case.shape))} {str(dtype).removeprefix('torch.')}"
            for method, deviation, tolerance, reason in compare(case, dtype, options):
                result.check(f"{name} {method}", deviation, tolerance, reason)
    return None


def compare(case: Case, dtype: torch.dtype, options: Options) -> Iterator[tuple[str, float, float, str]]:
    """Method, largest deviation, what is allowed and why."""
    device = "cpu" if options.rehearse else options.device
    group, ndim = get_group(case.group), len(case.shape)
    loops = [(loop, BETA * (1 - 8 * case.c1)) for loop in lattice_images(rectangle(0, 1, 1, 1), ndim)]
    if case.c1:
        loops += [(loop, BETA * case.c1) for loop in lattice_images(rectangle(0, 1, 2, 1), ndim)]
    staples = staple_paths(loops, ndim)
    draws = torch.Generator().manual_seed(1)
    size = (2, ndim, *case.shape, *group.algebra_shape)
    links = group.exp(0.3 * torch.randn(size, generator=draws, dtype=dtype)).to(device)
    momenta = torch.randn(size, generator=draws, dtype=dtype).to(device)
    kernels = [get_kernels(group, staples, case.shape, dtype, device, name) for name in ("torch", "triton")]
    scale = sum(abs(c) for _, c in staples[0])
    allowed = 64 * UNITS[dtype] * scale
    reference, mine = (dict(methods(k, links, momenta, options)) for k in kernels)
    for name, expected in reference.items():
        local = name in ("heat bath", "overrelaxation")
        deviation = float((mine[name] - expected).abs().max()) if mine[name].isfinite().all() else float("nan")
        yield name, deviation, 200 * allowed if local else allowed, LOCAL if local else REASON


def methods(k: LoopKernels, links: Tensor, momenta: Tensor, options: Options) -> Iterator[tuple[str, Tensor]]:
    """What the methods make of the links, in the layout of the library; few of them where triton is interpreted."""
    state = k.pack(links)
    yield "overrelaxation", k.unpack(k.overrelax_(state.clone()))
    if options.rehearse:
        return
    yield "staples", k.unpack_staples(k.staples(state))
    yield "force", k.unpack_momenta(k.force(state))
    yield "heat bath", k.unpack(k.heatbath_(state.clone(), KEY))
    p = k.pack_momenta(momenta)
    yield "kick", k.unpack_momenta(k.kick_(p, state, 0.1))
    for eps in (0.1, -0.2, 2.0):
        yield f"drift {eps}", k.unpack(k.drift_(state.clone(), k.pack_momenta(momenta), eps))
    back = k.drift_(k.drift_(state.clone(), k.pack_momenta(momenta), 2.0), k.pack_momenta(momenta), -2.0)
    yield "drift undone", k.unpack(back)
