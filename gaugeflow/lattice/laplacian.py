"""The covariant Laplacian of site vectors: ``-D^2 + m^2``, the operator of a charged scalar field."""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.fields import check_links, lattice_shape, shift

__all__ = ["Laplacian", "check_vectors"]


class Laplacian:
    """``(2 D + m^2) v(x) - sum_mu [U_mu(x) v(x + mu) + U_mu(x - mu)^dagger v(x - mu)]`` over fixed links.

    Hermitian, and gauge-covariant: ``v(x) -> W(x) v(x)`` goes through. Its spectrum lies in ``[m^2, m^2 + 4 D]``; at
    U = 1 the plane wave of momentum k has the eigenvalue ``m^2 + 4 sum_mu sin^2(k_mu / 2)``. In a rough field the
    lowest eigenvalue is well above m^2, so that m^2 may be somewhat below zero.

    Args:
        links: ``(batch, D, *shape, N, N)``; U(1): angles ``(batch, D, *shape)``.
        mass_squared: m^2, in units of the lattice.

    Raises:
        UserError: links of a wrong layout.
    """

    def __init__(self, links: Tensor, mass_squared: float = 0.0) -> None:
        group = check_links(links)
        self.links, self.shape, self.mass_squared = links, lattice_shape(links), mass_squared
        matrices = links if group.element_shape else torch.polar(torch.ones_like(links), links)[..., None, None]
        self._matrices = matrices.unsqueeze(2).unbind(1)  # of each axis (batch, 1, *shape, N, N)

    @property
    def hops(self) -> int:
        """Products of a link and a vector of another site, for each site."""
        return 2 * len(self.shape)

    def __call__(self, v: Tensor) -> Tensor:
        """Site vectors ``(batch, channels, *shape, N)``, for U(1) N = 1, to the same; each channel by itself.

        Raises:
            UserError: vectors of another lattice, colour or precision.
        """
        check_vectors(self.links, v)
        new = (2 * len(self.shape) + self.mass_squared) * v
        for axis, u in enumerate(self._matrices):
            ahead = u @ shift(v, axis + 1).unsqueeze(-1)
            behind = shift(u.mH @ v.unsqueeze(-1), axis + 1, -1)
            new = new - (ahead + behind).squeeze(-1)
        return new


def check_vectors(links: Tensor, v: Tensor) -> None:
    """Raises ``UserError`` unless ``v`` is complex ``(batch, channels, *shape, N)`` on the lattice of ``links``."""
    n, shape = check_links(links).n, lattice_shape(links)
    expected, dtype = (len(links), "channels", *shape, n), links.dtype.to_complex()
    if v.ndim != len(expected) or (v.shape[0], *v.shape[2:]) != (len(links), *shape, n) or v.dtype != dtype:
        raise UserError(
            f"site vectors: expected ({', '.join(map(str, expected))}) in {dtype}, got {tuple(v.shape)} in {v.dtype}"
        )
