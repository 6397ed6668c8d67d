"""Constants of a model that are stored in float32: they limit its symmetry, and this is no break.

A model that keeps, say, Clebsch-Gordan coefficients in float32 is symmetric to float32 only, also when it runs in
float64. Its error then is the work of the roundings of its constants, and other roundings make quite another error;
that of a broken symmetry stays what it is.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import wide, zip_leaves
from gaugeflow.symmetry.checks.precision import amplification_allowed
from gaugeflow.symmetry.checks.trials.held import is_inexact, stored_eps
from gaugeflow.symmetry.checks.trials.subject import Subject, acted
from gaugeflow.symmetry.checks.trials.trials import Trials
from gaugeflow.symmetry.reports.findings import Finding, Verdict

__all__ = ["excuse_constants"]

_REPEATS = 3
_CHUNKS = 4
_SPREAD = 0.5
_HALF_A_ROUNDING = 2.0**-24


def excuse_constants(subject: Subject, plan: Trials, finding: Finding) -> Finding:
    """The finding, turned into one that holds if its error in float64 is of the size of float32 rounding, and half a
    rounding more or less in every constant, three times at random, moves the error by its own size.

    Measured: filters symmetrised in float32 move it by its whole size, weights that should sum to zero and are off by
    16 roundings by a fifth, and constants typed with four digits not at all.
    """
    error, table = finding.largest.get("float64", torch.inf), amplification_allowed(subject.depth)
    seen = error > table * torch.finfo(torch.float64).eps
    small = finding.largest_error <= table * torch.finfo(torch.float32).eps
    if not (seen and small and subject.held.in_single_precision()):
        return finding
    spread = _spread(subject, plan)
    if not spread >= _SPREAD:
        return finding
    message = (
        f"the error is that of constants stored in float32: {error:.1e}, which half a rounding in each of them changes "
        f"by {spread:.0%}; build the model in float64 for a sharper check"
    )
    return replace(finding, verdict=Verdict.HOLDS, message=message, failures=0)


def _spread(subject: Subject, plan: Trials) -> float:
    """How far the errors move with the constants, in units of their size; the median over the repeats."""
    noise = torch.Generator().manual_seed(0)
    errors = _errors(subject, plan)
    moves = [(_errors(subject.changed(lambda t: _perturbed(t, noise)), plan) - errors).norm() for _ in range(_REPEATS)]
    return float(torch.stack(moves).median() / errors.norm())


def _errors(subject: Subject, plan: Trials) -> Tensor:
    """f(D(g) x) - D(g) f(x) in float64, all components of a few trials in a row."""
    parts = []
    for chunk in range(_CHUNKS):
        x, g = plan.draw(chunk)
        y, y_g = subject(x, torch.float64), subject(g(x), torch.float64)
        pairs = zip_leaves(y_g, acted(g, y, torch.float64))
        parts += [torch.view_as_real(wide(d) + 0j).flatten() for a, b in pairs for d in a.differences(b)]
    return torch.cat(parts)


def _perturbed(tensor: Tensor, noise: torch.Generator) -> Tensor:
    """Half a float32 rounding up or down, in float64, for all numbers that were rounded at all."""
    if not is_inexact(tensor) or stored_eps(tensor, tensor.dtype) < 1e-10:
        return tensor
    if tensor.is_complex():
        return torch.view_as_complex(_perturbed(torch.view_as_real(tensor.resolve_conj()), noise))
    signs = 1 - 2 * torch.randint(2, tensor.shape, generator=noise).to(tensor.device, torch.float64)
    is_round = tensor.bfloat16().to(tensor.dtype) == tensor
    return torch.where(is_round, tensor.double(), tensor.double() * (1 + _HALF_A_ROUNDING * signs))
