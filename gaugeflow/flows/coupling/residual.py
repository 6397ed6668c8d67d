"""Residual layers: stout smearing of active links, invertible and with the exact Jacobian (arXiv:2305.02402)."""

import math

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.coupling import check_field
from gaugeflow.flows.coupling.frozen import conjugate, frozen_links, midpoint, staples_at, with_active
from gaugeflow.flows.coupling.masks import Mask
from gaugeflow.flows.coupling.transform import Conditioned
from gaugeflow.groups import Group
from gaugeflow.nn.layers.sources import link_matrices

__all__ = ["ResidualStout"]

NEWTON_STEPS = 2
TERMS = 30
"""Terms of the exponential series, enough for generators of norm 4 in double precision."""


class ResidualStout(Flow):
    """``U -> exp(i X(U)) U`` on the active links, ``X = sum_j c_j P[U S_j]`` with the staples S_j of the link.

    P is the projection to the algebra, ``(L - L^dagger) / 2i`` without its trace. The staples and the coefficients
    c_j, which a network makes of frozen invariants, hold no active link, so the Jacobian is one dim x dim block for
    each link. X changes by at most ``sum_j |c_j|`` times the distance of two links, and the coefficients are kept below
    ``sum_j |c_j| < bound < 1``: hence the map is a bijection, and ``U -> exp(-i X(U)) U'`` contracts to its inverse.

    Args:
        group: of the links.
        mask: the active links; their staples must hold no other active link.
        context: from frozen links to the context of the coefficients, ``(batch, n_offsets, *coarse, channels)``; has
            ``channels``.
        generator: source of the weights.
        bound: of the coefficients, below one.
        charge: commute with charge conjugation, for which the context is evaluated twice.
        dtype: of the parameters.

    Raises:
        UserError: a bound that is no contraction; at a call, links that the layer does not serve.
    """

    def __init__(
        self,
        group: Group,
        mask: Mask,
        context: nn.Module,
        generator: torch.Generator,
        bound: float = 0.9,
        charge: bool = False,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if not 0 < bound < 1:
            raise UserError(f"residual layer: expected a bound between 0 and 1, got {bound}")
        self.group, self.mask, self.context, self.bound, self.charge = group, mask, context, bound, charge
        self.paths = mask.surroundings()
        self.coefficients_of = Conditioned(int(context.channels), len(self.paths), lambda c: c, generator, dtype)  # type: ignore[arg-type]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        staples = self._staples(z)
        active = self.mask.select(z[:, self.mask.axis])
        new = self._moved(active, _vector(self.group, active, staples))
        return with_active(z, self.mask, self.group, new), _log_det(_jacobian(self.group, active, staples))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        staples = self._staples(x)
        target = self.mask.select(x[:, self.mask.axis])
        active = self._solve(target, staples)
        return with_active(x, self.mask, self.group, active), -_log_det(_jacobian(self.group, active, staples))

    def _staples(self, links: Tensor) -> Tensor:
        """``sum_j c_j S_j`` at every active link, ``(batch, n_offsets, *coarse, N, N)``."""
        check_field(links, self.group, self.mask)
        staples = staples_at(links, self.mask, self.group, self.paths)
        frozen = frozen_links(links, self.mask, self.group, midpoint(self.group, staples[0], staples[1]))
        images = (frozen, conjugate(frozen)) if self.charge else (frozen,)
        raw = self.coefficients_of([self.context(image) for image in images])
        bounded = self.bound * raw / (1 + raw.abs().sum(-1, keepdim=True))
        return (bounded.movedim(-1, 0)[..., None, None] * link_matrices(staples)).sum(0)

    def _moved(self, active: Tensor, x: Tensor) -> Tensor:
        w = x if self.group.algebra_shape else x[..., 0]
        return self.group.mul(self.group.exp(w), active)

    def _solve(self, target: Tensor, staples: Tensor) -> Tensor:
        """The fixed point to half the digits, and Newton steps for the others; the last one carries the derivatives."""
        eps = torch.finfo(staples.real.dtype).eps
        with torch.no_grad():
            x = torch.zeros_like(_vector(self.group, target, staples))
            for _ in range(math.ceil(math.log(eps) / math.log(self.bound))):
                before, x = x, _vector(self.group, self._moved(target, -x), staples)
                if float((x - before).abs().max()) < eps**0.5:
                    break
            active = self._moved(target, -x)
            for _ in range(NEWTON_STEPS):
                active = self._newton(active, target, staples)
        return self._newton(active, target, staples)

    def _newton(self, active: Tensor, target: Tensor, staples: Tensor) -> Tensor:
        new = self._moved(active, _vector(self.group, active, staples))
        miss = _vector(self.group, new, link_matrices(self.group.dagger(target)))
        slope = _jacobian(self.group, active, staples).detach()
        return self._moved(active, -torch.linalg.solve(slope, miss[..., None])[..., 0])


def _vector(group: Group, active: Tensor, staples: Tensor) -> Tensor:
    """``X_a = Im tr(T_a U A) / tr(T_a T_a)``, the algebra part of ``U A`` for every active link: ``(..., dim)``."""
    basis, norm = _basis(group, staples)
    return torch.einsum("aij,...ji->...a", basis, link_matrices(active) @ staples).imag / norm


def _jacobian(group: Group, active: Tensor, staples: Tensor) -> Tensor:
    """That of ``U -> exp(i X(U)) U`` at every active link, ``(..., dim, dim)``, in coordinates ``exp(i w T) U``.

    With ``D_ab = dX_a/dw_b`` and z the adjoint matrix of ``i ad X`` it is ``phi(z) D + exp(z)`` where
    ``phi(z) = (exp(z) - 1) / z``, that is ``1 + phi(z) (D + z)``.
    """
    basis, norm = _basis(group, staples)
    x = _vector(group, active, staples)
    pairs = torch.einsum("aij,bjk->abik", basis, basis)
    slope = torch.einsum("abik,...ki->...ab", pairs, link_matrices(active) @ staples).real / norm
    structure = -torch.einsum("abik,cki->abc", pairs - pairs.transpose(0, 1), basis).imag / norm
    z = torch.einsum("bca,...b->...ac", structure, x)
    eye = torch.eye(group.dim, dtype=x.dtype, device=x.device)
    phi = eye
    for k in range(TERMS, 1, -1):
        phi = eye + z @ phi / k
    return eye + phi @ (slope + z)


def _basis(group: Group, like: Tensor) -> tuple[Tensor, float]:
    """The generators T_a and ``tr(T_a T_a)``."""
    basis = group.basis(like.real.dtype, like.device)
    return basis, float(basis[0].abs().square().sum())


def _log_det(jacobian: Tensor) -> Tensor:
    return torch.linalg.slogdet(jacobian).logabsdet.flatten(1).sum(1)
