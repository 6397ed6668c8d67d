"""L-Bilin and its merger with L-Conv: products of matrices, through which Wilson loops grow."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.kernels import Path
from gaugeflow.nn.channels import Channels, Label, read_paths
from gaugeflow.nn.initial import draw_pairs_
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.sums.sums import sum_pairs
from gaugeflow.nn.sums.transport import path_lines
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LBilin", "LConvBilin"]


class LConvBilin(Layer):
    """``W'_i(x) = sum_jk alpha_ijk A_j(x) B_k(x)``: the merged layer L-CB of arXiv:2012.12901.

    A are the matrices at x, B the matrices transported to x along the paths, both with their adjoints and the unit
    matrix, so that linear terms and a constant are among the products. Each transport is computed once; adjoints and
    products share it.

    Args:
        theory: group, dimension, rotations.
        channels_in: channels that come in, a number of scalars or :class:`Channels`.
        channels_out: channels that go out.
        generator: source of the initial weights, see :func:`gaugeflow.nn.initial.draw_pairs_`.
        paths: along what B is transported; the nearest neighbours in both directions and the site itself by default.
            ``axis_paths(D, K - 1, backward=False)`` is the published kernel of size K: the network for the 1 x 2 loop
            has 47 parameters with its local path, 35 with ``local=False``, where B has no untransported matrices.
        other: channels of B where it is another field, see :meth:`LBilin.combine`; those of A by default.
        adjoints: whether A and B include the Hermitian conjugates; loops in both orientations do without.
        unit: whether they include the unit matrix.
        recompute: save memory in the backward pass by computing the sums over k once more.

    Raises:
        UserError: paths or channels that do not fit the theory.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels_in: Channels | int,
        channels_out: Channels | int,
        *,
        generator: torch.Generator,
        paths: Sequence[str | Sequence[int]] | None = None,
        other: Channels | int | None = None,
        adjoints: bool = True,
        unit: bool = True,
        recompute: bool = False,
    ) -> None:
        super().__init__(theory, channels_in, channels_out)
        self.paths, self.adjoints, self.unit, self.recompute = read_paths(paths, theory), adjoints, unit, recompute
        self.other = self.channels_in if other is None else Channels.of(other)
        left = factor_labels(self.channels_in, [()], adjoints, unit)
        right = factor_labels(self.other, self.paths, adjoints, unit)
        self.weight = Weight(theory, [*self.channels_out.labels()], left, right)
        draw_pairs_(self.weight, generator, unit)

    @property
    def linear_weight(self) -> Weight:
        return self.weight

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        return self._products(path_lines(links, self.paths), w, w)

    def _products(self, lines: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return sum_pairs(lines, a, b, self.weight(), self.paths, self.adjoints, self.unit, self.recompute)


class LBilin(LConvBilin):
    """``W'_i(x) = sum_jk alpha_ijk A_j(x) B_k(x)`` with A and B at the same site (L-Bilin of arXiv:2012.12901).

    Args:
        theory: group, dimension, rotations.
        channels_in: channels of A.
        channels_out: channels that go out.
        options: ``generator``, ``other``, ``adjoints`` and ``unit`` as :class:`LConvBilin`.
    """

    def __init__(
        self, theory: GaugeTheory, channels_in: Channels | int, channels_out: Channels | int, **options: Any
    ) -> None:
        super().__init__(theory, channels_in, channels_out, paths=[()], **options)

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        return self.combine(w, w)

    def combine(self, a: Tensor, b: Tensor) -> Tensor:
        """The products of two fields ``(batch, channels_in, *shape, N, N)`` and ``(batch, other, *shape, N, N)``."""
        return self._products(b.new_empty(0, *b[:, 0].shape), a, b)


def factor_labels(channels: Channels, paths: Sequence[Path], adjoints: bool, unit: bool) -> list[Label]:
    """Labels of one factor of the products: matrices of all paths, their adjoints, the unit."""
    names = ("matrix", "adjoint") if adjoints else ("matrix",)
    labels: list[Label] = [label for name in names for path in paths for label in channels.labels(name, path)]
    return labels + [("unit", ())] * unit
