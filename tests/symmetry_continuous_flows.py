"""Claims about trivializing flows; as bijections they are so gentle that the error of a step is below rounding."""

import torch
from torch import Tensor

from gaugeflow import flows
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.symmetry import Links, Scalars
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance


def trivializing(
    name: str, ndim: int, size: float, steps: int, splines: int, integrator: str = "rkmk4"
) -> flows.ContinuousFlow:
    """A flow of all functions of order 1, away from the identity."""
    group, generator = get_group(name), torch.Generator().manual_seed(4)
    functions = flows.luescher_functions(group, ndim, WilsonAction(ndim, 1.0).loops, 1)
    flow = flows.ContinuousFlow(group, functions, steps, integrator, splines)
    with torch.no_grad():
        flow.coefficients += size * torch.randn(flow.coefficients.shape, generator=generator, dtype=torch.float64)
    return flow


def trivializing_claims(name: str, x: Links) -> list[Claim]:
    """A bijection, and any number of steps of any method keeps every symmetry of the lattice."""
    layer = trivializing(name, x.data.shape[1], 0.002, 8, 1)
    group = "gauge * translations * hypercubic * charge * centre"
    claims: list[Claim] = [Bijection(layer.forward, x, inverse=layer.inverse, label=name)]
    for integrator in ("cg3", "rkmk4"):
        coarse = trivializing(name, x.data.shape[1], 0.1, 1, 3, integrator)

        def moved(u: Tensor, flow: flows.ContinuousFlow = coarse) -> Tensor:
            return flow(u)[0]

        def log_det(u: Tensor, flow: flows.ContinuousFlow = coarse) -> Tensor:
            return flow(u)[1]

        claims.append(Equivariance(moved, x, group=group, out=Links, label=f"links, {name}, {integrator}"))
        claims.append(Equivariance(log_det, x, group=group, out=Scalars, label=f"log-determinant, {name}"))
    return claims
