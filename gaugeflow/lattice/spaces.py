"""The manifolds that fields live on: link fields move by the group, scalar fields by addition."""

from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.fields import check_links

__all__ = ["LINKS", "SCALARS", "LinkSpace", "ScalarSpace", "Space", "tangent_noise"]

NORM_TOLERANCE = 1e-3


class Space(Protocol):
    """What a sampler needs to know of a field ``(batch, ...)``: its tangent vectors and how it moves along them."""

    def tangent_shape(self, field: Tensor) -> tuple[int, ...]:
        """Shape of the real tangent vectors (momenta, forces) of ``field``."""
        ...

    def displace(self, field: Tensor, w: Tensor) -> Tensor:
        """The field moved along ``w``."""
        ...

    def project(self, field: Tensor) -> Tensor:
        """The field with rounding errors of many moves removed."""
        ...

    def check(self, field: Tensor) -> None:
        """Raises UserError where the field is off the manifold by more than rounding, or not a number."""
        ...


class LinkSpace:
    """Links: ``U -> exp(i w_a T_a) U``, ``w`` of shape ``(batch, D, *shape, dim)``, in U(1) ``(batch, D, *shape)``."""

    def tangent_shape(self, field: Tensor) -> tuple[int, ...]:
        group = check_links(field)
        return (*field.shape[: field.ndim - len(group.element_shape)], *group.algebra_shape)

    def displace(self, field: Tensor, w: Tensor) -> Tensor:
        group = check_links(field)
        return group.mul(group.exp(w), field)

    def project(self, field: Tensor) -> Tensor:
        return check_links(field).project(field)

    def check(self, field: Tensor) -> None:
        group = check_links(field)
        if not group.element_shape:
            _check_finite(field, "links")
            return
        square = torch.view_as_real(field).flatten(-3).square().sum(-1)  # N for a unitary matrix
        worst = (square - group.n).abs().max() if field.numel() else torch.zeros(())
        if not bool(worst <= NORM_TOLERANCE * group.n):
            raise UserError(
                f"links: expected {group.name} matrices, with tr U U^dagger = {group.n}, one is off by {worst:.2e}"
            )


class ScalarSpace:
    """Real scalars ``(batch, *shape)``: ``phi -> phi + w``."""

    def tangent_shape(self, field: Tensor) -> tuple[int, ...]:
        return tuple(field.shape)

    def displace(self, field: Tensor, w: Tensor) -> Tensor:
        return field + w

    def project(self, field: Tensor) -> Tensor:
        return field

    def check(self, field: Tensor) -> None:
        self.check_layout(field)
        _check_finite(field, "scalars")

    def check_layout(self, field: Tensor) -> None:
        """Raises UserError unless the field is real with a batch axis and at least one lattice axis."""
        if not field.is_floating_point() or field.ndim < 2:
            raise UserError(f"scalars: expected real (batch, *shape), got {field.dtype} of shape {tuple(field.shape)}")


def _check_finite(field: Tensor, name: str) -> None:
    if not bool(torch.isfinite(field).all()):
        raise UserError(f"{name}: expected finite numbers, got NaN or infinity")


LINKS = LinkSpace()
SCALARS = ScalarSpace()


def tangent_noise(space: Space, field: Tensor, generator: torch.Generator) -> Tensor:
    """Independent standard normal tangent vectors: the momenta of HMC with kinetic energy ``sum p^2 / 2``."""
    shape = space.tangent_shape(field)
    return torch.randn(shape, generator=generator, dtype=field.real.dtype, device=field.device)
