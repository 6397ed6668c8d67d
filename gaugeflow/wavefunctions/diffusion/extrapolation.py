"""Energies of several time steps extrapolated to time step zero."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaugeflow.errors import UserError

__all__ = ["Extrapolation", "extrapolated"]

ROOM = 4.0
"""By how many of its standard deviations chi^2 may exceed its mean."""


@dataclass(frozen=True)
class Extrapolation:
    """A polynomial ``E + b_1 tau + ...`` through energies at several time steps.

    Attributes:
        value: E, the energy of time step zero.
        error: its standard deviation.
        coefficients: E, b_1, ...
        chi_squared: squared differences from the polynomial in errors, where energies have any.
        freedom: the number of energies less that of coefficients.
    """

    value: float
    error: float
    coefficients: tuple[float, ...]
    chi_squared: float
    freedom: int

    @property
    def warning(self) -> str:
        """What speaks against the polynomial, or nothing."""
        most = self.freedom + ROOM * (2 * self.freedom) ** 0.5
        if not self.chi_squared > most:
            return ""
        return f"the energies do not lie on the polynomial: chi^2 {self.chi_squared:.3g} for {self.freedom}"

    def at(self, time_step: NDArray[np.float64]) -> NDArray[np.float64]:
        """The polynomial at some time steps ``(n,)``."""
        powers = np.vander(time_step, len(self.coefficients), increasing=True)
        return powers @ np.array(self.coefficients)


def extrapolated(
    time_steps: NDArray[np.float64], energies: NDArray[np.float64], errors: NDArray[np.float64], degree: int = 1
) -> Extrapolation:
    """Least squares with the weights 1/error^2, alike where an energy has no error at all (an exact trial).

    Args:
        time_steps, energies, errors: ``(K,)``, of independent populations.
        degree: of the polynomial.

    Raises:
        UserError: fewer energies than coefficients and one more, without which nothing tells whether they fit.
    """
    if len(time_steps) < degree + 2:
        raise UserError(f"extrapolation: expected {degree + 2} time steps for degree {degree}, came {len(time_steps)}")
    exact = not bool((errors > 0).all())
    scale = np.ones_like(errors) if exact else errors
    powers = np.vander(time_steps, degree + 1, increasing=True)
    solve = np.linalg.pinv(powers / scale[:, None]) / scale  # (degree + 1, K): linear in the energies
    coefficients = solve @ energies
    chi_squared = 0.0 if exact else float((((energies - powers @ coefficients) / errors) ** 2).sum())
    error = float(np.sqrt(((solve[0] * errors) ** 2).sum()))
    return Extrapolation(
        float(coefficients[0]), error, tuple(map(float, coefficients)), chi_squared, len(time_steps) - degree - 1
    )
