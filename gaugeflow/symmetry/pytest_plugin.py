"""A pytest plugin: the marker and the fixture `symmetry` run checks and attach their reports to the JUnit output.

    @pytest.mark.symmetry("gauge: links -> scalars")
    def test_action_is_gauge_invariant():
        return action, links            # the function under test and an example input

    def test_network(symmetry):
        symmetry(network, Links(u), "gauge * translations", out=SiteMatrices)

Both run in float32 and float64. A test that asks for a check and makes none fails. Nothing heavy is imported before
the first check.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from gaugeflow.symmetry.claims import Claim
    from gaugeflow.symmetry.reports.report import Report

CHECKER: pytest.StashKey[SymmetryChecker] = pytest.StashKey()
VERDICT = "symmetry.verdict"
_Made = TypeVar("_Made")


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

        options = self._options() | {"label": self.item.name} | options
        return self.attach(_asked(lambda: check(f, x, group, out=out, **options)))

    def verify(self, *claims: Claim, **options: Any) -> Report:
        """The same for claims: an equivariance, a bijection, a Markov move, a gradient. All are verified, also where
        one fails."""
        return self.attach(*(_asked(partial(claim.verify, **(self._options() | options))) for claim in claims))

    def attach(self, *reports: Report) -> Report:
        """Add reports, also such as were made elsewhere, to the JUnit output, and fail the test with the text of those
        that do not hold."""
        made = [self._recorded(report) for report in reports]
        failed = [str(report) for report in made if not report.holds]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)
        return made[-1]

    def _recorded(self, report: Report) -> Report:
        self.item.user_properties.append(("symmetry", json.dumps(_plain(report))))
        self.item.user_properties.append((VERDICT, report.verdict.value))
        self.item.add_report_section("call", "symmetry", str(report))
        return report


def _asked(run: Callable[[], _Made]) -> _Made:
    """What `run` returns; what it refuses fails the test with one sentence."""
    try:
        return run()
    except (TypeError, ValueError) as error:
        refused = str(error)
    pytest.fail(f"the symmetry check could not be made: {refused}", pytrace=False)


def _plain(report: Report) -> dict[str, Any]:
    from gaugeflow.symmetry.reports.plain import json_safe

    plain: Any = json_safe(report.to_dict())
    return plain


def _checker(item: pytest.Item) -> SymmetryChecker:
    if CHECKER not in item.stash:
        item.stash[CHECKER] = SymmetryChecker(item)
    return item.stash[CHECKER]


@pytest.fixture
def symmetry(request: pytest.FixtureRequest) -> SymmetryChecker:
    """Runs `check(f, x, group, out=...)` in both precisions and attaches the report to the JUnit output."""
    return _checker(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A marked test returns what is to be checked, or checks it with the fixture."""
    marker = pyfuncitem.get_closest_marker("symmetry")
    if marker is None:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    made = pyfuncitem.obj(**arguments)
    if made is not None:
        _check_returned(pyfuncitem, made, marker)
    return True


def _check_returned(item: pytest.Function, made: Any, marker: pytest.Mark) -> None:
    from gaugeflow.symmetry.targets import claims_from

    options = dict(marker.kwargs)
    groups = list(marker.args) + ([options.pop("group")] if "group" in options else [])
    claims = _asked(lambda: claims_from(made, groups, item.name))
    if claims:
        _checker(item).verify(*claims, **options)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that asks for a check, by the marker or by the fixture, and makes none has not passed."""
    before = _reports_made()
    yield
    marked = item.get_closest_marker("symmetry") is not None
    if (marked or CHECKER in item.stash) and _reports_made() == before:
        asked = "is marked with `symmetry`" if marked else "takes the fixture `symmetry`"
        pytest.fail(f"no symmetry was checked: the test {asked}, and {_reason(item)}", pytrace=False)


def _reports_made() -> int:
    """How many reports there are so far, by whatever way they were asked for."""
    loaded = sys.modules.get("gaugeflow.symmetry.reports.report")
    return loaded.Report.made if loaded else 0


def _reason(item: pytest.Item) -> str:
    if getattr(item, "nofuncargs", False):
        return "a unittest.TestCase returns nothing to pytest: write a function, or use the assertions of the package"
    if CHECKER in item.stash and "symmetry" in getattr(item, "fixturenames", ()):
        return "never calls it"
    return "returns nothing to check: return (f, x), (f, x, group, out) or a claim"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line for each check with -v, one for all of them without; read from the reports, which workers send."""
    done = [report for reports in terminalreporter.stats.values() for report in reports if hasattr(report, "when")]
    checks = [
        (report.nodeid, value)
        for report in done
        if report.when == "call"
        for key, value in report.user_properties
        if key == VERDICT
    ]
    if not checks:
        return
    held = sum(verdict == "holds" for _, verdict in checks)
    terminalreporter.write_sep("-", f"symmetry: {held} of {len(checks)} checks hold")
    if config.getoption("verbose") > 0:
        for nodeid, verdict in checks:
            terminalreporter.write_line(f"{nodeid}: {verdict}")
