"""PT-Conv: sums of parallel-transported site vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.kernels import path_products
from gaugeflow.lattice import lattice_shape
from gaugeflow.lattice.paths import displacement
from gaugeflow.nn.channels import Channels, Label, read_paths
from gaugeflow.nn.initial import draw_normalised_
from gaugeflow.nn.layers.sources import link_matrices
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.vectors.stencil import Stencil
from gaugeflow.nn.weight import Weight

__all__ = ["PTConv"]

PARTS: list[Label] = [("real", ()), ("imaginary", ())]


class PTConv(nn.Module):
    """``v'_i(x) = sum_{p, c} omega_{i, p, c} U_p(x) v_c(x + p)`` (the PTC layer of arXiv:2302.05419).

    Site vectors are complex ``(batch, channels, *shape, N)`` in the fundamental representation, ``v(x) -> W(x) v(x)``;
    for U(1) N = 1 and the charge is one. The map is linear in v and in its weights. Closed paths multiply v by loops,
    several paths to one place make smeared links.

    Args:
        theory: group, dimension, rotations.
        channels_in: channels that come in, a number of scalars or :class:`Channels`.
        channels_out: channels that go out.
        generator: source of the initial weights: normal, the squares of each output summing to one; without it they
            are zero, to be set.
        paths: along what is transported, texts or signed steps; the nearest neighbours in both directions and the site
            itself by default.
        stride: the lattice that comes out has every ``stride``-th site (the pooling of arXiv:2304.10438); vectors there
            turn with the W of that site, and rotations are those about the origin.
        phases: complex weights; real ones commute with charge conjugation, ``U -> U^*`` and ``v -> v^*``.

    Raises:
        UserError: paths, channels or a stride that do not fit the theory.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels_in: Channels | int,
        channels_out: Channels | int,
        *,
        generator: torch.Generator | None = None,
        paths: Sequence[str | Sequence[int]] | None = None,
        stride: int = 1,
        phases: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(stride, int) or stride < 1:
            raise UserError(f"PTConv: expected a whole stride >= 1, got {stride!r}")
        self.theory, self.paths, self.stride = theory, read_paths(paths, theory), stride
        self.channels_in, self.channels_out = Channels.of(channels_in), Channels.of(channels_out)
        sources = [label for path in self.paths for label in self.channels_in.labels("channel", path)]
        self.weight = Weight(theory, [*self.channels_out.labels()], sources, *([PARTS] if phases else []))
        if generator is not None:
            draw_normalised_(self.weight, generator)

    def forward(self, links: Tensor, v: Tensor) -> Tensor:
        """``(batch, channels_in, *shape, N)`` to ``(batch, channels_out, *shape / stride, N)``.

        Raises:
            UserError: fields that are not those that the layer was built for.
        """
        return self.over(links)(v)

    def over(self, links: Tensor) -> Stencil:
        """The layer over these links, with all products along paths done; paths with a common end are one matrix.

        Raises:
            UserError: links of another theory, or extents that the stride does not divide.
        """
        self.theory.check_links(links, "PTConv")
        shape, lines = lattice_shape(links), self._lines(links)
        if any(extent % self.stride for extent in shape):
            raise UserError(f"PTConv: expected extents divisible by {self.stride}, got {shape}")
        weight = self._weights().to(lines.dtype)  # (I, P, C)
        ends: dict[tuple[int, ...], list[int]] = {}
        for index, path in enumerate(self.paths):
            ends.setdefault(displacement(path, len(shape)), []).append(index)
        matrices = [_mixed(weight[:, paths], lines[paths]) for paths in ends.values()]
        return Stencil(torch.cat(matrices, -1), tuple(ends), (weight.shape[0], weight.shape[2]), self.stride)

    def _weights(self) -> Tensor:
        """``(I, P, C)``, real or complex."""
        weight = self.weight()
        flat = torch.view_as_complex(weight) if weight.ndim == 3 else weight
        return flat.unflatten(1, (len(self.paths), -1))

    def _lines(self, links: Tensor) -> Tensor:
        """Products along the paths from every corner, ``(P, batch, *corners, N, N)``."""
        corners = (slice(None), slice(None), *[slice(None, None, self.stride)] * self.theory.ndim)
        return link_matrices(path_products(links, self.paths)[corners])

    def extra_repr(self) -> str:
        return f"{self.theory.name}, D={self.theory.ndim}, {self.channels_in} -> {self.channels_out}"


def _mixed(weight: Tensor, lines: Tensor) -> Tensor:
    """``(I, P, C)`` and ``(P, batch, *shape, N, N)`` to ``(batch, *shape, I N, C N)``."""
    mixed = torch.einsum("ipc,p...nm->...incm", weight, lines)
    return mixed.flatten(-4, -3).flatten(-2)
