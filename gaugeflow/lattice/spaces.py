"""The manifolds that fields live on: link fields move by the group, scalar fields by addition."""

from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.lattice.fields import check_links

__all__ = ["LINKS", "SCALARS", "LinkSpace", "ScalarSpace", "Space"]


class Space(Protocol):
    """What a sampler needs to know of a field: its tangent vectors and how it moves along them."""

    def tangent_shape(self, field: Tensor) -> tuple[int, ...]:
        """Shape of the real tangent vectors (momenta, forces) of ``field``."""
        ...

    def displace(self, field: Tensor, w: Tensor) -> Tensor:
        """The field moved along ``w``."""
        ...

    def project(self, field: Tensor) -> Tensor:
        """The field with rounding errors of many moves removed."""
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


class ScalarSpace:
    """Real scalars ``(batch, *shape)``: ``phi -> phi + w``."""

    def tangent_shape(self, field: Tensor) -> tuple[int, ...]:
        return tuple(field.shape)

    def displace(self, field: Tensor, w: Tensor) -> Tensor:
        return field + w

    def project(self, field: Tensor) -> Tensor:
        return field


LINKS = LinkSpace()
SCALARS = ScalarSpace()


def tangent_noise(space: Space, field: Tensor, generator: torch.Generator) -> Tensor:
    """Independent standard normal tangent vectors: the momenta of HMC with kinetic energy ``sum p^2 / 2``."""
    shape = space.tangent_shape(field)
    return torch.randn(shape, generator=generator, dtype=field.real.dtype, device=field.device)
