"""A pytest plugin: the marker and the fixture `symmetry` run checks and attach their reports to the JUnit output.

    @pytest.mark.symmetry("gauge: links -> scalars")
    def test_action_is_gauge_invariant():
        return action, links            # the function under test and an example input

    def test_network(symmetry):
        symmetry(network, Links(u), "gauge * translations", out=SiteMatrices)

Both run in float32 and float64. Nothing heavy is imported before the first check.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gaugeflow.symmetry.claims import Claim
    from gaugeflow.symmetry.reports.report import Report

REPORTS: pytest.StashKey[list[tuple[str, Any]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("symmetry", "symmetry checks (gaugeflow)")
    group.addoption("--symmetry-seed", type=int, default=0, help="seed of inputs and group elements")
    group.addoption("--symmetry-trials", type=int, default=32, help="number of trials of each check")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "symmetry(group, **options): the test returns (f, x), or (f, x, group, out), or a claim; it is checked "
        "in float32 and float64",
    )
    config.stash[REPORTS] = []


class SymmetryChecker:
    """What the fixture gives: call it with the arguments of `gaugeflow.symmetry.check`."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item

    def _options(self) -> dict[str, Any]:
        config = self.item.config
        return {"seed": config.getoption("--symmetry-seed"), "trials": config.getoption("--symmetry-trials")}

    def __call__(self, f: Any, x: Any, group: Any, *, out: Any, **options: Any) -> Report:
        """Check, attach the report, and fail the test with its text if the symmetry does not hold."""
        from gaugeflow.symmetry.checks.equivariance import check

        options.setdefault("label", self.item.name)
        return self.attach(check(f, x, group, out=out, **(self._options() | options)))

    def verify(self, claim: Claim, **options: Any) -> Report:
        """The same for a claim: an equivariance, a bijection, a Markov move, a gradient."""
        return self.attach(claim.verify(**(self._options() | options)))

    def attach(self, report: Report) -> Report:
        """Add a report that was made elsewhere to the JUnit output, and fail the test if it does not hold."""
        __tracebackhide__ = True
        self.item.user_properties.append(("symmetry", json.dumps(_plain(report))))
        self.item.user_properties.append(("symmetry.verdict", report.verdict.value))
        self.item.config.stash[REPORTS].append((self.item.nodeid, report))
        if not report.holds:
            pytest.fail(str(report), pytrace=False)
        self.item.add_report_section("call", "symmetry", str(report))
        return report


def _plain(report: Report) -> dict[str, Any]:
    from gaugeflow.symmetry.reports.plain import json_safe

    plain: Any = json_safe(report.to_dict())
    return plain


@pytest.fixture
def symmetry(request: pytest.FixtureRequest) -> SymmetryChecker:
    """Runs `check(f, x, group, out=...)` in both precisions and attaches the report to the JUnit output."""
    return SymmetryChecker(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A marked test returns what is to be checked, instead of checking it."""
    marker = pyfuncitem.get_closest_marker("symmetry")
    if marker is None or "symmetry" in pyfuncitem.fixturenames:
        return None
    from gaugeflow.symmetry.targets import claims_from

    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    made = pyfuncitem.obj(**arguments)
    options = dict(marker.kwargs)
    groups = list(marker.args) + ([options.pop("group")] if "group" in options else [])
    checker = SymmetryChecker(pyfuncitem)
    for claim in claims_from(made, groups, pyfuncitem.name):
        checker.verify(claim, **options)
    return True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line for each check with -v, one for all of them without."""
    reports = config.stash[REPORTS]
    if not reports:
        return
    held = sum(report.holds for _, report in reports)
    terminalreporter.write_sep("-", f"symmetry: {held} of {len(reports)} checks hold")
    if config.getoption("verbose") > 0:
        for nodeid, report in reports:
            terminalreporter.write_line(f"{nodeid}: {report.verdict.value}")
