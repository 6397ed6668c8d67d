"""What `gaugeflow doctor` tells: the software and hardware that a run would use, and whether the basics are right."""

import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch

from gaugeflow.groups import get_group
from gaugeflow.kernels import get_kernels
from gaugeflow.lattice import WilsonAction, hot_start, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.linalg import signed_log_det
from gaugeflow.montecarlo import HeatBath
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.runs.environment import environment
from gaugeflow.symmetry import Links, Scalars, check
from gaugeflow.tasks.table import format_values

__all__ = ["examine", "examined_text"]

LARGEST = 4.5
"""Errors by which a right plaquette may be off: once in 150,000 examinations."""


def examine() -> dict[str, Any]:
    """Versions, threads, kernels, devices and checks, as plain values; `healthy` if every check passed."""
    about = environment(0, "cpu")
    checks = {name: _tried(test) for name, test in CHECKS.items()}
    return {
        "versions": {"gaugeflow": about["gaugeflow"], "python": about["python"], **about["packages"]},
        "threads": {"cores": os.cpu_count(), "torch": about["threads"]},
        "kernels": {"cpu": _kernels("cpu"), "cuda": _kernels("cuda") if torch.cuda.is_available() else None},
        "extras": {name: bool(find_spec(module)) for name, module in (("chem", "pyscf"), ("e3", "e3nn"))},
        "devices": _devices(about["device_name"]),
        "checks": checks,
        "healthy": all(found["passed"] for found in checks.values()),
    }


def examined_text(found: dict[str, Any]) -> str:
    """The same for people."""
    checks = [
        f"  {'ok  ' if result['passed'] else 'FAIL'} {name}: {result['detail']} ({result['seconds']:.1f} s)"
        for name, result in found["checks"].items()
    ]
    rest = {key: value for key, value in found.items() if key not in ("checks", "healthy")}
    return "\n".join([format_values(rest), "checks:", *checks])


def _kernels(device: str) -> str:
    links = hot_start(get_group("su3"), (2, 2), torch.Generator(device))
    return get_kernels(links, ((), ())).__class__.__name__


def _devices(processor: str) -> dict[str, Any]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None
    found: dict[str, Any] = {"cpu": {"name": processor, "memory_bytes": pages}}
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        name = torch.cuda.get_device_name(number)
        found[f"cuda:{number}"] = {"name": name, "memory_bytes": total, "free_bytes": free}
    return found


def _tried(test: Callable[[], tuple[bool, str]]) -> dict[str, Any]:
    began = time.monotonic()
    try:
        passed, detail = test()
    except Exception as error:  # whatever it is, it is what the examination is for
        passed, detail = False, f"{type(error).__name__}: {error}"
    return {"passed": passed, "detail": detail, "seconds": time.monotonic() - began}


def _chain() -> tuple[bool, str]:
    """Heat bath for SU(2) in two dimensions against the closed form."""
    generator, history = torch.Generator().manual_seed(1), []
    links = hot_start(get_group("su2"), (8, 8), generator, chains=32)
    sampler = HeatBath(WilsonAction(2, 2.2), overrelaxation=1)
    for sweep in range(140):
        links, _ = sampler.update(links, generator)
        if sweep >= 40:
            history.append(plaquette(links))
    found, exact = estimate(torch.stack(history, 1)), float(Exact2D("su2", (8, 8), 2.2).plaquette)
    return abs(found.value - exact) < LARGEST * found.error, f"plaquette {found}, exact {exact:.6f}"


def _backends() -> tuple[bool, str]:
    """The kernels in use against the torch reference."""
    links, table = hot_start(get_group("su3"), (4, 6), torch.Generator().manual_seed(2)), WilsonAction(2, 6.0).staples
    forces = []
    for backend in ("auto", "torch"):
        kernels = get_kernels(links, table, backend=backend)
        momenta = kernels.pack_momenta(torch.zeros(*links.shape[:4], 8, dtype=torch.float64))
        kernels.kick_(momenta, kernels.pack(links), 1.0)
        forces.append(kernels.unpack_momenta(momenta))
    difference = float((forces[0] - forces[1]).abs().max())
    return difference < 1e-12, f"largest difference of the forces {difference:.1e}"


def _determinant() -> tuple[bool, str]:
    """The Laplacian of log|det A(x)| along one direction against finite differences."""
    generator = torch.Generator().manual_seed(3)
    a, b = torch.randn(2, 4, 4, generator=generator, dtype=torch.float64)

    def log(x: torch.Tensor) -> torch.Tensor:
        return signed_log_det(a + x * b + x**2 * torch.eye(4, dtype=torch.float64))[1]

    x, h = torch.tensor(0.3, dtype=torch.float64, requires_grad=True), 1e-4
    (slope,) = torch.autograd.grad(log(x), x, create_graph=True)
    second = float(torch.autograd.grad(slope, x)[0])
    x = x.detach()
    finite = float(log(x + h) - 2 * log(x) + log(x - h)) / h**2
    return abs(second - finite) < 1e-5 * (1 + abs(finite)), f"second derivative {second:.6f}, differences {finite:.6f}"


def _symmetry() -> tuple[bool, str]:
    """The harness says that the plaquette holds its symmetry, and that a link's trace does not."""
    links = Links(hot_start(get_group("su2"), (3, 3), torch.Generator().manual_seed(4)))
    held = check(plaquette, links, "gauge", out=Scalars, trials=8)
    broken = check(lambda u: u.diagonal(dim1=-2, dim2=-1).real.flatten(1).sum(1), links, "gauge", out=Scalars, trials=8)
    return held.holds and not broken.holds, f"plaquette {held.verdict.value}, trace of links {broken.verdict.value}"


CHECKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "a chain against the closed form": _chain,
    "compiled kernels against the reference": _backends,
    "derivatives of determinants": _determinant,
    "symmetry checks": _symmetry,
}
