"""The heat kernel of plaquettes in two-dimensional U(1): a base with the right topology, in closed form.

Independent heat kernels of the links would break gauge invariance. Of the plaquettes of a torus with V sites they make
Villain's action,

    q(U) = prod_p K_t(theta_p) / Z,    K_t(theta) = sqrt(2 pi / t) sum_n exp(-(theta + 2 pi n)^2 / 2t)
                                                  = sum_m exp(-m^2 t / 2) exp(i m theta),
    Z = sum_m exp(-m^2 t V / 2)

with respect to Haar measure: Villain, J. Physique 36 (1975) 581; Z by the character expansion, Migdal, Sov. Phys. JETP
42 (1975) 413. At small t = 1 / beta it is close to Wilson's action at beta. A field is drawn in one go: the charge Q
from exp(-(2 pi Q)^2 / 2tV), the field strength Gaussian with sum 2 pi Q, then links of that field strength, with both
holonomies of the torus and the gauge uniform.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import Base
from gaugeflow.groups import U1
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice.fields import gauge_transform

__all__ = ["HeatKernelBase"]

TERMS = 8.0
"""Images and characters are summed up to so many standard deviations: what is left is below exp(-32)."""


class HeatKernelBase(Base):
    """U(1) links `(batch, 2, X, T)` whose plaquettes have the heat kernel of time `time` as weight.

    Args:
        shape: two extents.
        time: t above, about 1 / beta of Wilson's action.

    Raises:
        UserError: not two extents, or a time that is not positive.
    """

    group = U1()

    def __init__(self, shape: Sequence[int], time: float, dtype: torch.dtype = torch.float64) -> None:
        super().__init__(shape, dtype)
        if len(self.shape) != 2:
            raise UserError(f"base: the heat kernel of plaquettes is for two dimensions, got the extents {self.shape}")
        if not (time > 0 and math.isfinite(time)):
            raise UserError(f"base: expected a time > 0 of the heat kernel, got {time}")
        self.time, self.volume = time, math.prod(self.shape)
        reach = self._reach(1 / (time * self.volume))
        m = torch.arange(-reach, reach + 1, dtype=torch.float64)
        self.log_z = float(torch.logsumexp(-(m**2) * time * self.volume / 2, 0))

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        strength = self._field_strength(num_samples, generator)
        sites = (num_samples, *self.shape)
        x, t = self.shape
        loops = self.group.haar((num_samples, 2), generator, self.dtype)
        along_x, along_t = torch.zeros_like(strength), torch.zeros_like(strength)
        # the gauge in which links along t are 1 but for the last of each line: theta_x(x, t) sums up the strength below
        along_x[:, :, 1:] = -strength.cumsum(2)[:, :, : t - 1]
        along_x[:, x - 1] += loops[:, :1]
        along_t[:, 1:, t - 1] = strength.sum(2).cumsum(1)[:, : x - 1]
        along_t[:, :, t - 1] += loops[:, 1:]
        links = torch.stack((along_x, along_t), 1)
        return wrap_angle(gauge_transform(links, self.group.haar(sites, generator, self.dtype)))

    def log_prob(self, z: Tensor) -> Tensor:
        a, b = z[:, 0], z[:, 1]
        plaquettes = wrap_angle(a + b.roll(-1, 1) - a.roll(-1, 2) - b)
        return self._log_kernel(plaquettes).flatten(1).sum(1) - self.log_z

    def _log_kernel(self, angle: Tensor) -> Tensor:
        """The first sum of the two, which is short where t is not large."""
        reach = self._reach(self.time / (2 * math.pi) ** 2) + 1
        images = angle[..., None] + 2 * math.pi * torch.arange(-reach, reach + 1, device=angle.device)
        return torch.logsumexp(-(images**2) / (2 * self.time), -1) + math.log(2 * math.pi / self.time) / 2

    def _field_strength(self, num_samples: int, generator: torch.Generator) -> Tensor:
        variance = self.time * self.volume / (2 * math.pi) ** 2
        reach = self._reach(variance)
        charges = torch.arange(-reach, reach + 1, dtype=torch.float64, device=generator.device)
        weights = torch.exp(-(charges**2) / (2 * variance))
        drawn = charges[torch.multinomial(weights, num_samples, replacement=True, generator=generator)]
        noise = torch.randn((num_samples, *self.shape), generator=generator, dtype=self.dtype, device=generator.device)
        noise = noise - noise.mean((1, 2), keepdim=True)
        mean = (2 * math.pi / self.volume * drawn).to(self.dtype)
        return math.sqrt(self.time) * noise + mean[:, None, None]

    @staticmethod
    def _reach(variance: float) -> int:
        return math.ceil(TERMS * math.sqrt(variance)) + 1
