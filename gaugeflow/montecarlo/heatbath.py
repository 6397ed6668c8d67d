"""Heat bath and overrelaxation of link fields."""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Region
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.lattice.profiles.window import Window
from gaugeflow.montecarlo.sampler import Sampler, check_start
from gaugeflow.random import draw_key

__all__ = ["HeatBath"]


class HeatBath(Sampler):
    """One heat-bath sweep over all links, then ``overrelaxation`` sweeps that keep the action and move far.

    U(1) links are drawn from their exact conditional law (von Mises); SU(N) links are updated in all N(N-1)/2 SU(2)
    subgroups (Cabibbo, Marinari, Phys. Lett. B 119 (1982) 387), each drawn exactly (Kennedy, Pendleton, Phys. Lett. B
    156 (1985) 393). Links of one colour do not see each other and are updated together; the colouring is made for the
    loops of the action and serves every extent, odd ones too.

    Args:
        action: a sum of Wilson loops.
        overrelaxation: overrelaxation sweeps after each heat-bath sweep.
        backend: ``auto``, ``numba``, ``torch`` or ``triton``.
        region: the links that are updated, the others being held; all by default.

    Raises:
        UserError: the action is not a sum of loops; on update also where a loop passes a link twice on this lattice
            (an extent shorter than the loop), because the action is then not linear in the link: use HMC.
    """

    def __init__(
        self, action: LoopAction, overrelaxation: int = 0, backend: str = "auto", region: Region | None = None
    ) -> None:
        if not is_loop_sum(action):
            raise UserError(f"heatbath: expected an action made of Wilson loops, got {type(action).__name__}; use hmc")
        if overrelaxation < 0:
            raise UserError(f"heatbath: expected overrelaxation >= 0, got {overrelaxation}")
        self.action, self.overrelaxation, self.backend, self.region = action, overrelaxation, backend, region
        self.warmup = True  # nothing to tune

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """One heat-bath sweep and the overrelaxation sweeps on every chain of ``(batch, D, *shape, ...)``.

        Returns:
            The new links and no diagnostics: every link is accepted.

        Raises:
            UserError: links that are not in the group, or ``generator`` lives on another device.
        """
        if self.region is None:
            return self._swept(self.action, field, None, generator), {}
        window = Window.about(self.region, lattice_shape(field), self.action.staples)
        action = self.action.weighted(window.profile(self.action.profile))
        piece = self._swept(action, window.crop(field, 2), window.region(self.region), generator)
        return window.paste(field, piece, 2), {}

    def _swept(self, action: LoopAction, field: Tensor, region: Region | None, generator: torch.Generator) -> Tensor:
        check_start(action.space, field, generator)
        kernels = action.kernels(field, self.backend)
        state = kernels.pack(field)
        kernels.heatbath_(state, draw_key(generator), region)
        for _ in range(self.overrelaxation):
            kernels.overrelax_(state, region)
        kernels.reunitarize_(state)
        return kernels.unpack(state)
