"""The gauge of a maximal tree with the eigenframe of its root: an exact map from links to the local gauge group.

The tree runs from the origin (the root) along axis 0, from there along axis 1, and so on. V(x), the product of the
links along it from the root to x, goes to W(root) V(x) W(x)^dagger under a transformation W. In the gauge V all links
of the tree are one, and every other link is a loop that starts and ends at the root: W(root) acts on all of them by
conjugation. A frame E of the root that goes to W(root) E fixes that too, and h(x) = V(x)^dagger E goes to W(x) h(x).

U(1): a constant phase leaves links alone, and E = 1 does. Where vectors are in the input, E is the phase of a fixed
sum of them, each carried to the root.

SU(N): E holds the eigenvectors of a Hermitian matrix in the order of the eigenvalues, a fixed sum of all the loops of
the root with their daggers, not of one loop: the eigenvalues of one loop meet on walls between its fields, those of a
generic sum only where three real numbers vanish (the Weyl group, by the order). The phases of the eigenvectors (the
torus) are such that the elements beside the diagonal of a second sum of loops are real and positive; the last one, a
constant phase, leaves links and matrices alone, and vectors in the input fix it as for U(1).

So the map is exact, with one element for each field. It is smooth but where two eigenvalues meet or an element beside
the diagonal vanishes, sets of codimension three and two that do not separate fields. It does not exist where constant
matrices other than phases leave the field alone: fields of pure gauge, Abelian fields. There the canonical form is
still one, and what is invariant with it, but matrices that are turned back depend on rounding; near these, rounding is
amplified by the inverse gap of the eigenvalues. The same is true of vectors that are turned back where all in the
input vanish.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links, SiteVectors
from gaugeflow.symmetry.actions.gauge import GlobalGauge, LocalGauge
from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, leaves
from gaugeflow.symmetry.routes.choices.chosen import Chosen, each_once
from gaugeflow.symmetry.routes.choices.templates import template

__all__ = ["gauge_of_tree", "tree_transporters"]


def gauge_of_tree(group: LocalGauge, x: Tree) -> Chosen:
    """h(x) of every entry: D(h)^-1 x is the same for all gauge transforms of x. W `(batch, *shape, N, N)` or angles.

    Raises:
        ValueError: an input without links.
    """
    links = next((leaf for leaf in leaves(x) if isinstance(leaf, Links)), None)
    if links is None:
        raise ValueError(
            f"a canonical form under {group.label()} needs links, along which sites are compared; without them "
            "routes.Average(samples=...) is left"
        )
    ones = [1] * len(links.shape)
    transporter = _unit(links) if isinstance(group, GlobalGauge) else tree_transporters(links)
    vectors = next((leaf for leaf in leaves(x) if isinstance(leaf, SiteVectors)), None)
    if links.is_abelian:
        h = -transporter
        if vectors is not None:
            phase = torch.polar(torch.ones_like(transporter), transporter)
            h = h + _fixed_sum(vectors, phase[..., None, None]).squeeze(-1).angle().reshape(-1, *ones)
    else:
        frame = _root_frame(links, transporter, vectors)
        h = transporter.mH @ frame.reshape(-1, *ones, *frame.shape[1:])
    return each_once(Element(((group, {"W": h}),)), links.data.real if links.data.is_complex() else links.data)


def _unit(links: Links) -> Tensor:
    """The transporters of a transformation that is the same at every site."""
    if links.is_abelian:
        return torch.zeros_like(links.data[:, 0])
    return torch.eye(links.colour, dtype=links.data.dtype, device=links.data.device).expand_as(links.data[:, 0])


def tree_transporters(links: Links) -> Tensor:
    """V(x), the product of the links from the origin to x: `(batch, *shape, N, N)`, or the sum of angles.

    One step for each site along an axis, for all that lies behind the axes before it at once.
    """
    shape, ndim = links.shape, len(links.shape)
    v, join = _unit(links).flatten(1, ndim)[:, 0], torch.add if links.is_abelian else torch.matmul
    for axis, extent in enumerate(shape):
        u = links.data[:, axis]
        for _ in range(axis + 1, ndim):
            u = u.select(axis + 2, 0)  # the axes behind stay at the origin
        along = [v]
        for step in u.unbind(1 + axis)[: extent - 1]:
            along.append(join(along[-1], step))
        v = torch.stack(along, dim=1 + axis)
    return v


def _root_frame(links: Links, transporter: Tensor, vectors: SiteVectors | None) -> Tensor:
    """E, `(batch, N, N)`: unitary, and W(root) E for the transformed field."""
    batch, n, ndim = len(links.data), links.colour, len(links.shape)
    ahead = torch.stack([transporter.roll(-1, 1 + mu) for mu in range(ndim)], dim=1)
    loops = (transporter.unsqueeze(1) @ links.data @ ahead.mH).reshape(batch, -1, n, n)
    weights = template((2, loops.shape[1]), loops)
    first, second = torch.einsum("kl,blij->kbij", weights, loops)
    frame = torch.linalg.eigh(first + first.mH).eigenvectors
    beside = (frame.mH @ second @ frame).diagonal(1, -2, -1)  # (batch, N - 1): phases of i - (i + 1)
    angles = torch.cat([torch.zeros_like(beside[:, :1]).real, -beside.angle().cumsum(1)], dim=1)
    frame = frame * torch.polar(torch.ones_like(angles), angles).unsqueeze(1)
    if vectors is None:
        return frame
    phase = (frame.mH @ _fixed_sum(vectors, transporter).unsqueeze(-1))[:, 0].angle()  # 0 where all vectors vanish
    return frame * torch.polar(torch.ones_like(phase), phase).unsqueeze(-1)


def _fixed_sum(vectors: SiteVectors, transporter: Tensor) -> Tensor:
    """A fixed sum of the vectors of all sites and channels, each carried to the root, `(batch, N)`."""
    batch, n = len(vectors.data), vectors.colour
    spread = transporter.reshape(batch, *[1] * vectors.channels, *transporter.shape[1:])
    carried = (spread @ vectors.data.unsqueeze(-1)).squeeze(-1).reshape(batch, -1, n)
    return torch.einsum("kl,bli->bi", template((1, carried.shape[1]), carried), carried)
