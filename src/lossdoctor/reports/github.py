"""GitHub's workflow commands: each finding as an annotation at its line.

Format and escapes as in the runner's documentation of workflow commands: `%`, CR and LF in a message,
and `:` and `,` too in a property.
"""

from __future__ import annotations

from lossdoctor.words import Finding, Report, short

from .plain import one_line
from .wording import grouped, is_diff, percent

__all__ = ["GithubReporter", "render_github"]

_LEVEL = {"error": "error", "warning": "warning", "note": "notice"}


class GithubReporter:
    """Renders workflow commands, one a line."""

    name = "github"
    suffix = ".txt"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return render_github(report)


def render_github(report: Report) -> str:
    """One annotation a finding in order of rank, and one for the verdict."""
    lines = []
    for group in grouped(report.findings):
        lines.append(_annotation(group.finding, ""))
        lines.extend(_annotation(under, f" (follows from {group.finding.cause})") for under in group.consequences)
    skill = f" Skill {short(report.skill)}." if report.skill is not None else ""
    title = _property(f"lossdoctor: {one_line(report.script)} {report.verdict}")
    lines.append(f"::notice title={title}::{_message(one_line(report.answer) + skill)}")
    return "".join(line + "\n" for line in lines)


def _annotation(finding: Finding, because: str) -> str:
    properties = []
    if finding.where is not None:
        properties += [f"file={_property(one_line(finding.where.file))}", f"line={finding.where.line}"]
        if finding.where.column is not None:
            properties.append(f"col={finding.where.column + 1}")
    properties.append(f"title={_property(f'lossdoctor: {finding.cause}{because}')}")
    message = [one_line(finding.summary)]
    for item in finding.evidence[:3]:
        healthy = f" (healthy: {one_line(item.healthy)})" if item.healthy else ""
        message.append(f"{one_line(item.what)}: {one_line(short(item.value))}{healthy}")
    if finding.fixes:
        fix = finding.fixes[0]
        message.append(f"Change: {one_line(fix.title) or fix.id}")
        if is_diff(fix.snippet):
            message.append(fix.snippet.strip("\n"))
    message.append(f"{percent(finding.confidence)} sure, by {finding.proof}.")
    return f"::{_LEVEL[finding.severity]} {','.join(properties)}::{_message(chr(10).join(message))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
