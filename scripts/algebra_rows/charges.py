"""Charges that Hamilton's equations conserve, step after step."""

from __future__ import annotations

import torch
from torch import Tensor

from algebra_rows.row import row
from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo import HMC
from gaugeflow.symmetry import Links, check_conserved

CHARGES = "conserved by the leapfrog of SU(3), 2^4, beta = 5.7"


def start() -> tuple[HMC, Tensor, Tensor]:
    generator, action = torch.Generator().manual_seed(0), WilsonAction(4, 5.7)
    hmc = HMC(action, integrator="leapfrog", length=0.1, step_size=0.1, backend="torch")
    u = hot_start("su3", (2, 2, 2, 2), generator, 1)
    return hmc, u, tangent_noise(action.space, u, generator)


@row(CHARGES, "Gauss's law over 100 steps, largest change", "< 1e-12")
def _() -> str:
    hmc, u, p = start()
    report = check_conserved(hmc.trajectory, (Links(u), p), "gauge", steps=100)
    return f"{report.findings[0].largest_error:.1e}"


@row(CHARGES, "the energy over 100 steps", "changes")
def _() -> str:
    hmc, u, p = start()
    first = hmc.hamiltonian(u, p)
    for _ in range(100):
        u, p = hmc.trajectory(u, p)
    change = float((hmc.hamiltonian(u, p) - first).abs().max())
    return "changes" if change > 1e-3 else f"{change:.1e}"


def wrong_step(hmc: HMC, u: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """A trajectory whose force is 1 % too strong in the first direction."""
    u, new = hmc.trajectory(u, p)
    return u, torch.cat([p[:, :1] + 1.01 * (new - p)[:, :1], new[:, 1:]], dim=1)


@row(CHARGES, "Gauss's law with one direction of the force 1 % too strong", "broken at step 1")
def _() -> str:
    hmc, u, p = start()
    report = check_conserved(lambda q, momenta: wrong_step(hmc, q, momenta), (Links(u), p), "gauge", steps=3)
    found = report.findings[0].message
    return "broken at step 1" if "broken at step 1 " in found else found
