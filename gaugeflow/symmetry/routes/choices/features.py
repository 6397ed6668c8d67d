"""Numbers of an input that no gauge transformation changes, by which elements of an orbit are told apart."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue, Links, SiteMatrices, SiteVectors, lattice_of
from gaugeflow.symmetry.actions.scalars import Angles
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves
from gaugeflow.symmetry.routes.values.reading import precision_of

__all__ = ["densities", "features"]


def features(x: Tree) -> Tensor:
    """Real numbers of every entry, `(batch, size)`.

    Traces of all plaquettes and of all straight lines around the lattice for links, traces of matrices, moduli of
    vectors, cosine and sine of angles, and the numbers themselves of anything else.
    """
    return torch.cat([_real(part).flatten(1) for leaf in leaves(x) for part in _of_leaf(leaf)], dim=1)


def densities(x: Tree) -> Tensor:
    """Those that stand at sites, `(batch, size, *shape)`: a translation moves them and nothing else."""
    shape, _ = lattice_of(x)
    fields = [leaf for leaf in leaves(x) if isinstance(leaf, LatticeValue) and leaf.shape == shape]
    parts = [_real(part).reshape(len(part), -1, *shape) for leaf in fields for part in _at_sites(leaf)]
    # links of one direction have no plaquettes
    none = torch.zeros(batch_size(x), 1, *shape, dtype=precision_of(x), device=device_of(x))
    return torch.cat([none, *parts], dim=1)


def _of_leaf(leaf: Value) -> list[Tensor]:
    if isinstance(leaf, Links):
        return [*_at_sites(leaf), *_lines(leaf)]
    if isinstance(leaf, LatticeValue):
        return _at_sites(leaf)
    if isinstance(leaf, Angles):
        return [leaf.data.cos(), leaf.data.sin()]
    return list(leaf.tensors)


def _at_sites(leaf: LatticeValue) -> list[Tensor]:
    """Numbers `(batch, ..., *shape)`."""
    if isinstance(leaf, Links):
        return _plaquettes(leaf)
    if isinstance(leaf, SiteMatrices):
        return [_trace(leaf.data)]
    if isinstance(leaf, SiteVectors):
        return [leaf.data.abs().square().sum(-1)]
    return [leaf.data]


def _plaquettes(links: Links) -> list[Tensor]:
    """Their traces in every plane; phases for U(1)."""
    u = links.data
    planes = [(mu, nu) for mu in range(len(links.shape)) for nu in range(mu)]
    if links.is_abelian:
        angles = (u[:, mu] + u[:, nu].roll(-1, 1 + mu) - u[:, mu].roll(-1, 1 + nu) - u[:, nu] for mu, nu in planes)
        return [torch.polar(torch.ones_like(angle), angle) for angle in angles]
    return [
        _trace(u[:, mu] @ u[:, nu].roll(-1, 1 + mu) @ u[:, mu].roll(-1, 1 + nu).mH @ u[:, nu].mH) for mu, nu in planes
    ]


def _lines(links: Links) -> list[Tensor]:
    """Traces of the products of links along every axis around the lattice; phases for U(1)."""
    lines = []
    for mu in range(len(links.shape)):
        product, *rest = links.data[:, mu].unbind(1 + mu)
        for step in rest:
            product = product + step if links.is_abelian else product @ step
        lines.append(torch.polar(torch.ones_like(product), product) if links.is_abelian else _trace(product))
    return lines


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1).sum(-1)


def _real(tensor: Tensor) -> Tensor:
    """Real and imaginary parts one behind the other, on the first axis behind the batch."""
    return torch.stack([tensor.real, tensor.imag], dim=1) if tensor.is_complex() else tensor
