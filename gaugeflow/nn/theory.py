"""What a network is built for: a gauge group, a number of lattice axes, and the lattice rotations it shall respect."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, get_group
from gaugeflow.lattice.fields import check_links

__all__ = ["ROTATIONS", "GaugeTheory"]

ROTATIONS = ("none", "spatial", "all")


@dataclass(frozen=True)
class GaugeTheory:
    """The setting that all layers of one network share; its links are ``(batch, D, *shape, ...)``.

    Args:
        name: the group, ``u1``, ``su2``, ``su3``, ...
        ndim: the number of lattice axes D >= 2, time last.
        dtype: real dtype of new parameters, float32 or float64; at a call the fields decide.
        rotations: under which rotations and reflections of the lattice the layers are equivariant, beside local gauge
            transformations and translations: ``none``, ``spatial`` (all axes but time) or ``all``. Weights that such a
            rotation maps onto one another are then one parameter (arXiv:2303.11448).

    Raises:
        UserError: any of these is none of the above.
    """

    name: str
    ndim: int
    dtype: torch.dtype = torch.float64
    rotations: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", get_group(self.name).name)
        if not isinstance(self.ndim, int) or self.ndim < 2:
            raise UserError(f"gauge theory: expected D >= 2 lattice axes, got {self.ndim!r}")
        if self.dtype not in (torch.float32, torch.float64):
            raise UserError(f"gauge theory: expected dtype float32 or float64, got {self.dtype}")
        if self.rotations not in ROTATIONS:
            raise UserError(f"gauge theory: expected rotations {', '.join(ROTATIONS)}, got {self.rotations!r}")

    @property
    def group(self) -> Group:
        """The gauge group."""
        return get_group(self.name)

    @property
    def turned_axes(self) -> tuple[int, ...]:
        """The axes that the rotations exchange and reflect."""
        return tuple(range({"none": 0, "spatial": self.ndim - 1, "all": self.ndim}[self.rotations]))

    def agree(self, other: "GaugeTheory", where: str) -> None:
        """Raises ``UserError`` if ``other`` has another group, other axes or other rotations; dtypes may differ."""
        if (self.name, self.ndim, self.rotations) != (other.name, other.ndim, other.rotations):
            raise UserError(f"{where}: expected one gauge theory throughout, got {self} and {other}")

    def check_links(self, links: Tensor, where: str) -> None:
        """Raises ``UserError`` unless ``links`` are links of this group with D axes, in single or double precision."""
        _check_precision(links, f"{where}: links")
        group = check_links(links)
        if group != self.group or links.shape[1] != self.ndim:
            raise UserError(
                f"{where}: expected {self.name} links in {self.ndim} dimensions, "
                f"got {group.name} links in {links.shape[1]} dimensions, shape {tuple(links.shape)}"
            )

    def check_sites(self, links: Tensor, w: Tensor, channels: int, where: str) -> None:
        """Raises ``UserError`` unless ``w`` is complex ``(batch, channels, *shape, N, N)`` on the lattice of links."""
        _check_precision(w, f"{where}: site matrices")
        n, shape = self.group.n, links.shape[2 : 2 + self.ndim]
        expected = (links.shape[0], channels, *shape, n, n)
        dtype = links.dtype.to_complex()
        if tuple(w.shape) != expected or w.dtype != dtype:
            raise UserError(
                f"{where}: expected site matrices (batch, channels, *shape, N, N) = {expected} in {dtype}, "
                f"got {tuple(w.shape)} in {w.dtype}"
            )

    def check_matrices(self, w: Tensor, channels: int, where: str) -> None:
        """Raises ``UserError`` unless ``w`` is complex ``(batch, channels, *shape, N, N)`` on some lattice."""
        _check_precision(w, f"{where}: site matrices")
        n = self.group.n
        layout = w.ndim == self.ndim + 4 and w.shape[1] == channels and w.shape[-2:] == (n, n)
        if not w.is_complex() or not layout:
            raise UserError(
                f"{where}: expected complex site matrices (batch, {channels}, *shape, {n}, {n}) in {self.ndim} "
                f"dimensions, got {tuple(w.shape)} in {w.dtype}"
            )


def _check_precision(field: Tensor, where: str) -> None:
    if field.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise UserError(f"{where}: expected single or double precision, got {field.dtype}")
