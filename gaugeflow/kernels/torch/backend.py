"""The reference backend: short, differentiable, any N, any device."""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.tables import Path, Profile, Region, check_loops
from gaugeflow.kernels.torch.local import LocalUpdate, heatbath_update, overrelax_update
from gaugeflow.kernels.torch.paths import products_from_sites

__all__ = ["TorchKernels"]


class TorchKernels(LoopKernels):
    """States are the links as complex matrices ``(batch, D, *shape, N, N)``, U(1) as 1 x 1; momenta have ``dim`` last.

    ``pack``, ``staples``, ``force`` and ``loop_traces`` are differentiable.
    """

    backend = "torch"

    def pack(self, links: Tensor) -> Tensor:
        self._check_links(links)
        if self.n == 1:
            return torch.polar(torch.ones_like(links), links)[..., None, None]
        return links.clone()

    def unpack(self, state: Tensor) -> Tensor:
        return state[..., 0, 0].angle() if self.n == 1 else state.clone()

    def pack_momenta(self, momenta: Tensor) -> Tensor:
        self._check_momenta(momenta)
        return momenta.clone()[..., None] if self.n == 1 else momenta.clone()

    def unpack_momenta(self, momenta: Tensor) -> Tensor:
        return momenta[..., 0].clone() if self.n == 1 else momenta.clone()

    def staples(self, state: Tensor, out: Tensor | None = None) -> Tensor:
        staples = torch.stack([self._staples_of_axis(state, mu) for mu in range(self.ndim)], 1)
        return staples if out is None else out.copy_(staples)

    def unpack_staples(self, staples: Tensor) -> Tensor:
        return staples[..., 0, 0].clone() if self.n == 1 else staples.clone()

    def force(self, state: Tensor) -> Tensor:
        basis = self.group.basis(self.dtype, self.device)
        closed = state @ self.staples(state)
        return torch.einsum("aij,...ji->...a", basis, closed).imag / self.n

    def kick_(self, momenta: Tensor, state: Tensor, eps: float) -> Tensor:
        return momenta.sub_(self.force(state), alpha=eps)

    def drift_(self, state: Tensor, momenta: Tensor, eps: float) -> Tensor:
        if self.n == 1:
            angle = abs(eps) * momenta[..., None]
            step = torch.polar(torch.ones_like(angle), angle)
        else:
            step = self.group.exp(abs(eps) * momenta)
        # The step back is the conjugate of the very same matrix, so that the pair cancels to rounding.
        return state.copy_((step if eps >= 0 else step.mH) @ state)

    def loop_traces(self, state: Tensor, loops: Sequence[Path], profile: Profile | None = None) -> Tensor:
        check_loops(loops, self.shape)
        lattice = tuple(range(1, self.ndim + 1))
        traces: dict[int, Tensor] = {}
        for index, product in products_from_sites(state, loops, torch.matmul, _adjoint):
            trace = product.diagonal(dim1=-2, dim2=-1).sum(-1).to(torch.complex128)
            if profile:
                trace = trace * profile(self.shape, loops[index]).to(self.device)
            traces[index] = trace.mean(lattice) / self.n
        return torch.stack([traces[index] for index in range(len(loops))], 1)

    def heatbath_(self, state: Tensor, key: int, region: Region | None = None) -> Tensor:
        return self._sweep(state, heatbath_update(self.n, key), region)

    def overrelax_(self, state: Tensor, region: Region | None = None) -> Tensor:
        return self._sweep(state, overrelax_update(self.n), region)

    def reunitarize_(self, state: Tensor) -> Tensor:
        if self.n == 1:
            return state.div_(state.abs())
        return state.copy_(self.group.project(state))

    def _staples_of_axis(self, state: Tensor, mu: int) -> Tensor:
        """``A_mu(x)``: the paths are multiplied from every site, then shifted so that they start at x + mu."""
        total, weights = torch.zeros_like(state[:, mu]), self._weights[mu]
        paths = [path for path, _ in self.staple_table[mu]]
        for index, product in products_from_sites(state, paths, torch.matmul, _adjoint):
            total = total + weights[index] * product
        return total.roll(-1, mu + 1)

    @cached_property
    def _weights(self) -> list[list[float] | list[Tensor]]:
        """The coefficients of the staples of each axis: numbers, or with a profile what stands at x + mu."""
        if not self.profile:
            return [[c for _, c in row] for row in self.staple_table]
        return [
            [c.roll(1, mu)[..., None, None].to(self.device, self.dtype) for c in self._coefficients(mu)]
            for mu in range(self.ndim)
        ]

    @cached_property
    def _colours(self) -> list[Tensor]:
        from gaugeflow.kernels.colouring import colour_links  # compiled, as nothing else here is

        return [torch.from_numpy(colours).to(self.device) for colours in colour_links(self.staple_table, self.shape)]

    def _sweep(self, state: Tensor, update: LocalUpdate, region: Region | None) -> Tensor:
        """Visits axes and colours in order; ``update`` gets links, ``U A``, and the indices that name the links."""
        sites = torch.arange(self.volume, device=self.device).reshape(self.shape)
        chains = torch.arange(state.shape[0], device=self.device)
        inside = region(self.shape).to(self.device) if region else None
        with torch.no_grad():
            for mu, colours in enumerate(self._colours):
                visited = colours if inside is None else colours.where(inside[mu], -1)
                for colour in range(int(visited.max()) + 1):
                    chosen = visited == colour
                    u = state[:, mu][:, chosen]
                    closed = u @ self._staples_of_axis(state, mu)[:, chosen]
                    links = (mu * self.volume + sites[chosen]).expand(len(chains), -1)
                    state[:, mu][:, chosen] = update(u, closed, links, chains[:, None].expand_as(links))
        return state


def _adjoint(matrices: Tensor) -> Tensor:
    return matrices.mH
