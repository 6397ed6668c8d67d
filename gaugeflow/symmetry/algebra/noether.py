"""Conserved charges of Hamilton's equations, from the action of the group itself.

A one-parameter group that moves q by the field v(q), and momenta along, has the charge J = p . v(q) (E. Noether, 1918).
If the potential does not change along v, a kick conserves J exactly, and if the kinetic energy does not, a drift does:
so a splitting integrator conserves the charges to rounding, though not the energy. For local gauge transformations J is
Gauss's law, sum_mu p_mu(x) - (U_mu^dagger p_mu U_mu)(x - mu).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import read_tangent, tangent_size
from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves
from gaugeflow.symmetry.algebra.directions.generated import family_of
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.precision import amplification_allowed, exceeds
from gaugeflow.symmetry.checks.trials.maps import spec_of
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["charges", "check_conserved"]


def charges(q: Tree, p: Value | Tensor, group: Group | str) -> Tensor:
    """The charges p . v(q) of all generators of `group`, `(batch, generators)`.

    Args:
        q: positions, a value or a tree of them.
        p: their momenta, a tensor or value `(batch, ...)` with one real number for each local coordinate of q: the
            components of w in U -> exp(i w_a T_a) U for links, real and imaginary part of a complex number.
        group: a group with continuous directions that acts on q.

    Raises:
        ValueError: a finite group, which has no charges; momenta of another size.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, charges
    >>> r, p = torch.tensor([[[1.0, 0.0, 0.0]]]), torch.tensor([[[0.0, 2.0, 0.0]]])
    >>> charges(Points(r), p, "rotations").abs().tolist()  # the angular momentum about the axes z, y, x
    [[2.0, 0.0, 0.0]]
    """
    q, momenta = master(q), _momenta(q, p)
    family = family_of(group, q)
    if not family.size:
        raise ValueError(
            f"expected a group with continuous directions, of which each has a charge; {family.name} has none on "
            f"{', '.join(leaf.name for leaf in leaves(q))}"
        )
    with torch.inference_mode(False), torch.enable_grad():
        theta = torch.zeros(batch_size(q), family.size, dtype=torch.float64, device=device_of(q), requires_grad=True)
        velocity = read_tangent(family.move(q, theta), q)
        if not velocity.requires_grad:
            return torch.zeros_like(theta)
        (pulled,) = torch.autograd.grad((velocity * momenta).sum(), theta)
    return pulled


def _momenta(q: Tree, p: Value | Tensor) -> Tensor:
    """The momenta in a row, `(batch, dim)`, in float64."""
    data = p.data if isinstance(p, Value) else p
    plain = (torch.view_as_real(data.resolve_conj()) if data.is_complex() else data).detach().double()
    flat = plain.reshape(len(plain), -1) if plain.numel() else plain
    if tuple(flat.shape) != (batch_size(q), tangent_size(q)):
        raise ValueError(
            f"expected momenta with {tangent_size(q)} real numbers for each of {batch_size(q)} entries, one for each "
            f"local coordinate of {', '.join(leaf.name for leaf in leaves(q))}, got shape {tuple(data.shape)}"
        )
    return flat


def check_conserved(
    step: Callable[..., Any],
    x: tuple[Tree, Value | Tensor],
    group: Group | str,
    *,
    steps: int = 20,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check that `step(q, p) -> (q', p')` conserves the charges of a group, time after time.

    Args:
        step: a step or a trajectory of plain tensors.
        x: positions and momenta, see `charges`.
        group: a group with continuous directions, "gauge" for Gauss's law.
        steps: how often the step is taken; rounding grows as the root of it.
        tolerance: a drift in units of the momenta that is let pass.

    Raises:
        ValueError: no pair of positions and momenta, a finite group, momenta of another size, no step at all.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, check_conserved
    >>> r, p = torch.randn(2, 1, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    >>> def leapfrog(r, p):
    ...     r = r + 0.05 * p
    ...     p = p - 0.1 * (r - r.mean(1, keepdim=True))
    ...     return r + 0.05 * p, p
    >>> check_conserved(leapfrog, (Points(r), p), "rotations * point-translations").holds
    True
    """
    start, group = time.perf_counter(), group_named(group)
    if not isinstance(x, tuple) or len(x) != 2:
        raise ValueError(f"expected the pair (positions, momenta), got {type(x).__name__}")
    if steps < 1:
        raise ValueError(f"expected at least one step, got {steps}")
    pair = master((x[0], x[1] if isinstance(x[1], Value) else Scalars(x[1])))
    first, claim = charges(pair[0], pair[1], group), f"conserved charges of {group.label()}"
    subject = Subject(step, spec_of(pair))
    try:
        finding = _followed(subject, pair, group, first, steps, tolerance, claim)
    except Unusable as unusable:
        finding = Finding(claim, unusable.verdict, unusable.message)
    finally:
        subject.restore()
    return Report(label or label_of(step), (finding,), time.perf_counter() - start)


def _followed(
    subject: Subject, pair: Tree, group: Group, first: Tensor, steps: int, tolerance: float, claim: str
) -> Finding:
    """The drift of every charge over all steps, and when it began."""
    eps = subject.precision(pair, torch.float64)
    unit, drifts, moved = _size(pair, first), [], pair
    for _ in range(steps):
        moved = subject(moved, torch.float64)
        now = charges(moved[0], moved[1], group)
        unit = torch.maximum(unit, _size(moved, now))
        drifts.append((now - first).abs())
    drift = torch.stack(drifts) / unit  # (steps, batch, generators)
    if not bool((unit > 0).all()) or not bool(first.any() | now.any()):
        return Finding(claim, Verdict.VACUOUS, "all charges are zero; give momenta, and positions that the group moves")
    allowed = max(amplification_allowed(subject.depth) * eps * steps**0.5, tolerance)
    wrong = exceeds(drift, allowed)
    largest = float(drift.max())
    message = f"{first.shape[1]} charges drift by at most {largest:.1e} of the momenta in {steps} steps"
    if bool(wrong.any()):
        begun = int(wrong.flatten(1).any(1).nonzero()[0])
        charge = int(drift[begun].amax(0).argmax())
        message += f"; broken at step {begun + 1} by {float(drift[begun].max()):.1e}, in charge {charge}"
    return Finding(
        claim,
        Verdict.BROKEN if bool(wrong.any()) else Verdict.HOLDS,
        message,
        largest={"float64": largest},
        typical={"float64": float(drift.median())},
        allowed=allowed,
    )


def _size(pair: Tree, now: Tensor) -> Tensor:
    """The largest momentum or charge of each entry, `(batch, 1)`."""
    momenta = _momenta(pair[0], pair[1])
    return torch.maximum(momenta.abs().amax(1, keepdim=True), now.abs().amax(1, keepdim=True))
