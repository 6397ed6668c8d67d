"""What an action is: a number for each configuration, and its force."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gaugeflow.lattice.spaces import Space, tangent_noise

__all__ = ["Action"]


class Action(ABC):
    """``S(field)`` with weight ``exp(-S)``, of links ``(batch, D, *shape, ...)`` or scalars ``(batch, *shape)``.

    To write a new one:

    * set ``space`` to ``LINKS`` or ``SCALARS`` (see :mod:`gaugeflow.lattice.spaces`);
    * give ``__call__``, differentiable, one value for each configuration of the batch;
    * give ``force`` when a formula is faster than the automatic derivative;
    * in its test call :meth:`assert_force`.
    """

    space: Space

    @abstractmethod
    def __call__(self, field: Tensor) -> Tensor:
        """The action of each configuration, ``(batch,)``."""

    def force(self, field: Tensor) -> Tensor:
        """``dS/dw_a`` along ``field -> exp(i w_a T_a) field`` (links) or ``field + w`` (scalars), shape of ``w``."""
        return self.force_by_autograd(field)

    def force_by_autograd(self, field: Tensor) -> Tensor:
        """The force as the automatic derivative of :meth:`__call__`."""
        w = torch.zeros(self.space.tangent_shape(field), dtype=field.real.dtype, device=field.device)
        w.requires_grad_()
        with torch.enable_grad():
            total = self(self.space.displace(field.detach(), w)).sum()
        return torch.autograd.grad(total, w)[0]

    def assert_force(self, field: Tensor, generator: torch.Generator, directions: int = 3) -> None:
        """Holds :meth:`force` against autograd and against a fourth-order finite difference.

        The differences ``(8 [S(h) - S(-h)] - [S(2h) - S(-2h)]) / 12h`` along random tangent directions have an error
        of order ``h^4`` in truncation and ``eps |S| / h`` in rounding; ``field`` must be float64 or complex128.

        Raises:
            AssertionError: the force and a derivative differ; the message has both numbers.
        """
        force = self.force(field)
        scale = float(force.abs().max()) + 1e-30
        difference = float((force - self.force_by_autograd(field)).abs().max())
        if not difference <= 1e-11 * scale:
            raise AssertionError(f"force and autograd differ by {difference:.3e}, largest force {scale:.3e}")
        for _ in range(directions):
            direction = tangent_noise(self.space, field, generator)
            expected = (force * direction).flatten(1).sum(1)
            found = self._slope(field, direction, 1e-3)
            tolerance = 1e-8 * (expected.abs() + (force.abs() * direction.abs()).flatten(1).sum(1))
            if not bool(((found - expected).abs() <= tolerance).all()):
                raise AssertionError(
                    f"force along a random direction: {expected.tolist()}, differences {found.tolist()}"
                )

    def _slope(self, field: Tensor, direction: Tensor, h: float) -> Tensor:
        s = {k: self(self.space.displace(field, k * h * direction)) for k in (-2, -1, 1, 2)}
        return (8 * (s[1] - s[-1]) - (s[2] - s[-2])) / (12 * h)
