"""The CUDA backend: staples, forces, Hamiltonian steps and local updates as triton kernels for N <= 3."""

import math
from collections.abc import Sequence

import torch
import triton
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.kernels.colouring import colour_links
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.tables import Path, Profile, Region, Staples
from gaugeflow.kernels.torch.backend import TorchKernels
from gaugeflow.kernels.triton import local as triton_local
from gaugeflow.kernels.triton import loops as triton_loops
from gaugeflow.kernels.triton.paths import link_table
from gaugeflow.random import split_key

__all__ = ["TritonKernels"]

LARGEST_N = 3
BLOCK = 128


class TritonKernels(LoopKernels):
    """States are ``(batch, D, 2 N^2, volume)``, momenta ``(batch, D, dim, volume)``, sites in lexicographic order.

    Loop traces and the projection to the group are left to the torch backend, on the same device.

    Raises:
        UserError: N > 3, whose matrices do not fit into registers; the torch backend serves these.
    """

    backend = "triton"

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        staples: Staples,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cuda",
        profile: Profile | None = None,
    ) -> None:
        super().__init__(group, shape, staples, dtype, device, profile)
        if profile is not None:
            raise UserError("triton kernels: expected the same action everywhere; the torch backend serves a profile")
        if group.n > LARGEST_N:
            raise UserError(f"triton kernels: expected N <= {LARGEST_N}, got {group.name}; the torch backend serves it")
        self._reference = TorchKernels(group, shape, staples, dtype, device)
        # The fusion of products and sums is asked for by name: triton's own default is about to change.
        self._constants = {"NDIM": self.ndim, "N": self.n, "BLOCK": BLOCK, "enable_fp_fusion": True}
        self._table = link_table(self.staple_table, self.shape, dtype, self.device)
        self._norms = self._numbers([0.0, *(1 / math.sqrt(2 * k * (k + 1)) for k in range(1, self.n + 1))])
        self._order = 18 if dtype == torch.float64 else 10
        self._colours: dict[Region | None, list[list[Tensor]]] = {}
        self._inverses = self._numbers([0.0, *(1 / k for k in range(1, self._order + 1))])

    def pack(self, links: Tensor) -> Tensor:
        self._check_links(links)
        return self._from_matrices(self._reference.pack(links.detach()))

    def unpack(self, state: Tensor) -> Tensor:
        return self._reference.unpack(self._matrices(state))

    def pack_momenta(self, momenta: Tensor) -> Tensor:
        return self._reference.pack_momenta(momenta).flatten(2, -2).transpose(2, 3).contiguous()

    def unpack_momenta(self, momenta: Tensor) -> Tensor:
        return self._reference.unpack_momenta(momenta.transpose(2, 3).unflatten(2, self.shape).contiguous())

    def staples(self, state: Tensor, out: Tensor | None = None) -> Tensor:
        out = torch.empty_like(state) if out is None else out
        triton_loops.staples[self._grid(state)](state, self._table, out, self.volume, **self._constants)
        return out

    def unpack_staples(self, staples: Tensor) -> Tensor:
        return self._reference.unpack_staples(self._matrices(staples))

    def force(self, state: Tensor) -> Tensor:
        return self.kick_(state.new_zeros(*state.shape[:2], self.dim, self.volume), state, -1.0)

    def kick_(self, momenta: Tensor, state: Tensor, eps: float) -> Tensor:
        scale = self._numbers([eps / self.n])
        triton_loops.kick[self._grid(state)](
            momenta, state, self._table, scale, self._norms, self.volume, **self._constants
        )
        return momenta

    def drift_(self, state: Tensor, momenta: Tensor, eps: float) -> Tensor:
        # |p_a T_a|^2 = tr(p_a T_a)^2 = |p|^2 / 2 bounds the norm; for U(1) it is |p| itself.
        size = abs(eps) * momenta.double().pow(2).sum(2).max().item() ** 0.5 / (1 if self.n == 1 else math.sqrt(2))
        halvings = max(0, math.ceil(math.log2(size))) if math.isfinite(size) and size > 0 else 0
        scale = self._numbers([abs(eps) * 0.5**halvings])
        triton_loops.drift[self._grid(state)](
            state,
            momenta,
            scale,
            self._norms,
            self._inverses,
            self._order,
            halvings,
            self.volume,
            BACKWARD=eps < 0,
            **self._constants,
        )
        return state

    def loop_traces(self, state: Tensor, loops: Sequence[Path], profile: Profile | None = None) -> Tensor:
        return self._reference.loop_traces(self._matrices(state), loops, profile)

    def heatbath_(self, state: Tensor, key: int, region: Region | None = None) -> Tensor:
        return self._sweep(state, key, region, heat=True)

    def overrelax_(self, state: Tensor, region: Region | None = None) -> Tensor:
        return self._sweep(state, 0, region, heat=False)

    def reunitarize_(self, state: Tensor) -> Tensor:
        return state.copy_(self._from_matrices(self._reference.reunitarize_(self._matrices(state))))

    def _sweep(self, state: Tensor, key: int, region: Region | None, heat: bool) -> Tensor:
        if region not in self._colours:
            self._colours[region] = self._coloured(region)
        words = torch.tensor(split_key(key), dtype=torch.int64, device=self.device)
        for mu, colours in enumerate(self._colours[region]):
            for sites in colours:
                grid = (triton.cdiv(len(sites), BLOCK), 1, state.shape[0])
                triton_local.update[grid](
                    state, self._table, mu, sites, len(sites), words, self.volume, HEAT=heat, **self._constants
                )
        return state

    def _coloured(self, region: Region | None) -> list[list[Tensor]]:
        """For each axis and colour the sites, int32."""
        lists = []
        inside = region(self.shape) if region else torch.ones(self.ndim, *self.shape, dtype=torch.bool)
        for mu, colours in enumerate(colour_links(self.staple_table, self.shape)):
            flat = torch.from_numpy(colours).where(inside[mu], -1).reshape(-1).to(self.device)
            lists.append([torch.nonzero(flat == c)[:, 0].to(torch.int32) for c in range(int(flat.max()) + 1)])
        return lists

    def _numbers(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=self.dtype, device=self.device)

    def _grid(self, state: Tensor) -> tuple[int, int, int]:
        return triton.cdiv(self.volume, BLOCK), self.ndim, state.shape[0]

    def _from_matrices(self, matrices: Tensor) -> Tensor:
        numbers = torch.view_as_real(matrices).flatten(-3).flatten(2, -2)
        return numbers.transpose(2, 3).contiguous()

    def _matrices(self, state: Tensor) -> Tensor:
        numbers = state.transpose(2, 3).unflatten(2, self.shape).unflatten(-1, (self.n, self.n, 2))
        return torch.view_as_complex(numbers.contiguous())
