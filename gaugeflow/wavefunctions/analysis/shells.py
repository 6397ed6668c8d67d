"""The density of particles about centres: how many there are in soft shells, and on which side."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gaugeflow.errors import UserError
from gaugeflow.symmetry.algebra.o3.harmonics import spherical_harmonics

__all__ = ["ShellDensity"]


@dataclass(frozen=True)
class ShellDensity:
    """Numbers ``c_km = int n(r) g_k(|r|) Y_m(r / |r|) dr`` of the density n of particles about a centre.

    The radial functions are the Bernstein polynomials in ``x = 1 - exp(-|r| / length)``,

        g_k = binomial(K - 1, k) x^k (1 - x)^(K - 1 - k),    k = 0 ... K - 1,

    soft shells from the centre outwards, the last one open. They add up to one. The squares of all harmonics of one
    degree add up to one too, so c_k0 is the number of particles in shell k, over all shells the number of all, and no
    other number of a shell is larger. In space the harmonics are those of `Irreps`, in the plane cos(m phi) and
    sin(m phi). Both turn with the particles and the centres.

    Args:
        radial: shells K.
        degree: the largest degree of the harmonics.
        length: of the exponential, in bohr.

    Raises:
        UserError: no shell, a negative degree, or no length.
    """

    radial: int = 6
    degree: int = 2
    length: float = 1.0

    def __post_init__(self) -> None:
        if self.radial < 1 or self.degree < 0 or not 0 < self.length < math.inf:
            raise UserError(
                "density: expected a shell at least, a degree of 0 or more and a length > 0, came "
                f"radial {self.radial}, degree {self.degree}, length {self.length:g}"
            )

    def __call__(self, x: Tensor, centres: Tensor) -> Tensor:
        """The numbers of each configuration, whose mean over walkers of psi^2 is that of the density.

        Args:
            x: coordinates ``(batch, n, d)``.
            centres: ``(I, d)``, or for each configuration ``(batch, I, d)``.

        Returns:
            ``(batch, I, K, harmonics)``.

        Raises:
            UserError: particles on a line.
        """
        apart = x.unsqueeze(-2) - centres.to(x).unsqueeze(-3)  # (batch, n, I, d)
        return torch.einsum("bnik,bnim->bikm", self.shells(apart.norm(dim=-1)), self.harmonics(apart))

    def shells(self, r: Tensor) -> Tensor:
        """The radial functions at distances ``(...)``, ``(..., K)``."""
        out, inside = -(-r / self.length).expm1(), (-r / self.length).exp()
        last = self.radial - 1
        return torch.stack([math.comb(last, k) * out**k * inside ** (last - k) for k in range(self.radial)], -1)

    def harmonics(self, r: Tensor) -> Tensor:
        """The harmonics of displacements ``(..., d)``, degree after degree."""
        self.names(r.shape[-1])
        if r.shape[-1] == 3:
            found = [spherical_harmonics(l, r, normalization="norm") for l in range(self.degree + 1)]
            return torch.cat(found, -1)
        turn = torch.view_as_complex(normalize(r, dim=-1).contiguous())
        waves = [torch.view_as_real(turn**m) for m in range(1, self.degree + 1)]
        return torch.cat([torch.ones_like(r[..., :1]), *waves], -1)

    def names(self, dimension: int) -> list[str]:
        """Of the harmonics in their order; in space the polar axis is y. Raises UserError in one dimension."""
        degrees = range(2, self.degree + 1)
        if dimension == 2:
            turns = ["phi", *(f"{m} phi" for m in degrees)] if self.degree else []
            return ["1", *(f"{wave} {turn}" for turn in turns for wave in ("cos", "sin"))]
        if dimension == 3:
            vectors = ["x", "y", "z"] if self.degree else []
            return ["1", *vectors, *(f"{l},{m}" for l in degrees for m in range(-l, l + 1))]
        raise UserError(f"density: expected particles in two or three dimensions, came {dimension}")

    def degrees(self, dimension: int) -> list[int]:
        """Of each harmonic."""
        sizes = [1 if l == 0 else 2 if dimension == 2 else 2 * l + 1 for l in range(self.degree + 1)]
        return [l for l, size in enumerate(sizes) for _ in range(size)]

    @property
    def irreps(self) -> str:
        """How the harmonics of one shell turn in space, a text for `Irreps`."""
        return "+".join(f"1x{l}{'o' if l % 2 else 'e'}" for l in range(self.degree + 1))

    def radii(self) -> list[float]:
        """Where each shell is thickest but the last, which is open, in bohr."""
        last = self.radial - 1
        return [self.length * math.log(last / (last - k)) for k in range(last)]

    def measured(self, walkers: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard error of each number, ``(I, K, harmonics)``.

        Args:
            walkers: with the density psi^2, in sets ``(sets, walkers, n, d)``, two walkers or more: each walker is a
                chain of its own, so that the spread of their means gives the error whatever the correlation in time.
            centres: ``(I, d)``.
        """
        means = torch.stack([self(x, centres) for x in walkers.double()]).mean(0)
        return means.mean(0), means.std(0) / len(means) ** 0.5
