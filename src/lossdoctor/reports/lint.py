"""What lint saw, for a terminal and for programs: text, JSON, SARIF, GitHub's annotations, pylint's lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lossdoctor.words import Finding, LintReport, UserError

from .plain import one_line

__all__ = ["LINT_FORMATS", "render_lint"]

_CELL = re.compile(r"^(?P<notebook>.+\.ipynb)\[(?P<cell>cell \d+)\]$")
_LEVEL = {"error": "error", "warning": "warning", "note": "note"}
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}
_PYLINT = {"error": "E", "warning": "W", "note": "I"}
_STYLE = {"error": "1;31", "warning": "1;33", "note": "1;34"}
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def render_lint(report: LintReport, form: str, *, colour: bool = False, titles: Mapping[str, str] | None = None) -> str:
    """`report` in that form, ending in a newline where it is not empty."""
    if form not in LINT_FORMATS:
        raise UserError(f'lint has no format "{form}". Formats: {", ".join(LINT_FORMATS)}.')
    if form == "text":
        return _text(report, colour)
    if form == "sarif":
        return _sarif(report, titles or {})
    return LINT_FORMATS[form](report)


def _text(report: LintReport, colour: bool = False) -> str:
    def painted(text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if colour else text

    lines = []
    for finding in report.findings:
        mark = painted(f"{finding.severity}[{finding.cause}]", _STYLE[finding.severity])
        fixable = " (--fix can do this)" if finding.fixes else ""
        lines.append(f"{_spot(finding)}: {mark} {one_line(finding.summary)}{fixable}")
        if finding.where is not None and finding.where.text:
            lines.append(f"    {painted(one_line(finding.where.text), '2')}")
    for unread in report.unread:
        at = f":{unread.line}" if unread.line else ""
        lines.append(f"{one_line(unread.file)}{at}: could not be looked at: {one_line(unread.why)}.")
    lines.append(_summary(report))
    return "".join(f"{line}\n" for line in lines)


def _summary(report: LintReport) -> str:
    errors = sum(f.severity == "error" for f in report.findings)
    warnings = sum(f.severity == "warning" for f in report.findings)
    notes = len(report.findings) - errors - warnings
    counts = [_count(n, word) for n, word in ((errors, "error"), (warnings, "warning"), (notes, "note")) if n]
    text = f"{_count(report.files, 'file')}: {', '.join(counts) or 'nothing found'}"
    if report.fixed:
        text += f"; {report.fixed} fixed"
    if report.ignored:
        text += f"; {report.ignored} ignored by comments"
    if report.unread:
        text += f"; {_count(len(report.unread), 'file')} could not be looked at"
    return f"{text}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spot(finding: Finding) -> str:
    where = finding.where
    return "?" if where is None else f"{one_line(where.file)}:{where.line}:{(where.column or 0) + 1}"


def _json(report: LintReport) -> str:
    whole = {
        "schema": 1, "lossdoctor": report.version, "files": report.files, "findings": [_entry(f) for f in report.findings],
        "unread": [{"file": u.file, "line": u.line, "why": u.why} for u in report.unread],
        "ignored": report.ignored, "fixed": report.fixed,
    }  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


def _entry(finding: Finding) -> dict[str, Any]:
    """A finding under the keys of report.json; `where.column` counts from 0 there and here."""
    where = finding.where
    place = None if where is None else {"file": where.file, "line": where.line, "column": where.column, "text": where.text}
    fixes = [{"id": f.id, "args": dict(f.args), "title": f.title, "snippet": f.snippet, "safety": f.safety} for f in finding.fixes]
    return {
        "id": finding.id, "cause": finding.cause, "severity": finding.severity, "confidence": finding.confidence,
        "summary": finding.summary, "where": place, "fixes": fixes, "proof": finding.proof,
    }  # fmt: skip


def _sarif(report: LintReport, titles: Mapping[str, str]) -> str:
    causes = sorted({f.cause for f in report.findings})
    rules = [{"id": c, "shortDescription": {"text": titles.get(c, c)}} for c in causes]
    results = []
    for finding in report.findings:
        result: dict[str, Any] = {
            "ruleId": finding.cause, "ruleIndex": causes.index(finding.cause), "level": _LEVEL[finding.severity],
            "message": {"text": one_line(finding.summary)},
        }  # fmt: skip
        if finding.where is not None:
            file, cell = _file(finding.where.file)
            result["message"]["text"] += f" ({cell})" if cell else ""
            place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
            if not cell:
                place["region"] = {"startLine": finding.where.line, "startColumn": (finding.where.column or 0) + 1}
            result["locations"] = [{"physicalLocation": place}]
        results.append(result)
    missing = [
        {"level": "error", "message": {"text": one_line(f"{u.file} could not be looked at: {u.why}.")}} for u in report.unread
    ]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "lossdoctor", "version": report.version, "rules": rules}}, "columnKind": "unicodeCodePoints",
        "results": results, "invocations": [{"executionSuccessful": not missing, "toolExecutionNotifications": missing}],
    }  # fmt: skip
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file.removeprefix("./").replace("\\", "/"), safe="/-._~")


def _file(name: str) -> tuple[str, str]:
    """(file, cell) of a notebook's cell; (file, "") of anything else."""
    found = _CELL.match(name)
    return (found["notebook"], found["cell"]) if found else (name, "")


def _github(report: LintReport) -> str:
    lines = []
    for finding in report.findings:
        properties = []
        text = one_line(finding.summary)
        if finding.where is not None:
            file, cell = _file(finding.where.file)
            properties.append(f"file={_property(file)}")
            if cell:
                text = f"{cell}, line {finding.where.line}: {text}"
            else:
                properties += [f"line={finding.where.line}", f"col={(finding.where.column or 0) + 1}"]
        properties.append(f"title={_property(f'lossdoctor: {finding.cause}')}")
        lines.append(f"::{_GITHUB[finding.severity]} {','.join(properties)}::{_message(text)}")
    for unread in report.unread:
        at = f",line={unread.line}" if unread.line else ""
        lines.append(f"::error file={_property(unread.file)}{at}::{_message(one_line(f'could not be looked at: {unread.why}.'))}")
    return "".join(f"{line}\n" for line in lines)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _pylint(report: LintReport) -> str:
    """`path:line: [CODE(symbol), ] message`, as pylint's parseable output; many tools read it."""
    lines = []
    for finding in report.findings:
        where = finding.where
        spot = "?:1" if where is None else f"{one_line(where.file)}:{where.line}"
        lines.append(f"{spot}: [{_PYLINT[finding.severity]}({finding.cause}), ] {one_line(finding.summary)}")
    for unread in report.unread:
        lines.append(f"{one_line(unread.file)}:{unread.line or 1}: [F(syntax-error), ] {one_line(unread.why)}.")
    return "".join(f"{line}\n" for line in lines)


LINT_FORMATS: Mapping[str, Callable[[LintReport], str]] = {
    "text": _text, "json": _json, "sarif": lambda report: _sarif(report, {}), "github": _github, "pylint": _pylint,
}  # fmt: skip
