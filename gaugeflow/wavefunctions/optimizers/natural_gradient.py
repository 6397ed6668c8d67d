"""The natural gradient: MinSR (arXiv:2302.01941) and SPRING (arXiv:2401.10190)."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.optimizers.log_derivatives import in_turn, log_derivatives
from gaugeflow.wavefunctions.optimizers.optimizer import ALONE, NotFinite, Processes, decayed, subtract
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Rows, SampleDerivatives
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["JACOBIANS", "NaturalGradient", "natural_direction"]

JACOBIANS = ("implicit", "explicit")
AT_ONCE = 4096
"""Samples whose rows are made at a time, where these are shorter than samples are many."""
COLUMNS = 512
"""Parameters of a block of the matrix among parameters."""


def natural_direction(
    derivatives: SampleDerivatives,
    energies: Tensor,
    damping: float,
    momentum: Tensor | None = None,
    processes: Processes = ALONE,
    weights: Tensor | None = None,
) -> Tensor:
    """The direction phi of the parameters that best follows imaginary time on the samples.

    With the centred ``O = sqrt(w) (d log psi - mean)`` and ``e = sqrt(w) (E - mean)``, means with the weights w,

        phi = argmin |O phi - e|^2 + damping |phi - m|^2 = m + O^T (O O^T + damping)^-1 (e - O m),

    solved in float64. Where there are more samples than parameters it is ``m + (O^T O + damping)^-1 O^T (e - O m)``,
    the same for less. Without m this is MinSR, or stochastic reconfiguration; with m a share of the direction before,
    SPRING. Of a complex psi with real parameters real and imaginary parts are rows and entries of their own, each with
    its mean: ``|.|^2`` and ``Re O^+ O`` of the complex equations.

    Args:
        derivatives: of log psi, for this process's share of the samples.
        energies: local energies of all samples, ``(batch,)``, complex where psi is.
        momentum: m, ``(parameters,)``.
        weights: w of all samples, ``(batch,)``, of the sum 1; ``1 / batch`` by default, for samples of psi^2.

    Raises:
        NotFinite: derivatives that are not finite, or equations without a solution.
    """
    size = len(energies)
    w = energies.real.new_full((size,), 1 / size, dtype=torch.float64) if weights is None else weights.double()
    missing = in_turn(energies).double()
    if momentum is not None:
        missing = missing - processes.gather(derivatives.times(momentum))
    if len(missing) > derivatives.size:
        phi = _by_parameters(derivatives, _centred(missing, w), damping, processes, w)
    else:
        phi = _by_samples(derivatives, _centred(missing, w), damping, processes, w)
    return phi if momentum is None else phi + momentum


def _by_samples(
    derivatives: SampleDerivatives, missing: Tensor, damping: float, processes: Processes, w: Tensor
) -> Tensor:
    """``O^T (O O^T + damping)^-1 e``."""
    size = len(w)
    root = w.sqrt().repeat_interleave(len(missing) // size)
    everyone = derivatives if processes.size == 1 else derivatives.gathered(processes.gather)
    gram = processes.gather(derivatives.gram(everyone))
    squares = gram.diagonal().clone()
    if not bool(torch.isfinite(squares).all()):
        raise NotFinite("the derivative of log|psi| with respect to the parameters", squares)
    gram = _centred(_centred(gram, w).mT, w) * root * root[:, None]
    z = (root * _solved(gram, root * missing, damping, squares)).unflatten(0, (size, -1))
    return processes.sum(derivatives.transposed(processes.part((z - w[:, None] * z.sum(0)).flatten())))


def _by_parameters(
    derivatives: SampleDerivatives, missing: Tensor, damping: float, processes: Processes, w: Tensor
) -> Tensor:
    """``(O^T O + damping)^-1 O^T e``."""
    numbers, own = len(missing) // len(w), processes.part(w)
    total = missing.new_zeros(derivatives.size, derivatives.size)
    means, squares = missing.new_zeros(numbers, derivatives.size), []
    for begin in range(0, len(own), AT_ONCE):
        part = own[begin : begin + AT_ONCE, None]
        rows = derivatives.matrix(slice(numbers * begin, numbers * (begin + len(part))))
        squares.append(rows.double().square().sum(1))
        of_samples = rows.unflatten(0, (-1, numbers))
        means += torch.einsum("bk,bnp->np", part.to(rows), of_samples)
        weighted = (of_samples * part[:, None].sqrt().to(rows)).flatten(0, 1)
        for column in range(0, derivatives.size, COLUMNS):  # below the diagonal it is the same
            block = slice(column, column + COLUMNS)
            total[: column + COLUMNS, block] += weighted[:, : column + COLUMNS].mT @ weighted[:, block]
    total, means, everyone = processes.sum(total), processes.sum(means), processes.gather(torch.cat(squares))
    if not bool(torch.isfinite(everyone).all()):
        raise NotFinite("the derivative of log|psi| with respect to the parameters", everyone)
    answer = processes.sum(derivatives.transposed(processes.part(w.repeat_interleave(numbers) * missing)))
    total = total.triu() + total.triu(1).mT
    return _solved(total - means.mT @ means, answer, damping, everyone)


def _solved(matrix: Tensor, right: Tensor, damping: float, squares: Tensor) -> Tensor:
    """``(matrix + damping)^-1 right``; raises NotFinite, with a number for each sample, where there is none."""
    matrix.diagonal().add_(damping)
    factor, info = torch.linalg.cholesky_ex(matrix)
    if int(info):
        raise NotFinite("the solution of the natural gradient's equations", squares)
    return torch.cholesky_solve(right[:, None], factor)[:, 0]


def _centred(numbers: Tensor, weights: Tensor) -> Tensor:
    """Numbers ``(batch, ...)`` of samples, or two of each in turn, less the mean of each over all samples."""
    of_samples = numbers.unflatten(0, (len(weights), -1))
    return (of_samples - torch.tensordot(weights, of_samples, 1)).flatten(0, 1)


class NaturalGradient:
    """``theta <- theta - eta phi`` with `natural_direction` of walkers ``(batch, n, d)``, not longer than `norm_limit`.

    Args:
        rate: eta at the start; it falls as ``1 / (1 + step/decay)``.
        damping: of the equations, in the unit of the squared derivatives.
        momentum: the share of the direction before that is kept; 0 for MinSR.
        norm_limit: the largest Euclidean norm of a change.
        chunk_size: walkers whose derivatives are taken at a time.
        jacobian: "implicit" needs products with the derivatives of each sample only; "explicit" stores them all, which
            serves as reference and for parameters that :func:`recorded_derivatives` cannot follow.
        processes: those that share the walkers.

    Raises:
        UserError: a rate, damping or limit that is not positive, a momentum outside [0, 1), or an unknown jacobian.
    """

    def __init__(
        self,
        rate: float = 0.05,
        damping: float = 1e-3,
        momentum: float = 0.95,
        norm_limit: float = 0.1,
        decay: float = 1e4,
        chunk_size: int | None = None,
        jacobian: str = "implicit",
        processes: Processes = ALONE,
    ) -> None:
        if min(rate, damping, norm_limit, decay) <= 0 or not 0 <= momentum < 1:
            raise UserError(
                "natural gradient: expected positive rate, damping, norm_limit and decay and a momentum in [0, 1), "
                f"came {rate}, {damping}, {norm_limit}, {decay} and {momentum}"
            )
        if jacobian not in JACOBIANS:
            raise UserError(f"natural gradient: expected a jacobian of {', '.join(JACOBIANS)}, came {jacobian!r}")
        self.jacobian, self.processes = jacobian, processes
        self.rate, self.damping, self.momentum = rate, damping, momentum
        self.norm_limit, self.decay, self.chunk_size = norm_limit, decay, chunk_size
        self.steps, self.direction = 0, None if momentum == 0 else torch.zeros(0, dtype=torch.float64)

    @torch.no_grad()
    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor, weights: Tensor | None = None) -> float:
        x = self.processes.part(x)
        derivatives = self._derivatives(psi, x)
        kept = None
        if self.direction is not None:
            start = torch.zeros(derivatives.size, dtype=torch.float64, device=x.device)
            kept = self.momentum * self.direction if self.steps else start
        direction = natural_direction(derivatives, energies, self.damping, kept, self.processes, weights)
        if self.direction is not None:
            self.direction = direction
        change = decayed(self.rate, self.steps, self.decay) * direction
        norm = float(change.norm())
        change *= min(1.0, self.norm_limit / norm) if norm > 0 else 1.0
        subtract(psi, change)
        self.steps += 1
        return min(norm, self.norm_limit)

    def _derivatives(self, psi: Wavefunction, x: Tensor) -> SampleDerivatives:
        if self.jacobian == "explicit":
            return Rows(log_derivatives(psi, x, self.chunk_size))
        derivatives = recorded_derivatives(psi, x, self.chunk_size)
        if self.steps == 0:
            check_recorded(psi, x, derivatives)
        return derivatives

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "direction": self.direction}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps, self.direction = state["steps"], state["direction"]
