"""Newton's method on the energy over all configurations: Rayleigh-Gauss-Newton (arXiv:2106.10558)."""

from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.optimizers.log_derivatives import in_turn, trained
from gaugeflow.wavefunctions.optimizers.optimizer import NotFinite, subtract
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["Everywhere", "RayleighGaussNewton"]

COLUMNS = 256
"""Parameters to which the Hamiltonian is applied at a time."""
TRIES = 10
"""Steps that raise the energy before the parameters stay as they are."""
SHORTER, LONGER = 0.25, 2.5
"""What a step that raises the energy, and one that goes as expected, does to the next."""
TRUSTED, DOUBTED = 0.7, 0.3
"""Shares of the expected fall of the energy: above the one the steps grow, below the other they shrink."""


class Everywhere(Protocol):
    """Sums over all configurations of a space, which have no error."""

    @property
    def size(self) -> int:
        """How many configurations a batch has."""
        ...

    def energy_of(self, psi: Any) -> float:
        """``<psi|H|psi> / <psi|psi>``."""
        ...

    def hamiltonian_of(self, psi: Any) -> Tensor:
        """H among the configurations of a batch in units of psi, sparse ``(batch, batch)``: with the weights w of the
        batch and a function f on it ``sqrt(w) (H f psi) / psi`` is this matrix times ``sqrt(w) f``."""
        ...


class RayleighGaussNewton:
    """``theta <- theta - tau (S + tau K + damping)^-1 g``, an implicit step of imaginary time tau.

    With the tangent vectors ``J_p = (d_p log psi - mean) psi`` of the normalised psi

        S = J^+ J,   K = J^+ (H - E) J,   g = J^+ (H - E) psi,

    real parts of these. For small tau it is the natural gradient; for large tau Newton's method without the second
    derivatives of psi, whose part vanishes with the variance of the energy. The first tau is `rate`; it grows while the
    energy falls as the quadratic model says, and a step that raises the energy is taken back and made shorter.
    The equations take ``batch parameters^2`` multiplications, twice, and memory for ``batch parameters`` numbers.

    Args:
        everywhere: sums over all configurations ``(batch, 2, sites)``, which those of a step are.
        rate: the first tau, in inverse units of the energy.
        damping: of the equations, in the unit of the squared derivatives.
        norm_limit: the largest Euclidean norm of a change.
        chunk_size: configurations whose derivatives are taken at a time.

    Raises:
        UserError: a rate, damping or limit that is not positive.
    """

    def __init__(
        self,
        everywhere: Everywhere,
        rate: float = 0.06,
        damping: float = 0.03,
        norm_limit: float = 1.0,
        chunk_size: int | None = None,
    ) -> None:
        if min(rate, damping, norm_limit) <= 0:
            raise UserError(
                "Rayleigh-Gauss-Newton: expected positive rate, damping and norm_limit, "
                f"came {rate}, {damping} and {norm_limit}"
            )
        self.everywhere, self.rate = everywhere, rate
        self.damping, self.norm_limit, self.chunk_size = damping, norm_limit, chunk_size
        self.steps = 0

    @torch.no_grad()
    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor, weights: Tensor | None = None) -> float:
        size = len(energies)
        w = energies.real.new_full((size,), 1 / size, dtype=torch.float64) if weights is None else weights.double()
        value = float(w @ energies.real.double())
        rows = self._rows(psi, x, w)
        missing = (w.sqrt()[:, None] * in_turn(energies - value).double().unflatten(0, (size, -1))).flatten()
        g = (rows.mT @ missing.to(rows)).double()
        S, K = _products(rows, self.everywhere.hamiltonian_of(psi), value)
        del rows
        self.steps += 1
        before = [parameter.clone() for parameter in trained(psi).values()]
        for _ in range(TRIES):
            change = self._change(S, K, g)
            if change is not None:
                expected = float(2 * g @ change - change @ K @ change)
                if expected <= torch.finfo(torch.float64).eps * abs(value):
                    return 0.0
                subtract(psi, change)
                share = (value - self.everywhere.energy_of(psi)) / expected
                if share > 0:
                    self.rate *= LONGER if share > TRUSTED else SHORTER**0.5 if share < DOUBTED else 1.0
                    return float(change.norm())
                for parameter, kept in zip(trained(psi).values(), before, strict=True):
                    parameter.copy_(kept)
            self.rate *= SHORTER
        return 0.0

    def _rows(self, psi: Wavefunction, x: Tensor, w: Tensor) -> Tensor:
        """J in units of the phase of psi, ``(batch, parameters)``; of a complex psi two rows each.

        Raises NotFinite for derivatives that are not.
        """
        parts = x.split(self.chunk_size or max(len(x), 1))
        if self.steps == 0:
            check_recorded(psi, parts[0], recorded_derivatives(psi, parts[0]))
        rows, begin = torch.empty(0), 0
        for part in parts:
            found = recorded_derivatives(psi, part).matrix(slice(None)).unflatten(0, (len(part), -1))
            if begin == 0:
                rows = found.new_empty(len(x), *found.shape[1:])
            rows[begin : begin + len(part)] = found
            begin += len(part)
        sums = rows.sum((1, 2))
        if not bool(torch.isfinite(sums).all()):
            raise NotFinite("the derivative of log|psi| with respect to the parameters", sums)
        rows -= torch.tensordot(w.to(rows), rows, 1)
        rows *= w.sqrt().to(rows)[:, None, None]
        return rows.flatten(0, 1)

    def _change(self, S: Tensor, K: Tensor, g: Tensor) -> Tensor | None:
        """The step, not longer than the limit; None where the equations have no minimum."""
        matrix = S + self.rate * K
        matrix.diagonal().add_(self.damping)
        factor, info = torch.linalg.cholesky_ex(matrix)
        if int(info):
            return None
        change = self.rate * torch.cholesky_solve(g[:, None], factor)[:, 0]
        return change * min(1.0, self.norm_limit / max(float(change.norm()), torch.finfo(change.dtype).tiny))

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "rate": self.rate}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps, self.rate = state["steps"], state["rate"]


def _products(rows: Tensor, hamiltonian: Tensor, value: float) -> tuple[Tensor, Tensor]:
    """``J^T J`` and ``J^T (H - value) J`` of J ``(batch or 2 batch, parameters)``, in float64.

    The sums are in the precision of J.
    """
    size = rows.shape[1]
    S, K = (torch.zeros(size, size, dtype=torch.float64, device=rows.device) for _ in range(2))
    hamiltonian = hamiltonian.to(rows.dtype.to_complex() if hamiltonian.is_complex() else rows.dtype)
    for begin in range(0, size, COLUMNS):  # below the diagonal they are the same
        block, above = slice(begin, begin + COLUMNS), rows[:, : begin + COLUMNS]
        own = rows[:, block].contiguous()
        moved = _applied(hamiltonian, own) - value * own
        S[: begin + COLUMNS, block] = above.mT @ own
        K[: begin + COLUMNS, block] = above.mT @ moved
    return S.triu() + S.triu(1).mT, K.triu() + K.triu(1).mT


def _applied(hamiltonian: Tensor, rows: Tensor) -> Tensor:
    if len(rows) == len(hamiltonian):
        return hamiltonian @ rows
    numbers = torch.complex(*rows.unflatten(0, (-1, 2)).unbind(1))
    return torch.view_as_real(hamiltonian @ numbers).movedim(-1, 1).flatten(0, 1)
