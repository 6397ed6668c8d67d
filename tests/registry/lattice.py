"""Actions, observables, charges, smearing and gradient flow: what is claimed of them."""

from functools import partial
from typing import Any

import torch

from gaugeflow import lattice
from gaugeflow.lattice.smearing import flow_velocity
from gaugeflow.symmetry import Hypercubic, PolyakovLoop, Product, SiteMatrices, SiteScalars, SiteVectors, group_named
from gaugeflow.symmetry.claims import Equivariance, Gradient
from tests.registry.line import BATCH, FULL, SPACE, Line, covariant, force_claims, invariant, line, links, scalars


def rotations(others: str) -> Any:
    """The other symmetries and the rotations without reflections, under which the charge would change its sign."""
    return Product(group_named(others), Hypercubic(reflections=False))


def laplacian_claim() -> Equivariance:
    """Of site vectors with two channels."""
    v = torch.randn(BATCH, 2, 3, 3, 3, generator=torch.Generator().manual_seed(4), dtype=torch.complex128)
    return Equivariance(
        lambda u, v: lattice.Laplacian(u, 0.5)(v), (links("su3", (3, 3)), SiteVectors(v)), group=FULL, out=SiteVectors
    )


STRETCHED = lattice.AnisotropicAction(3, 2.0, 2.5, lattice.SYMANZIK, u_s=0.9)
PLACED = [
    lattice.WilsonAction(2, 2.0).weighted(profile)
    for profile in (
        lattice.PlaquetteWeights(torch.linspace(0, 1, 6).view(1, 2, 3)),
        lattice.OpenTime(),
        lattice.Defect(2, 0.5),
    )
]
LINES: dict[str, Line] = {
    "Wilson action": line(
        lattice.WilsonAction,
        claims=lambda: (
            force_claims(lattice.WilsonAction(2, 2.0), links())
            + force_claims(lattice.WilsonAction(3, 2.0), links("u1", (2, 3, 2)))
        ),
    ),
    "rectangle action": line(
        lattice.RectangleAction,
        claims=lambda: force_claims(lattice.RectangleAction(3, 2.0, lattice.IWASAKI), links("su2", (2, 2, 2))),
    ),
    "anisotropic action": line(
        lattice.AnisotropicAction,
        claims=lambda: [
            invariant(STRETCHED, links("su2", (2, 2, 3)), f"{SPACE} * centre"),
            Gradient(STRETCHED, links("su2", (2, 2, 3)), gradient=STRETCHED.force),
        ],
    ),
    "weights by place": line(
        lattice.OpenTime,
        lattice.Defect,
        lattice.PlaquetteWeights,
        lattice.Difference,
        claims=lambda: [
            *(invariant(action, links("su2", (2, 3)), "gauge * charge * centre") for action in PLACED),
            Gradient(PLACED[0], links("u1", (2, 3)), gradient=PLACED[0].force),
            invariant(lattice.Difference(PLACED[1], PLACED[2]), links("su3", (2, 3)), "gauge * charge"),
        ],
    ),
    "sum of loops": line(
        lattice.LoopAction,
        claims=lambda: force_claims(lattice.LoopAction.of_orbits(2, {"1x1": 1.0, "2x2": 0.5}), links("su3", (3, 3))),
    ),
    "covariant Laplacian": line(lattice.Laplacian, claims=lambda: [laplacian_claim()]),
    "phi^4 action": line(
        lattice.Phi4Action,
        claims=lambda: [
            invariant(lattice.Phi4Action(-4.0, 8.0), scalars(), "translations * hypercubic * z2"),
            Gradient(lattice.Phi4Action(-4.0, 8.0), scalars(), gradient=lattice.Phi4Action(-4.0, 8.0).force),
        ],
    ),
    "plaquettes": line(
        lattice.plaquette,
        lattice.plaquette_planes,
        lattice.plaquette_spatial,
        lattice.plaquette_temporal,
        claims=lambda: [
            invariant(lattice.plaquette, links("su3", (2, 3, 2)), f"{FULL} * centre"),
            invariant(lattice.plaquette_planes, links("su3", (2, 3, 2)), SPACE),
            invariant(lattice.plaquette_spatial, links("su2", (2, 2, 3))),
            invariant(lattice.plaquette_temporal, links("u1", (2, 2, 3))),
        ],
    ),
    "Wilson loops": line(
        lattice.wilson_loop,
        lattice.wilson_loops,
        lattice.loop_traces,
        lattice.wilson_lines,
        claims=lambda: [
            invariant(
                partial(lattice.wilson_loops, longest_r=2, longest_t=2), links("su3", (2, 3)), f"{SPACE} * centre"
            ),
            invariant(partial(lattice.wilson_loop, r=1, t=2), links("u1", (2, 3)), SPACE),
            Equivariance(
                lambda u: lattice.loop_traces(u, "1x2").real,
                links("su2", (3, 3)),
                group="gauge * translations",
                out=partial(SiteScalars, channels=0),
            ),
            Equivariance(
                lambda u: lattice.wilson_lines(u, "+x +t -x -t"),
                links("su3", (3, 3)),
                group="gauge * translations",
                out=partial(SiteMatrices, channels=0),
            ),
        ],
    ),
    "Polyakov loop": line(
        lattice.polyakov,
        claims=lambda: [invariant(lattice.polyakov, links("su3", (2, 3)), f"{SPACE} * centre", PolyakovLoop)],
    ),
    "link trace": line(
        lattice.link_trace, claims=lambda: [invariant(lattice.link_trace, links(), "global-gauge * translations")]
    ),
    "energy densities": line(
        lattice.energy_clover,
        lattice.energy_plaquette,
        claims=lambda: [
            invariant(lattice.energy_clover, links("su3", (2, 3, 2))),
            invariant(lattice.energy_plaquette, links("u1", (3, 3))),
        ],
    ),
    "charge of U(1)": line(
        lattice.charge_geometric,
        claims=lambda: [invariant(lattice.charge_geometric, links("u1", (4, 4)), "gauge * translations")],
    ),
    "charges in four dimensions": line(
        lattice.charge_plaquette,
        lattice.charge_clover,
        lattice.charge_improved,
        claims=lambda: [
            invariant(lattice.charge_plaquette, links("su2", (2, 3, 2, 2)), SPACE),
            invariant(lattice.charge_clover, links("su3", (2, 2, 2, 2)), rotations(SPACE)),
            invariant(lattice.charge_improved, links("su2", (3, 3, 3, 3)), rotations(SPACE)),
        ],
    ),
    "staples and their flow": line(
        lattice.staple_sum,
        flow_velocity,
        claims=lambda: [
            Equivariance(
                lambda u: u @ lattice.staple_sum(u).mH,
                links("su3", (3, 3)),
                group="gauge * translations",
                out=partial(SiteMatrices, channels=1),
            ),
        ],
    ),
    "stout smearing": line(
        lattice.stout_smear,
        claims=lambda: [
            covariant(partial(lattice.stout_smear, rho=0.1, steps=2), links("su3", (3, 3))),
            covariant(partial(lattice.stout_smear, rho=0.1), links("u1", (3, 2, 3))),
        ],
    ),
    "APE smearing": line(
        lattice.ape_smear,
        claims=lambda: [covariant(partial(lattice.ape_smear, alpha=0.5, steps=2), links("su2", (2, 2, 2)))],
    ),
    "gradient flow": line(
        lattice.gradient_flow,
        claims=lambda: [
            covariant(lambda u: lattice.gradient_flow(u, 0.1, 0.05).links, links("su3", (3, 3))),
            invariant(lambda u: lattice.gradient_flow(u, 0.1, 0.05).energy.mT, links("su2", (2, 3)), SPACE),
        ],
    ),
}

WITHOUT = {
    "Action": "what every action offers",
    "DefectRegion": "which links, not what they are",
    "FlowHistory": "what a flow has measured",
    "cold_start": "draws or makes fields",
    "hot_start": "draws or makes fields",
    "gauge_transform": "is the group action",
    "shift": "is the group action",
    "creutz_ratio": "of numbers, not of fields",
    "static_potential": "of numbers, not of fields",
    "flow_scale": "of numbers, not of fields",
    "unitarity_violation": "rounding is all its value",
    "lattice_shape": "of shapes",
    "lattice_images": "of paths",
    "parse_path": "of paths",
    "rectangle": "of paths",
    "reverse": "of paths",
    "staple_paths": "of paths",
    "Space": "a protocol",
}
