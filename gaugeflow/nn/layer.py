"""What a layer is, and how layers are put together."""

from collections.abc import Iterator
from itertools import pairwise

from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.sums.transport import check_reach
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["Layer", "Residual", "Stack"]


class Layer(nn.Module):
    """A gauge-covariant map of links and site matrices: ``(links, w) -> (links, w)``.

    Site matrices are complex ``(batch, channels, *shape, N, N)``, for U(1) with N = 1, and transform as
    ``W(x) -> Omega(x) W(x) Omega(x)^dagger``; links are those of :mod:`gaugeflow.lattice`.

    To write a new one:

    * call ``super().__init__(theory, channels_in, channels_out)``;
    * give ``new_sites`` (or ``new_links``): sums and products of matrices at one site, of what
      :func:`~gaugeflow.nn.sums.transport` brings there, and of numbers made of traces;
    * take parameters from :class:`~gaugeflow.nn.Weight`, so that they are tied where the theory has rotations;
    * enter it in :mod:`gaugeflow.nn.registry`, and every test of the registry runs on it.
    """

    stride: int = 1
    """The lattice that comes out has every ``stride``-th site along each axis."""
    paths: tuple[Path, ...] = ()
    """Along what matrices are transported."""

    def __init__(self, theory: GaugeTheory, channels_in: Channels | int, channels_out: Channels | int) -> None:
        super().__init__()
        self.theory = theory
        self.channels_in = Channels.of(channels_in)
        self.channels_out = Channels.of(channels_out)

    def forward(self, links: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Raises ``UserError`` if the fields are not those that the layer was built for."""
        self.theory.check_links(links, type(self).__name__)
        self.theory.check_sites(links, w, len(self.channels_in), type(self).__name__)
        return self.new_links(links, w), self.new_sites(links, w)

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        """The new site matrices; the old ones unless a layer changes them."""
        return w

    def new_links(self, links: Tensor, w: Tensor) -> Tensor:
        """The new links; the old ones unless a layer changes them."""
        return links

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The extents of the lattice that comes out.

        Raises:
            UserError: a lattice on which the layer cannot act.
        """
        check_reach(self.paths, shape)
        if any(extent % self.stride for extent in shape):
            name = type(self).__name__
            raise UserError(f"{name}: expected extents divisible by {self.stride}, got {tuple(shape)}")
        return tuple(extent // self.stride for extent in shape)

    @property
    def linear_weight(self) -> Weight | None:
        """The weight in which the new site matrices are linear, where there is one."""
        return None

    def extra_repr(self) -> str:
        return f"{self.theory.name}, D={self.theory.ndim}, {self.channels_in} -> {self.channels_out}"


class Stack(Layer):
    """Layers one after the other.

    Raises:
        UserError: no layer, neighbours whose channels do not match, or layers of different theories.
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers:
            raise UserError("Stack: expected at least one layer, got none")
        for k, (first, second) in enumerate(pairwise(layers)):
            where = f"Stack: layers {k} ({type(first).__name__}) and {k + 1} ({type(second).__name__})"
            first.theory.agree(second.theory, where)
            if first.channels_out != second.channels_in:
                raise UserError(f"{where}: expected {second.channels_in} as the second takes, got {first.channels_out}")
        super().__init__(layers[0].theory, layers[0].channels_in, layers[-1].channels_out)
        self.layers = nn.ModuleList(layers)
        for layer in layers:
            self.stride *= layer.stride

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)  # type: ignore[arg-type]  # a ModuleList of layers

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for layer in self:
            shape = layer.shape_after(shape)
        return shape

    def forward(self, links: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self:
            links, w = layer(links, w)
        return links, w


class Residual(Layer):
    """``W -> W + g F(W)`` with one gain g for each channel; the links go through F.

    Args:
        layer: F, whose channels come out as they go in.
        gain: initial g; a small one keeps the variance of a deep stack flat.

    Raises:
        UserError: F changes the channels or the lattice.
    """

    def __init__(self, layer: Layer, gain: float = 0.1) -> None:
        if layer.channels_in != layer.channels_out or layer.stride != 1:
            raise UserError(
                f"Residual: expected a layer that keeps channels and lattice, got {type(layer).__name__} with "
                f"{layer.channels_in} -> {layer.channels_out}, stride {layer.stride}"
            )
        super().__init__(layer.theory, layer.channels_in, layer.channels_out)
        self.layer = layer
        self.gain = Weight(self.theory, [*self.channels_out.labels()])
        self.gain.set_(self.gain.free.new_full((len(self.channels_out),), gain))

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.layer.shape_after(shape)

    def forward(self, links: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        links, new = self.layer(links, w)
        return links, w + over_sites(self.gain(), w) * new


def over_sites(per_channel: Tensor, w: Tensor) -> Tensor:
    """``(channels,)`` with the axes of a field behind it, in its real dtype."""
    return per_channel.to(w.real.dtype).reshape(-1, *[1] * (w.ndim - 2))
