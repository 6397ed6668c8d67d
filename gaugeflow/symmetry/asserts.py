"""One-line assertions for tests: each runs a check, raises `SymmetryBroken` with the report, and returns the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.checks.bijection import check_invertible, check_logdet
from gaugeflow.symmetry.checks.equivariance import check
from gaugeflow.symmetry.checks.gradient import check_gradient
from gaugeflow.symmetry.checks.markov import check_detailed_balance, check_reversible
from gaugeflow.symmetry.checks.systems.extensive import check_extensive
from gaugeflow.symmetry.checks.systems.local import check_local
from gaugeflow.symmetry.checks.systems.smooth import check_smooth
from gaugeflow.symmetry.reports.report import Report

__all__ = [
    "assert_antisymmetric",
    "assert_detailed_balance",
    "assert_equivariant",
    "assert_extensive",
    "assert_gradient",
    "assert_invariant",
    "assert_invertible",
    "assert_local",
    "assert_logdet",
    "assert_reversible",
    "assert_smooth",
]


def assert_equivariant(f: Callable[..., Any], x: Tree, group: Group | str, *, out: Any, **options: Any) -> Report:
    """f(D(g) x) = D(g) f(x), the output read as `out`. The options are those of `check`.

    >>> import torch
    >>> from gaugeflow.symmetry import Links, SiteMatrices, assert_equivariant
    >>> from gaugeflow.symmetry.actions.haar import haar
    >>> links = haar((2, 2, 4, 4), 3, torch.Generator().manual_seed(0))
    >>> def plaquette(u):
    ...     corner = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
    ...     return corner.unsqueeze(1)
    >>> assert_equivariant(plaquette, Links(links), "gauge * translations", out=SiteMatrices).holds
    True
    """
    return check(f, x, group, out=out, **options).require()


def assert_invariant(
    f: Callable[..., Any], x: Tree, group: Group | str, *, out: Any = Scalars, **options: Any
) -> Report:
    """f(D(g) x) = f(x): an action, an energy, the log-density of a flow. The options are those of `check`.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, assert_invariant
    >>> r = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    >>> def energy(r):
    ...     apart = r.unsqueeze(2) - r.unsqueeze(1)
    ...     return torch.exp(-apart.square().sum(-1)).sum((1, 2))
    >>> assert_invariant(energy, Points(r), "euclidean * permutations").holds
    True
    """
    return check(f, x, group, out=out, **options).require()


def assert_antisymmetric(
    f: Callable[..., Any], x: Tree, *, within_species: bool = False, out: Any = Scalars, **options: Any
) -> Report:
    """f changes its sign with the permutation of the particles; only those of one spin with `within_species`.

    >>> import torch
    >>> from gaugeflow.symmetry import Electrons, SignedLog, assert_antisymmetric
    >>> r = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))
    >>> def determinant(r):
    ...     return torch.linalg.slogdet(torch.sin(r))
    >>> assert_antisymmetric(determinant, Electrons(r), out=SignedLog).holds
    True
    >>> assert_antisymmetric(lambda r: determinant(r)[0], Electrons(r)).holds
    True
    """
    return check(f, x, Permutations(sign=True, within_species=within_species), out=out, **options).require()


def assert_invertible(forward: Callable[..., Any], inverse: Callable[..., Any], x: Tree, **options: Any) -> Report:
    """inverse(forward(x)) = x = forward(inverse(x)), and the log-determinants cancel where they are returned.

    >>> import torch
    >>> from gaugeflow.symmetry import Links, assert_invertible
    >>> theta = torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> def shear(theta, sign):
    ...     rest, active = theta[:, :1], theta[:, 1:]
    ...     return torch.cat([rest, active + sign * rest.sin()], dim=1)
    >>> forward, inverse = (lambda t: shear(t, 1.0)), (lambda t: shear(t, -1.0))
    >>> assert_invertible(forward, inverse, Links(theta)).holds
    True
    """
    return check_invertible(forward, inverse, x, **options).require()


def assert_logdet(forward: Callable[..., Any], x: Tree, **options: Any) -> Report:
    """`forward(x) -> (y, log|det J|)` returns the log-determinant of its Jacobian, by autograd, links in the algebra.

    >>> import torch
    >>> from gaugeflow.symmetry import SiteScalars, assert_logdet
    >>> phi = torch.randn(2, 1, 4, generator=torch.Generator().manual_seed(0))
    >>> def forward(phi):
    ...     y = phi + 0.5 * torch.tanh(phi)
    ...     slope = 1 + 0.5 / torch.cosh(phi) ** 2
    ...     return y, slope.log().sum((1, 2))
    >>> assert_logdet(forward, SiteScalars(phi)).holds
    True
    """
    return check_logdet(forward, x, **options).require()


def assert_gradient(
    f: Callable[..., Any], x: Tree, gradient: Callable[..., Any] | None = None, **options: Any
) -> Report:
    """`gradient(x)`, or autograd through `f`, equals finite differences of `f(x) -> (batch,)`.

    >>> import torch
    >>> from gaugeflow.symmetry import Links, assert_gradient
    >>> theta = torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> def action(theta):
    ...     return theta.sin().square().sum((1, 2, 3))
    >>> def force(theta):
    ...     return (2 * theta).sin()
    >>> assert_gradient(action, Links(theta), force).holds
    True
    """
    return check_gradient(f, gradient, x, **options).require()


def assert_detailed_balance(move: Callable[..., Any], log_prob: Callable[..., Any], x: Tree, **options: Any) -> Report:
    """`move(x, generator) -> x'` satisfies detailed balance for the density exp(log_prob), on a small system.

    >>> import torch
    >>> from gaugeflow.symmetry import Links, assert_detailed_balance
    >>> def log_prob(theta):
    ...     return theta.cos().sum((1, 2, 3))
    >>> def move(theta, generator):
    ...     new = theta + torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
    ...     accept = torch.rand(len(theta), generator=generator).log() < log_prob(new) - log_prob(theta)
    ...     return torch.where(accept[:, None, None, None], new, theta)
    >>> assert_detailed_balance(move, log_prob, Links(torch.zeros(1, 2, 2, 2))).holds
    True
    """
    return check_detailed_balance(move, log_prob, x, **options).require()


def assert_reversible(step: Callable[..., Any], flip: Callable[..., Any], x: Tree, **options: Any) -> Report:
    """flip . step . flip inverts the deterministic `step`, as of a leapfrog trajectory.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, assert_reversible
    >>> r, p = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    >>> def leapfrog(r, p):
    ...     p = p - 0.05 * r
    ...     r = r + 0.1 * p
    ...     return r, p - 0.05 * r
    >>> assert_reversible(leapfrog, lambda r, p: (r, -p), (Points(r), Points(p))).holds
    True
    """
    return check_reversible(step, flip, x, **options).require()


def assert_extensive(f: Callable[..., Any], x: Tree, *, out: Any = Scalars, **options: Any) -> Report:
    """Two copies of a periodic system side by side: totals double, fields repeat. The options are those of
    `check_extensive`.

    >>> import torch
    >>> from gaugeflow.symmetry import SiteScalars, assert_extensive
    >>> phi = torch.randn(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    >>> def action(phi):
    ...     return (phi * phi.roll(1, 2)).sum((1, 2, 3))
    >>> assert_extensive(action, SiteScalars(phi)).holds
    True
    >>> assert_extensive(lambda phi: action(phi) / phi[0].numel(), SiteScalars(phi), intensive=True).holds
    True
    """
    return check_extensive(f, x, out=out, **options).require()


def assert_local(f: Callable[..., Any], x: Tree, radius: float, *, out: Any = Scalars, **options: Any) -> Report:
    """Nothing is seen beyond `radius`: a cut-off, a receptive field, a sum of local terms. The options are those of
    `check_local`.

    >>> import torch
    >>> from gaugeflow.symmetry import SiteScalars, assert_local
    >>> phi = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> def smeared(phi):
    ...     return torch.tanh(phi + phi.roll(2, 2))
    >>> assert_local(smeared, SiteScalars(phi), 2, out=SiteScalars).holds
    True
    >>> assert_local(lambda phi: smeared(phi).sum((1, 2, 3)), SiteScalars(phi), 2).holds
    True
    """
    return check_local(f, x, radius, out=out, **options).require()


def assert_smooth(
    f: Callable[..., Any], x: Tree, to: Tree | None = None, *, out: Any = Scalars, **options: Any
) -> Report:
    """No jump in value or slope on the way from `x` to `to`, or along random paths. The options are those of
    `check_smooth`.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, assert_smooth
    >>> r = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    >>> def energy(r):
    ...     apart = r.unsqueeze(2) - r.unsqueeze(1)
    ...     return (1 - apart.square().sum(-1)).clamp(min=0).square().sum((1, 2))
    >>> assert_smooth(energy, Points(r)).holds
    True
    """
    return check_smooth(f, x, to, out=out, **options).require()
