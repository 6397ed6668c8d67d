"""Reports as text, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree

from gaugeflow.symmetry.report import Finding, LayerError, Report

__all__ = ["json_safe", "report_data", "to_json", "to_junit", "to_text"]


def to_text(report: Report) -> str:
    """The report for people, one paragraph for each finding."""
    lines = [f"{report.name}: {report.verdict.value} ({report.seconds:.2f} s)"]
    for finding in report.findings:
        lines += _finding_lines(finding)
    return "\n".join(lines)


def _finding_lines(finding: Finding) -> list[str]:
    lines = [f"  {finding.claim}: {finding.verdict.value}", f"    {finding.message}"]
    if finding.largest:
        errors = [f"{dtype} {finding.largest[dtype]:.1e} ({finding.typical[dtype]:.1e})" for dtype in finding.largest]
        lines.append(f"    largest (typical) error in units of the output: {', '.join(errors)}")
    bound = finding.failure_rate_bound
    if bound is not None:
        lines.append(f"    {finding.trials} trials without a failure: failure rate below {bound:.1%} at 95 %")
    elif finding.failures:
        lines.append(f"    {finding.failures} of {finding.trials} trials failed")
    if finding.worst:
        lines.append(f"    worst case: seed {finding.worst.seed}, trial {finding.worst.trial}, {finding.worst.input}")
        lines += [f"      {key} = {value}" for key, value in finding.worst.element.items()]
    if finding.smallest:
        extents = ", ".join(f"{key} = {value}" for key, value in finding.smallest.items())
        lines.append(f"    still broken at {extents}")
    if finding.broken_at:
        lines.append(f"    first broken layer: {finding.broken_at}")
        lines += [_layer_line(layer, finding.broken_at) for layer in finding.layers]
    return lines + [f"    note: {note}" for note in finding.notes]


def _layer_line(layer: LayerError, culprit: str) -> str:
    own = "       -" if layer.own is None else f"{layer.own:8.1e}"
    inherited = "       -" if layer.inherited is None else f"{layer.inherited:8.1e}"
    mark = "  <-- breaks" if layer.layer == culprit else ""
    return f"      {layer.layer:24s} own {own}  inherited {inherited}  {layer.kind} -> {layer.reading}{mark}"


def report_data(reports: Sequence[Report], power: Sequence[list[dict[str, object]]] = ()) -> dict[str, object]:
    """All reports as plain values: `holds`, `reports`, and for each of them its kills under `power` if given."""
    data: list[dict[str, object]] = [report.to_dict() for report in reports]
    for row, kills in zip(data, power, strict=False):
        row["power"] = kills
    return {"holds": all(report.holds for report in reports), "reports": data}


def to_json(data: dict[str, object]) -> str:
    """One JSON object out of plain values."""
    return json.dumps(json_safe(data), indent=2)


def json_safe(data: object) -> object:
    """JSON has no infinity: numbers that are not finite become strings."""
    if isinstance(data, dict):
        return {str(key): json_safe(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [json_safe(value) for value in data]
    if isinstance(data, float) and not abs(data) < float("inf"):
        return str(data)
    return data


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
    text = _printable("\n".join(_finding_lines(finding)))
    if finding.verdict.value != "holds":
        kind = "failure" if finding.verdict.could_run else "error"
        attributes = {"message": _printable(finding.message), "type": finding.verdict.value}
        ElementTree.SubElement(case, kind, attributes).text = text
    ElementTree.SubElement(case, "system-out").text = text


def _printable(text: str) -> str:
    """XML 1.0 has no control characters, not even escaped ones."""
    return "".join(c if c in "\t\n" or c >= " " else "?" for c in text)
