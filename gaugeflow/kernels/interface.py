"""What the hot loops of lattice gauge theory offer, whichever backend computes them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.kernels.tables import Path, Profile, Region, Staples, check_staples

__all__ = ["LoopKernels"]


class LoopKernels(ABC):
    """Staples, forces, Hamiltonian steps and local updates of the action ``S = -sum_l c_l (1/N) Re tr W_l``.

    One object serves one group, lattice shape, staple table, dtype and device, and any batch of chains. It works on
    *states*: tensors in the backend's own layout, chains first, made by :meth:`pack` and :meth:`pack_momenta`.
    ``clone``, indexing and ``torch.where`` along the first axis are allowed on them; everything else is the
    backend's secret. Methods that end in an underscore change their first argument in place.

    The action enters through its staples: S depends on ``U_mu(x)`` as ``-(1/N) Re tr(U_mu(x) A_mu(x))`` with
    ``A_mu(x)`` the sum of coefficient times product over the paths from x + mu back to x. Coefficients include beta.

    To write a new backend: derive from this class, give the abstract methods, name it in ``get_kernels``, and add
    it to the list at the top of ``tests/kernels/test_kernels.py``.

    Args:
        group: U(1) or SU(N).
        shape: extents of the lattice, D >= 2 of them.
        staples: for each axis its ``(path, coefficient)`` pairs.
        dtype: real dtype, float32 or float64.
        device: where the states live.
        profile: factors of the loops by where they lie; none for the same action everywhere.

    Raises:
        UserError: fewer than two axes, an extent below 1, another dtype, a path that does not close its link, or
            what the profile refuses.
    """

    backend: str

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        staples: Staples,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
        profile: Profile | None = None,
    ) -> None:
        if len(shape) < 2 or min(shape) < 1:
            raise UserError(f"lattice: expected two or more extents >= 1, got {tuple(shape)}")
        if dtype not in (torch.float32, torch.float64):
            raise UserError(f"kernels: expected dtype float32 or float64, got {dtype}")
        self.group = group
        self.n = group.n
        self.dim = group.dim
        self.shape = tuple(shape)
        self.ndim = len(self.shape)
        self.volume = torch.Size(self.shape).numel()
        self.staple_table = check_staples(staples, self.ndim)
        self.dtype = dtype
        self.device = torch.device(device)
        self.profile = profile

    @abstractmethod
    def pack(self, links: Tensor) -> Tensor:
        """A new state from links ``(batch, D, *shape, N, N)``, or U(1) angles ``(batch, D, *shape)``."""

    @abstractmethod
    def unpack(self, state: Tensor) -> Tensor:
        """The links of a state; U(1) angles are in (-pi, pi]."""

    @abstractmethod
    def pack_momenta(self, momenta: Tensor) -> Tensor:
        """A momentum state from coefficients ``(batch, D, *shape, dim)``; U(1): ``(batch, D, *shape)``.

        The sum of squares over all but the first axis is the same before and after.
        """

    @abstractmethod
    def unpack_momenta(self, momenta: Tensor) -> Tensor:
        """The coefficients of a momentum state (or of a force)."""

    @abstractmethod
    def staples(self, state: Tensor, out: Tensor | None = None) -> Tensor:
        """The staples ``A_mu(x)`` in the backend's layout, written to ``out`` (a former result) where given."""

    @abstractmethod
    def unpack_staples(self, staples: Tensor) -> Tensor:
        """Staples as complex matrices ``(batch, D, *shape, N, N)``; U(1): complex ``(batch, D, *shape)``."""

    @abstractmethod
    def force(self, state: Tensor) -> Tensor:
        """``dS/dw_a = (1/N) Im tr(T_a U A)`` under ``U -> exp(i w_a T_a) U``, as a momentum state."""

    @abstractmethod
    def kick_(self, momenta: Tensor, state: Tensor, eps: float) -> Tensor:
        """``p <- p - eps dS/dw``; returns ``momenta``."""

    @abstractmethod
    def drift_(self, state: Tensor, momenta: Tensor, eps: float) -> Tensor:
        """``U <- exp(i eps p) U``, undone to rounding by ``-eps``; returns ``state``."""

    @abstractmethod
    def loop_traces(self, state: Tensor, loops: Sequence[Path], profile: Profile | None = None) -> Tensor:
        """Lattice means of ``(1/N) tr W`` of closed paths, complex128 ``(batch, n_loops)``.

        With a profile, of the factor of each loop times its trace.

        Raises:
            UserError: an empty path, or one that does not close on the torus.
        """

    @abstractmethod
    def heatbath_(self, state: Tensor, key: int, region: Region | None = None) -> Tensor:
        """One heat-bath sweep over all links, or those of a region, with the random numbers of ``key``.

        U(1): von Mises; SU(N): Cabibbo-Marinari over all SU(2) subgroups. The links drift from the group by rounding;
        call :meth:`reunitarize_` every few sweeps. Returns ``state``.

        Raises:
            UserError: a link occurs in its own staple (see :func:`gaugeflow.kernels.colouring.colour_links`).
        """

    @abstractmethod
    def overrelax_(self, state: Tensor, region: Region | None = None) -> Tensor:
        """One microcanonical sweep over all links or those of a region; returns ``state``.

        Every subgroup is reflected about its staple.

        Raises:
            UserError: as :meth:`heatbath_`.
        """

    @abstractmethod
    def reunitarize_(self, state: Tensor) -> Tensor:
        """Projects links that left the group by rounding back to it; returns ``state``."""

    def _coefficients(self, mu: int) -> list[Tensor]:
        """Coefficient times factor of each staple of axis mu at the link that it closes, float64 ``shape`` each."""
        row = self.staple_table[mu]
        return [c * self.profile(self.shape, (mu + 1, *path)) for path, c in row] if self.profile else []

    def _check_momenta(self, momenta: Tensor) -> None:
        expected = (self.ndim, *self.shape, *self.group.algebra_shape)
        if momenta.shape[1:] != expected or momenta.dtype != self.dtype:
            wanted = ", ".join(map(str, expected))
            raise UserError(
                f"momenta: expected {self.dtype} (batch, {wanted}), got {momenta.dtype} {tuple(momenta.shape)}"
            )

    def _check_links(self, links: Tensor) -> None:
        expected = (self.ndim, *self.shape, *self.group.element_shape)
        dtype = self.group.element_dtype(self.dtype)
        if links.shape[1:] != expected or links.dtype != dtype:
            wanted = ", ".join(map(str, expected))
            raise UserError(f"links: expected {dtype} (batch, {wanted}), got {links.dtype} {tuple(links.shape)}")
