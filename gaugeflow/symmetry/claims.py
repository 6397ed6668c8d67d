"""What is claimed about a function, in one object: the breakers change it, the command and the plugin verify it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.algebra.curie import check_curie
from gaugeflow.symmetry.algebra.discovery import check_symmetries
from gaugeflow.symmetry.algebra.noether import check_conserved
from gaugeflow.symmetry.algebra.representations.completeness import check_complete
from gaugeflow.symmetry.algebra.separation import check_separates
from gaugeflow.symmetry.checks.action import check_action
from gaugeflow.symmetry.checks.bijection import check_invertible, check_logdet
from gaugeflow.symmetry.checks.equivariance import check, label_of
from gaugeflow.symmetry.checks.gradient import check_gradient
from gaugeflow.symmetry.checks.markov import check_detailed_balance
from gaugeflow.symmetry.checks.systems.extensive import check_extensive
from gaugeflow.symmetry.checks.systems.local import check_local
from gaugeflow.symmetry.checks.systems.smooth import check_smooth
from gaugeflow.symmetry.reports.report import Report

__all__ = [
    "Action",
    "Balance",
    "Bijection",
    "Claim",
    "Complete",
    "Conservation",
    "Curie",
    "Discovered",
    "Equivariance",
    "Extensive",
    "Gradient",
    "Local",
    "Separating",
    "Smooth",
    "options_of",
]


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
class Complete(Claim):
    """f reaches every linear map that commutes with the group, see `check_complete`."""

    group: Group | str = ""
    out: Any = None

    def verify(self, **options: Any) -> Report:
        options = _known(check_complete, options)
        return check_complete(self.f, self.x, self.group, out=self.out, label=self.name, **options)


@dataclass(frozen=True)
class Gradient(Claim):
    """`gradient` is that of f, autograd's if None."""

    gradient: Callable[..., Any] | None = None

    def verify(self, **options: Any) -> Report:
        options = _known(check_gradient, options, without="trials")
        return check_gradient(self.f, self.gradient, self.x, label=self.name, **options)


@dataclass(frozen=True)
class Conservation(Claim):
    """The step f(q, p) conserves the charges of a group, see `check_conserved`; x is the pair (q, p)."""

    group: Group | str = ""
    steps: int = 20

    def verify(self, **options: Any) -> Report:
        options = _known(check_conserved, options)
        return check_conserved(self.f, self.x, self.group, steps=self.steps, label=self.name, **options)


@dataclass(frozen=True)
class Curie(Claim):
    """The symmetries of the example are among those of f(x), see `check_curie`."""

    group: Group | str = ""
    out: Any = None

    def verify(self, **options: Any) -> Report:
        return check_curie(self.f, self.x, self.group, self.out, label=self.name, **_known(check_curie, options))


@dataclass(frozen=True)
class Discovered(Claim):
    """f is constant along as many independent directions as `named` says, and no others, see `symmetries_of`."""

    named: dict[str, int] = field(default_factory=dict)

    def verify(self, **options: Any) -> Report:
        options = _known(check_symmetries, options)
        return check_symmetries(self.f, self.x, self.named, label=self.name, **options)


@dataclass(frozen=True)
class Separating(Claim):
    """The features f tell the orbits of a group apart, and those of each of `pairs`, see `check_separates`."""

    group: Group | str = ""
    pairs: tuple[tuple[Tree, Tree], ...] = ()

    def verify(self, **options: Any) -> Report:
        options = _known(check_separates, options)
        return check_separates(self.f, self.x, self.group, pairs=self.pairs, label=self.name, **options)


@dataclass(frozen=True)
class Extensive(Claim):
    """f of copies of a periodic system side by side is that of one, repeated or added up."""

    out: Any = "scalars"

    def verify(self, **options: Any) -> Report:
        options = _known(check_extensive, options)
        return check_extensive(self.f, self.x, out=self.out, label=self.name, **options)


@dataclass(frozen=True)
class Local(Claim):
    """f sees nothing beyond a radius."""

    out: Any = "scalars"
    radius: float = 0.0

    def verify(self, **options: Any) -> Report:
        options = _known(check_local, options)
        return check_local(self.f, self.x, self.radius, out=self.out, label=self.name, **options)


@dataclass(frozen=True)
class Smooth(Claim):
    """f and its slope have no jumps along random paths."""

    out: Any = "scalars"

    def verify(self, **options: Any) -> Report:
        return check_smooth(self.f, self.x, out=self.out, label=self.name, **_known(check_smooth, options))


def options_of(*checks: Callable[..., Any]) -> set[str]:
    """The options by name that these checks have."""
    parameters = (p for check in checks for p in inspect.signature(check).parameters.values())
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} - {"out", "label"}


def _known(of: Callable[..., Any], options: dict[str, Any], without: str = "") -> dict[str, Any]:
    """Those of the options that a check has; a `TypeError` for one that no check has. Trials of the expensive checks
    are their own affair."""
    every = options_of(
        check,
        check_logdet,
        check_detailed_balance,
        check_gradient,
        check_extensive,
        check_local,
        check_smooth,
        check_complete,
    )
    unknown = sorted(set(options) - every)
    if unknown:
        raise TypeError(f"expected options among {', '.join(sorted(every))}, got {', '.join(unknown)}")
    return {key: value for key, value in options.items() if key in options_of(of) - {without}}
