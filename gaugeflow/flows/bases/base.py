"""Where flows begin: distributions that can be sampled, with densities in closed form.

A base is called as `base(num_samples, generator) -> (z, log_prob)` and has `log_prob(z)`. Its dtype moves with
`.to(dtype)` as the parameters of a flow do; samples lie on the device of the generator.
"""

import inspect
import math
from collections.abc import Sequence

import torch
from normflows.distributions import BaseDistribution
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.random import draw_key, stream

__all__ = ["Base", "FreeFieldBase", "GaussianBase", "HaarBase", "SeededBase", "takes_generator"]


class Base(BaseDistribution):
    """A distribution of fields on one lattice.

    To write one: give `draw` and `log_prob`; make numbers of `self.dtype`.

    Attributes:
        shape: extents (x, y, z, t).
    """

    def __init__(self, shape: Sequence[int], dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.shape = tuple(shape)
        if not self.shape or min(self.shape) < 1:
            raise UserError(f"base: expected extents >= 1, got {self.shape}")
        self.register_buffer("_like", torch.empty(0, dtype=dtype), persistent=False)

    @property
    def dtype(self) -> torch.dtype:
        """The real dtype of the fields."""
        return self._like.dtype

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        """Independent fields, `(num_samples, ...)`."""
        raise NotImplementedError

    def forward(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Independent fields and their log-densities, `(num_samples, ...)` and `(num_samples,)`."""
        z = self.draw(num_samples, generator)
        return z, self.log_prob(z)

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        """Independent fields."""
        return self.draw(num_samples, generator)


class HaarBase(Base):
    """Independent links with Haar measure: the strong-coupling limit, density 1."""

    def __init__(self, group: Group, shape: Sequence[int], dtype: torch.dtype = torch.float64) -> None:
        super().__init__(shape, dtype)
        if len(self.shape) < 2:
            raise UserError(f"base: links need two axes or more, got the extents {self.shape}")
        self.group = group

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        return self.group.haar((num_samples, len(self.shape), *self.shape), generator, self.dtype)

    def log_prob(self, z: Tensor) -> Tensor:
        return torch.zeros(len(z), dtype=z.real.dtype, device=z.device)


class GaussianBase(Base):
    """Independent normal scalars `(batch, *shape)` of standard deviation `sigma`, density with respect to dphi."""

    def __init__(self, shape: Sequence[int], dtype: torch.dtype = torch.float64, sigma: float = 1.0) -> None:
        super().__init__(shape, dtype)
        if not (sigma > 0 and math.isfinite(sigma)):
            raise UserError(f"base: expected a standard deviation > 0, got {sigma}")
        self.sigma = sigma

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        return self.sigma * _white_noise(num_samples, self, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        return _standard_normal(z / self.sigma) - math.prod(self.shape) * math.log(self.sigma)


class FreeFieldBase(Base):
    """The free field: `exp(-S)` of `Phi4Action(m2, 0)`, sampled in momentum space.

    With `phi_p` the unitary Fourier transform, `S = sum_p (p^2 + m2) |phi_p|^2` and `p^2 = sum_mu 4 sin^2(p_mu / 2)`,
    so that `<|phi_p|^2> = 1 / (2 (p^2 + m2))`.
    """

    def __init__(self, shape: Sequence[int], m2: float, dtype: torch.dtype = torch.float64) -> None:
        super().__init__(shape, dtype)
        if not (m2 > 0 and math.isfinite(m2)):
            raise UserError(f"base: expected m2 > 0 for a free field, got {m2}")
        momenta = torch.zeros(self.shape, dtype=torch.float64)
        for axis, extent in enumerate(self.shape):
            p = 2 * math.pi * torch.arange(extent, dtype=torch.float64) / extent
            momenta = momenta + (4 * torch.sin(p / 2) ** 2).view(-1, *[1] * (len(self.shape) - axis - 1))
        self.register_buffer("deviation", (2 * (momenta + m2)).rsqrt().to(dtype), persistent=False)

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        return self._scaled(_white_noise(num_samples, self, generator), self.deviation)

    def log_prob(self, z: Tensor) -> Tensor:
        white = self._scaled(z, 1 / self.deviation)
        return _standard_normal(white) - self.deviation.log().sum()

    def _scaled(self, field: Tensor, factor: Tensor) -> Tensor:
        """Every mode times a real factor that is the same for p and -p, hence a real field."""
        axes = tuple(range(1, field.ndim))
        return torch.fft.ifftn(torch.fft.fftn(field, dim=axes) * factor, dim=axes).real


class SeededBase(BaseDistribution):
    """A base of normflows, samples `(batch, ...)`: torch's global state, its source, is set aside while it draws."""

    def __init__(self, base: BaseDistribution) -> None:
        super().__init__()
        self.base = base

    def forward(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        devices = [generator.device] if generator.device.type == "cuda" else []
        key = "base", draw_key(generator)
        with torch.random.fork_rng(devices):
            torch.set_rng_state(stream(*key).get_state())
            for device in devices:
                torch.cuda.set_rng_state(stream(*key, device=device).get_state(), device)
            return self.base(num_samples)

    def log_prob(self, z: Tensor) -> Tensor:
        return self.base.log_prob(z)


def takes_generator(base: nn.Module) -> bool:
    """Whether a distribution draws from a generator that it is given."""
    return "generator" in inspect.signature(base.forward).parameters


def _white_noise(num_samples: int, base: Base, generator: torch.Generator) -> Tensor:
    return torch.randn((num_samples, *base.shape), generator=generator, dtype=base.dtype, device=generator.device)


def _standard_normal(white: Tensor) -> Tensor:
    """`sum_x log N(0, 1)`, `(batch,)`."""
    flat = white.flatten(1)
    return -(flat * flat).sum(1) / 2 - flat.shape[1] / 2 * math.log(2 * math.pi)
