"""Everything of the package that has a symmetry, one line each: what it covers, and what is claimed of it.

A public model, observable, action, sampler or file format that stands in no line and not among ``WITHOUT`` fails
``test_symmetry_registry.py``.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import fermion_cases
import torch
from symmetry_continuous_flows import trivializing_claims
from symmetry_coupling_flows import coupling, layer_claims, residual
from symmetry_refinement_flows import refinement_claims
from symmetry_scalar_flows import continuous_claims, coupling_claims
from torch import Tensor

from gaugeflow import fermions, flows, io, lattice, montecarlo, nn
from gaugeflow.groups import get_group
from gaugeflow.lattice.smearing import flow_velocity
from gaugeflow.symmetry import Hypercubic, Links, PolyakovLoop, Scalars, SiteMatrices, SiteScalars
from gaugeflow.symmetry.claims import Balance, Claim, Equivariance, Gradient
from gaugeflow.symmetry.markov import check_detailed_balance
from gaugeflow.symmetry.report import Report

SPACE = "gauge * translations * charge"
FULL = f"{SPACE} * hypercubic"


def links(group: str = "su3", shape: tuple[int, ...] = (2, 2), batch: int = 2) -> Links:
    return Links(lattice.hot_start(group, shape, torch.Generator().manual_seed(5), batch))


def scalars(shape: tuple[int, ...] = (3, 3), batch: int = 2) -> SiteScalars:
    generator = torch.Generator().manual_seed(5)
    return SiteScalars(torch.randn(batch, *shape, generator=generator, dtype=torch.float64), channels=0)


def invariant(f: Callable[..., Any], x: Links | SiteScalars, group: Any = FULL, out: Any = Scalars) -> Equivariance:
    return Equivariance(f, x, group=group, out=out)


def covariant(f: Callable[..., Any], x: Links, group: Any = FULL) -> Equivariance:
    return Equivariance(f, x, group=group, out=Links)


def force_claims(action: lattice.LoopAction, x: Links) -> list[Claim]:
    """The action is invariant, its force turns with the site from which the link leads, and is its gradient."""
    group = get_group(f"su{x.data.shape[-1]}") if x.data.is_complex() else get_group("u1")
    adjoint = Equivariance(
        lambda u: group.algebra(action.force(u)), x, group="gauge * translations", out=partial(SiteMatrices, channels=1)
    )
    scalar = Equivariance(action.force, x, group="gauge * translations", out=partial(SiteScalars, channels=1))
    return [invariant(action, x), adjoint if group.n > 1 else scalar, Gradient(action, x, gradient=action.force)]


def haar_flow(group: str) -> flows.GaugeFlow:
    return flows.GaugeFlow(flows.HaarBase(get_group(group), (2, 2)), [])


@dataclass(frozen=True)
class Stationary(Balance):
    """A sweep that visits the links in a fixed order keeps the distribution without being reversible."""

    def verify(self, **options: Any) -> Report:
        return check_detailed_balance(
            self.f,
            self.log_prob,
            self.x,
            label=self.name,
            seed=options.get("seed", 0),
            samples=20_000,
            reversible=False,
        )


def sampler_claim(claim: type[Balance], make: Callable[[Any], montecarlo.Sampler], group: str) -> Balance:
    action = lattice.WilsonAction(2, 1.0)
    sampler = make(action)
    sampler.warmup = False
    return claim(sampler.update, links(group, batch=1), log_prob=lambda u: -action(u), label=type(sampler).__name__)


def through_file(name: str, suffix: str, u: Tensor) -> Tensor:
    """Links written and read again, one file for each configuration.

    Projected first: the harness also sends single-precision links in double precision, which files refuse.
    """
    back = []
    with tempfile.TemporaryDirectory() as folder:
        for one in u:
            path = Path(folder) / f"field{suffix}"
            io.write(path, get_group("su3").project(one[None]), format=name)
            back.append(io.read(path, shape=tuple(one.shape[1:5])).links.to(u.dtype))
    return torch.cat(back)


def layer_claim(name: str) -> Claim:
    theory = nn.GaugeTheory("su2", 2)
    generator = torch.Generator().manual_seed(3)
    layer = nn.build_layer(name, theory, 2, 2, generator=generator)
    changes_links = type(layer).new_links is not nn.Layer.new_links
    w = torch.randn(2, 2, 4, 4, 2, 2, generator=generator, dtype=torch.complex128)
    return Equivariance(
        lambda u, w: layer(u, w)[0 if changes_links else 1],
        (links("su2", (4, 4)), SiteMatrices(w)),
        group="gauge * translations",
        out=Links if changes_links else SiteMatrices,
        label=name,
    )


def block_claim() -> Claim:
    """Blocking changes the lattice, so what is claimed is the invariance of the plaquette of the blocked links."""
    block = nn.build_layer("block", nn.GaugeTheory("su2", 2), 2, 2, generator=torch.Generator().manual_seed(3))
    w = torch.ones(1, 2, 4, 4, 2, 2, dtype=torch.complex128)
    return invariant(
        lambda u: lattice.plaquette(block(u, w.to(u.dtype).expand(len(u), -1, -1, -1, -1, -1))[0]),
        links("su2", (4, 4)),
        "gauge",
    )


def network_claim() -> Claim:
    theory = nn.GaugeTheory("su3", 2)
    generator = torch.Generator().manual_seed(3)
    source = nn.Sources(nn.Plaq(theory), nn.Poly(theory), nn.Loops(theory, ["2x1"]))
    layers = (
        nn.LConvBilin(theory, source.channels, 3, generator=generator, paths=nn.axis_paths(2, 1)),
        nn.LNorm(theory, 3),
        nn.LAct(theory, 3),
        nn.Residual(nn.LConvBilin(theory, 3, 3, generator=generator, paths=nn.axis_paths(2, 1)), gain=1.0),
    )
    network = nn.LCNN(source, *layers, readout=nn.Readout(theory, 3, 2, generator=generator, over_sites="mean"))
    return invariant(network, links("su3", (3, 3)), "gauge * translations")


def potential_claims(group: str, shape: tuple[int, ...]) -> list[Claim]:
    theory, generator = nn.GaugeTheory(group, len(shape), rotations="all"), torch.Generator().manual_seed(3)
    potential = nn.Potential.of(theory, 2, generator=generator, channels=(2,), hidden=(3,))
    _, adjoint, gradient = force_claims(potential, links(group, shape))
    return [invariant(potential, links(group, shape), "gauge * translations * hypercubic"), adjoint, gradient]


def smearing_claim(group: str, shape: tuple[int, ...]) -> Claim:
    theory, generator = nn.GaugeTheory(group, len(shape), rotations="all"), torch.Generator().manual_seed(3)
    smearing = nn.Smearing.of(theory, steps=2, generator=generator, size=0.5)
    return covariant(smearing, links(group, shape), "gauge * translations * hypercubic")


def plain_network_claim() -> Claim:
    """A network that knows nothing of gauge invariance is a convolution all the same."""
    network = nn.LinkCNN(nn.GaugeTheory("su2", 2), 2, 2, generator=torch.Generator().manual_seed(3))
    return invariant(lambda u: network(u).flatten(1).mean(1), links("su2", (3, 3)), "translations")


@dataclass(frozen=True)
class Line:
    """Public objects, and how to make the claims about them."""

    covers: tuple[Any, ...]
    claims: Callable[[], list[Claim]]


def line(*covers: Any, claims: Callable[[], list[Claim]]) -> Line:
    return Line(covers, claims)


REGISTRY: dict[str, Line] = {
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
    "sum of loops": line(
        lattice.LoopAction,
        claims=lambda: force_claims(lattice.LoopAction.of_orbits(2, {"1x1": 1.0, "2x2": 0.5}), links("su3", (3, 3))),
    ),
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
    "hybrid Monte Carlo": line(
        montecarlo.HMC,
        claims=lambda: [
            sampler_claim(Balance, lambda action: montecarlo.HMC(action, length=1.0, step_size=0.5), group)
            for group in ("u1", "su2")
        ],
    ),
    "bases of flows": line(
        flows.FreeFieldBase,
        flows.GaussianBase,
        flows.HeatKernelBase,
        claims=lambda: [
            invariant(flows.FreeFieldBase((3, 3), 0.5).log_prob, scalars(), "translations * hypercubic * z2"),
            invariant(flows.GaussianBase((3, 3)).log_prob, scalars(), "translations * hypercubic * z2"),
            invariant(flows.HeatKernelBase((3, 3), 0.5).log_prob, links("u1", (3, 3)), FULL),
        ],
    ),
    "independence Metropolis": line(
        montecarlo.IndependenceMetropolis,
        claims=lambda: [
            sampler_claim(Balance, partial(montecarlo.IndependenceMetropolis, haar_flow(group)), group)
            for group in ("u1", "su2")
        ],
    ),
    "heat bath": line(
        montecarlo.HeatBath,
        claims=lambda: [
            sampler_claim(Stationary, lambda action: montecarlo.HeatBath(action, overrelaxation=1), group)
            for group in ("u1", "su2")
        ],
    ),
    "exact sampler": line(
        montecarlo.ExactSampler,
        claims=lambda: [sampler_claim(Balance, montecarlo.ExactSampler, group) for group in ("u1", "su2")],
    ),
    "refinement flow": line(
        flows.RefinementFlow,
        flows.PeelingFlow,
        claims=lambda: [
            *refinement_claims("u1", (2, 4)),
            *refinement_claims("su2", (2, 1)),
            *refinement_claims("su3", (2, 1)),
            *refinement_claims("su2", (2, 2), flows.PeelingFlow),
        ],
    ),
    "file formats": line(
        *io.FORMATS.values(),
        claims=lambda: [
            Equivariance(
                partial(through_file, name, form.extensions[0]),
                links("su3", (2, 2, 2, 3)),
                group="gauge * translations",
                out=Links,
                label=f"{name} file",
            )
            for name, form in io.FORMATS.items()
        ],
    ),
    "gauge-equivariant layers": line(
        *(
            thing
            for thing in vars(nn).values()
            if isinstance(thing, type) and issubclass(thing, nn.Layer) and thing is not nn.Trace
        ),
        claims=lambda: [block_claim()] + [layer_claim(name) for name in nn.LAYERS if name != "block"],
    ),
    "gauge-equivariant networks": line(
        nn.LCNN, nn.Plaq, nn.Poly, nn.Loops, nn.Sources, nn.Readout, nn.Trace, claims=lambda: [network_claim()]
    ),
    "plain convolutions of links": line(nn.LinkCNN, claims=lambda: [plain_network_claim()]),
    "learned potentials": line(
        nn.Potential,
        claims=lambda: potential_claims("su2", (3, 2, 2)) + potential_claims("u1", (3, 3)),
    ),
    "learned smearing": line(
        nn.Smearing, claims=lambda: [smearing_claim("su3", (3, 3)), smearing_claim("u1", (2, 3, 2))]
    ),
    "continuous flow of scalars": line(
        flows.ScalarContinuousFlow,
        flows.ScalarVelocity,
        claims=lambda: continuous_claims(scalars((3,))) + continuous_claims(scalars((2, 2))),
    ),
    "trivializing flows": line(
        flows.ContinuousFlow,
        claims=lambda: trivializing_claims("su3", links("su3", (2, 2), batch=1)),
    ),
    "couplings of scalars": line(
        flows.ScalarCoupling,
        flows.ScalarAffine,
        flows.ScalarSpline,
        claims=lambda: [
            *coupling_claims(scalars((4, 2)), spline=False),
            *coupling_claims(scalars((6,)), spline=True),
            *coupling_claims(scalars((2, 2, 2)), spline=True),
        ],
    ),
    "couplings of U(1)": line(
        flows.Coupling,
        flows.Context,
        flows.LoopFeatures,
        flows.CircularSpline,
        flows.NoncompactMixture,
        claims=lambda: [
            *layer_claims(coupling("u1", flows.parity_masks(2)[0], charge=True), links("u1", (2, 4))),
            *layer_claims(coupling("u1", flows.parity_masks(3)[4], charge=True, mixture=True), links("u1", (2, 2, 2))),
            *layer_claims(coupling("u1", flows.block_masks((4, 2))[0]), links("u1", (4, 4))),
            *layer_claims(coupling("u1", flows.block_masks((2, 2))[1], mixture=True), links("u1", (4, 2))),
        ],
    ),
    "couplings of SU(N)": line(
        flows.SpectralSpline,
        claims=lambda: [
            *layer_claims(coupling("su2", flows.parity_masks(3)[1], share=1.0), links("su2", (2, 2, 2), batch=1)),
            *layer_claims(coupling("su3", flows.parity_masks(2)[2], charge=True), links("su3", (2, 2), batch=1)),
        ],
    ),
    "residual layers": line(
        flows.ResidualStout,
        claims=lambda: [
            *layer_claims(residual("u1", flows.parity_masks(4)[13]), links("u1", (2, 2, 2, 2))),
            *layer_claims(residual("su2", flows.parity_masks(2)[1]), links("su2", (4, 2), batch=1)),
            *layer_claims(residual("su3", flows.parity_masks(2)[2], charge=True), links("su3", (2, 2), batch=1)),
        ],
    ),
    "moves of particles": line(montecarlo.Metropolis, claims=fermion_cases.move_claims),
    "fermion wavefunctions": line(
        fermions.Determinants,
        fermions.Pfaffians,
        fermions.PairProducts,
        fermions.Power,
        fermions.Product,
        fermions.HarmonicOrbitals,
        fermions.NeuralOrbitals,
        fermions.SlaterEnvelope,
        claims=fermion_cases.antisymmetry_claims,
    ),
    "backbones of wavefunctions": line(
        fermions.FermiNet,
        fermions.Psiformer,
        fermions.MessagePassing,
        fermions.DeepSets,
        fermions.Features,
        claims=fermion_cases.backbone_claims,
    ),
    "factors of wavefunctions": line(
        fermions.PairJastrow,
        fermions.NuclearCusp,
        fermions.Gaussian,
        fermions.CentreOfMass,
        fermions.SymmetricNetwork,
        claims=fermion_cases.factor_claims,
    ),
    "potentials of particles": line(
        fermions.HarmonicTrap,
        fermions.HarmonicPairs,
        fermions.Coulomb,
        fermions.InverseSquare,
        fermions.Nuclei,
        fermions.quantum_dot,
        fermions.harmonic_trap,
        fermions.calogero,
        fermions.molecule,
        claims=fermion_cases.potential_claims,
    ),
    "local energies": line(
        fermions.local_energy, fermions.gradient_and_laplacian, claims=fermion_cases.local_energy_claims
    ),
}


def rotations(others: str) -> Any:
    """The other symmetries and the rotations without reflections, under which the charge would change its sign."""
    from gaugeflow.symmetry import Product, group_named

    return Product(group_named(others), Hypercubic(reflections=False))


WITHOUT = {
    "GaussNewton": "fits a flow",
    "LoopBasis": "bookkeeping of a flow",
    "fit_along_path": "fits a flow",
    "luescher_functions": "bookkeeping of a flow",
    "Base": "what every base offers",
    "Batch": "numbers of a training step",
    "BoltzmannWeight": "an action with its sign turned",
    "Composition": "as its layers, each of which has a line",
    "GaugeFlow": "as its base and its layers, each of which has a line",
    "HaarBase": "density 1",
    "Mask": "part of a coupling",
    "ScaledAction": "a number times an action",
    "SeededBase": "a base of another package",
    "StochasticFlow": "draws or makes fields",
    "Updates": "draws or makes fields",
    "Weights": "of numbers, not of fields",
    "annealed": "draws or makes fields",
    "batch_ess": "of numbers, not of fields",
    "block_masks": "part of a coupling",
    "fit_scalar_flow": "fits a flow",
    "forward_ess": "of numbers, not of fields",
    "forward_log_z": "of numbers, not of fields",
    "frozen_log_prob": "the density of a flow",
    "log_variance": "derivative with respect to parameters",
    "natural_gradient": "fits a flow",
    "parity_masks": "part of a coupling",
    "path": "derivative with respect to parameters",
    "reinforce": "derivative with respect to parameters",
    "reverse_kl": "derivative with respect to parameters",
    "scores": "derivative with respect to parameters",
    "zero_log_det": "zeros",
    "Action": "what every action offers",
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
    "Sampler": "a protocol",
    "Integrator": "coefficients",
    "get_integrator": "coefficients",
    "Channels": "bookkeeping of a network",
    "GaugeTheory": "bookkeeping of a network",
    "Fit": "of parameters, not of fields",
    "levenberg_marquardt": "of parameters, not of fields",
    "Weight": "bookkeeping of a network",
    "Layer": "what every layer offers",
    "Source": "what every source offers",
    "axis_paths": "of paths",
    "build_layer": "makes layers",
    "calibrate": "rescales weights",
    "sigmoid_gate": "of numbers, not of fields",
    "transport": "inside every convolution",
    "Ansatz": "what every ansatz offers",
    "Backbone": "what every backbone offers",
    "Envelope": "what every envelope offers",
    "Factor": "what every factor offers",
    "Orbitals": "what all orbitals offer",
    "Wavefunction": "what every wavefunction offers",
    "Hamiltonian": "a sum of potentials",
    "LogPsi": "numbers with a sign",
    "Particles": "counts",
    "Adam": "of parameters, not of coordinates",
    "NaturalGradient": "of parameters, not of coordinates",
    "NodalCells": "a number",
    "count_nodal_cells": "of functions, not of coordinates",
    "initial_walkers": "draws coordinates",
    "Reference": "a number",
    "free_energy": "of counts, not of coordinates",
}
