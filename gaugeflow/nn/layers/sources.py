"""Where site matrices come from: loops of the links themselves, closed at every site."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path, path_products
from gaugeflow.kernels.torch.paths import products_from_sites
from gaugeflow.lattice import lattice_shape, parse_path, rectangle
from gaugeflow.lattice.paths import is_closed
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Loops", "Plaq", "Poly", "Source", "Sources", "link_matrices"]


def link_matrices(u: Tensor) -> Tensor:
    """Group elements as matrices: U(1) angles ``(...)`` become ``(..., 1, 1)``, SU(N) stays."""
    return u if u.is_complex() else torch.polar(torch.ones_like(u), u)[..., None, None]


class Source(nn.Module):
    """Links to site matrices ``(batch, channels, *shape, N, N)``; a new one gives ``loops``, one for each channel."""

    def __init__(self, theory: GaugeTheory, channels: Channels) -> None:
        super().__init__()
        self.theory, self.channels = theory, channels

    def forward(self, links: Tensor) -> Tensor:
        """Raises ``UserError`` if the links are not those that the source was built for."""
        self.theory.check_links(links, type(self).__name__)
        products = path_products(links, self.loops(lattice_shape(links)))
        return link_matrices(products).movedim(0, 1)

    def seen(self, frozen: Tensor) -> Tensor:
        """Which loops run over frozen links alone: boolean ``(D, *shape)`` to ``(channels, *shape)``."""
        paths = self.loops(tuple(frozen.shape[1:]))
        products = products_from_sites(frozen[None], paths, torch.logical_and, lambda mask: mask)
        return torch.cat([product for _, product in sorted(products, key=itemgetter(0))])

    def loops(self, shape: tuple[int, ...]) -> list[Path]:
        """One closed path for each channel."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.theory.name}, D={self.theory.ndim}, {self.channels}"


class Loops(Source):
    """Chosen Wilson loops, one channel each; where the theory has rotations, one channel for each image of each.

    Args:
        theory: group, dimension, rotations.
        paths: closed paths, texts such as ``"+x +x +y -x -x -y"`` or signed steps.

    Raises:
        UserError: no path, or one that does not come back.
    """

    def __init__(self, theory: GaugeTheory, paths: Sequence[str | Sequence[int]]) -> None:
        chosen = [parse_path(path, theory.ndim) for path in paths]
        for path in chosen:
            if not is_closed(path):
                raise UserError(f"Loops: expected closed paths, got {path}")
        images = Channels.of(Channels.orbits(chosen, theory))
        super().__init__(theory, images if theory.turned_axes else Channels.scalars(len(images)))
        self.paths = [path for _, path in images.entries]

    def loops(self, shape: tuple[int, ...]) -> list[Path]:
        return self.paths


class Plaq(Loops):
    """Plaquettes ``P_{mu nu}(x)``, mu < nu: D(D-1)/2 channels, as in arXiv:2012.12901.

    With rotations one channel for each of their images: if all axes turn, the loops that start at x in any two
    directions, in both orientations, 4 D(D-1) channels.
    """

    def __init__(self, theory: GaugeTheory) -> None:
        planes = [(mu, nu) for mu in range(theory.ndim) for nu in range(mu + 1, theory.ndim)]
        super().__init__(theory, [rectangle(mu, nu, 1, 1) for mu, nu in planes])


class Poly(Source):
    """Polyakov loops: the product of all links along an axis from x back to x, D channels.

    With rotations also against the axes that they turn: 2 D channels if these are all.
    """

    def __init__(self, theory: GaugeTheory) -> None:
        steps = Channels.orbits([(axis + 1,) for axis in range(theory.ndim)], theory)
        super().__init__(theory, steps if theory.turned_axes else Channels.scalars(theory.ndim))
        self.steps = [path for _, path in steps.entries]

    def loops(self, shape: tuple[int, ...]) -> list[Path]:
        return [step * shape[abs(step[0]) - 1] for step in self.steps]


class Sources(nn.Module):
    """Several sources side by side, their channels behind one another: ``(batch, channels, *shape, N, N)``.

    Raises:
        UserError: no source, or sources of different theories.
    """

    def __init__(self, *sources: Source) -> None:
        super().__init__()
        if not sources:
            raise UserError("Sources: expected at least one, got none")
        self.theory, self.channels = sources[0].theory, sources[0].channels
        for source in sources[1:]:
            self.theory.agree(source.theory, "Sources")
            self.channels = self.channels + source.channels
        self.sources = nn.ModuleList(sources)

    def __iter__(self) -> Iterator[Source]:
        return iter(self.sources)  # type: ignore[arg-type]  # a ModuleList of sources

    def forward(self, links: Tensor) -> Tensor:
        return torch.cat([source(links) for source in self], 1)

    def seen(self, frozen: Tensor) -> Tensor:
        """See :meth:`Source.seen`."""
        return torch.cat([source.seen(frozen) for source in self])
