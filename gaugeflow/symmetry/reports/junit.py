"""Reports as JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from gaugeflow.symmetry.reports.findings import Finding
from gaugeflow.symmetry.reports.report import Report
from gaugeflow.symmetry.reports.text import finding_lines

__all__ = ["to_junit"]


def to_junit(reports: Sequence[Report], suite: str = "gaugeflow check") -> str:
    """JUnit XML: one test case for each finding, the report in its output; what could not run is an error."""
    root = ElementTree.Element("testsuites")
    findings = [finding for report in reports for finding in report.findings]
    failed = [f for f in findings if f.verdict.value != "holds" and f.verdict.could_run]
    errors = [f for f in findings if not f.verdict.could_run]
    counts = {"tests": len(findings), "failures": len(failed), "errors": len(errors), "skipped": 0}
    total = sum(report.seconds for report in reports)
    attributes = {"name": suite, "time": f"{total:.3f}"} | {key: str(count) for key, count in counts.items()}
    node = ElementTree.SubElement(root, "testsuite", attributes)
    for report in reports:
        for finding in report.findings:
            _junit_case(node, report, finding)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _junit_case(suite: ElementTree.Element, report: Report, finding: Finding) -> None:
    seconds = report.seconds / len(report.findings)
    case = ElementTree.SubElement(
        suite, "testcase", classname=_printable(report.name), name=finding.claim, time=f"{seconds:.3f}"
    )
    text = _printable("\n".join(finding_lines(finding)))
    if finding.verdict.value != "holds":
        kind = "failure" if finding.verdict.could_run else "error"
        attributes = {"message": _printable(finding.message), "type": finding.verdict.value}
        ElementTree.SubElement(case, kind, attributes).text = text
    ElementTree.SubElement(case, "system-out").text = text


def _printable(text: str) -> str:
    """XML 1.0 has no control characters, not even escaped ones."""
    return "".join(c if c in "\t\n" or c >= " " else "?" for c in text)
