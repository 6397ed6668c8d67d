"""What is claimed about a function, in one object: the breakers change it, the command and the plugin verify it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.checks.action import check_action
from gaugeflow.symmetry.checks.bijection import check_invertible, check_logdet
from gaugeflow.symmetry.checks.equivariance import check, label_of
from gaugeflow.symmetry.checks.gradient import check_gradient
from gaugeflow.symmetry.checks.markov import check_detailed_balance
from gaugeflow.symmetry.reports.report import Report

__all__ = ["Action", "Balance", "Bijection", "Claim", "Equivariance", "Gradient", "options_of"]


@dataclass(frozen=True)
class Claim:
    """A function with an example input, and what is said to be true of it."""

    f: Callable[..., Any]
    x: Tree
    label: str = ""

    def verify(self, **options: Any) -> Report:
        raise NotImplementedError

    def with_f(self, f: Callable[..., Any]) -> Self:
        return replace(self, f=f)

    @property
    def name(self) -> str:
        return self.label or label_of(self.f)


@dataclass(frozen=True)
class Equivariance(Claim):
    """f(D(g) x) = D(g) f(x), see `check`."""

    group: Group | str = ""
    out: Any = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label_of_group(self) -> str:
        return group_named(self.group).label()

    def verify(self, **options: Any) -> Report:
        group = group_named(self.group)
        return check(self.f, self.x, group, out=self.out, label=self.name, **_known(check, self.options | options))


@dataclass(frozen=True)
class Action(Claim):
    """The group `f` acts on x as a group, see `check_action`."""

    f: Any

    def verify(self, **options: Any) -> Report:
        return check_action(self.f, self.x, label=self.name, **_known(check_action, options))


@dataclass(frozen=True)
class Bijection(Claim):
    """`inverse` inverts f(x) -> (y, log|det J|), and the log-determinant is right."""

    inverse: Callable[..., Any] | None = None

    def verify(self, **options: Any) -> Report:
        options = _known(check_logdet, options, without="trials")
        report = check_logdet(self.f, self.x, label=self.name, **options)
        if self.inverse is not None:
            report += check_invertible(self.f, self.inverse, self.x, label=self.name, **options)
        return report


@dataclass(frozen=True)
class Balance(Claim):
    """The move f(x, generator) satisfies detailed balance for exp(log_prob)."""

    log_prob: Callable[..., Any] = lambda x: x

    def verify(self, **options: Any) -> Report:
        options = _known(check_detailed_balance, options)
        return check_detailed_balance(self.f, self.log_prob, self.x, label=self.name, **options)


@dataclass(frozen=True)
class Gradient(Claim):
    """`gradient` is that of f, autograd's if None."""

    gradient: Callable[..., Any] | None = None

    def verify(self, **options: Any) -> Report:
        options = _known(check_gradient, options, without="trials")
        return check_gradient(self.f, self.gradient, self.x, label=self.name, **options)


def options_of(*checks: Callable[..., Any]) -> set[str]:
    """The options by name that these checks have."""
    parameters = (p for check in checks for p in inspect.signature(check).parameters.values())
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} - {"out", "label"}


def _known(of: Callable[..., Any], options: dict[str, Any], without: str = "") -> dict[str, Any]:
    """Those of the options that a check has; a `TypeError` for one that no check has. Trials of the expensive checks
    are their own affair."""
    every = options_of(check, check_logdet, check_detailed_balance, check_gradient)
    unknown = sorted(set(options) - every)
    if unknown:
        raise TypeError(f"expected options among {', '.join(sorted(every))}, got {', '.join(unknown)}")
    return {key: value for key, value in options.items() if key in options_of(of) - {without}}
