"""Claims about trivializing flows; as bijections they are so gentle that the error of a step is below rounding."""

import torch

from gaugeflow import flows
from gaugeflow.flows.continuous.staple_basis import LEAST_EXTENT
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.nn import GaugeTheory, Potential
from gaugeflow.symmetry import Links, Scalars
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance

LARGEST_JACOBIAN = 100
"""Numbers in a field whose Jacobian by autograd is not too long a wait."""


def trivializing(
    name: str, x: Links, size: float, steps: int, splines: int, integrator: str = "rkmk4"
) -> flows.ContinuousFlow:
    """A flow away from the identity: of all functions of order 1, or of those of staples where the lattice has room."""
    group, generator, ndim = get_group(name), torch.Generator().manual_seed(4), x.data.shape[1]
    functions = flows.luescher_functions(group, ndim, WilsonAction(ndim, 1.0).loops, 1)
    small = min(x.data.shape[2 : 2 + ndim]) < LEAST_EXTENT
    flow = flows.ContinuousFlow(group, functions if small else "staples", steps, integrator, splines)
    with torch.no_grad():
        flow.coefficients += size * torch.randn(flow.coefficients.shape, generator=generator, dtype=torch.float64)
    return flow


def trivializing_claims(name: str, x: Links) -> list[Claim]:
    """A bijection with every symmetry of the lattice; a step of any length keeps all but reflections and rotations.

    A reflected link is the inverse of another one, for which a step multiplies from the other side.
    """
    gentle = trivializing(name, x, 0.0001, 2, 1)
    claims: list[Claim] = []
    if x.data[0].numel() <= LARGEST_JACOBIAN:
        claims.append(Bijection(gentle.forward, x, inverse=gentle.inverse, label=name))
    kept = "gauge * translations * charge * centre"
    cases = [(gentle, f"{kept} * hypercubic", "short steps")]
    for integrator in ("cg3", "rkmk4"):
        cases.append((trivializing(name, x, 0.1, 1, 3, integrator), kept, integrator))
    return claims + [Equivariance(f.forward, x, f"{name}, {label}", g, (Links, Scalars)) for f, g, label in cases]


def neural(name: str, size: float) -> flows.NeuralFlow:
    """One step along the gradient of a small network."""
    generator = torch.Generator().manual_seed(4)
    potential = Potential.of(GaugeTheory(name, 2), 1, generator=generator, channels=(1,), hidden=())
    flow = flows.NeuralFlow(potential, 1, 1, "cg2", 1)
    with torch.no_grad():
        flow.coefficients += size
    return flow


def neural_claims(name: str, x: Links) -> list[Claim]:
    """Gauge transformations and translations, whatever the steps; gentle, a bijection too."""
    flow, label = neural(name, 0.3), f"neural, {name}"
    claims: list[Claim] = [Equivariance(flow.forward, x, label, "gauge * translations", (Links, Scalars))]
    if name == "u1":  # few directions
        gentle = neural(name, 1e-5)
        claims.append(Bijection(gentle.forward, x, label, gentle.inverse))
    return claims
