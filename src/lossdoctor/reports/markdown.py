"""The report to paste into a chat, a forum or an issue: under 4,000 characters, whatever was found.

A reader, person or program, that cannot see the run gets what it needs to go on: the verdict, the numbers
beside what is healthy, what was ruled out and by which number, and what nobody could tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lossdoctor.words import Arm, Evidence, Finding, Report, short

from .plain import clip, one_line, visible
from .wording import (
    CONTROL_FIXES,
    arms_by_outcome,
    certainty,
    duration,
    fix_words,
    grouped,
    is_diff,
    level_of,
    percent,
    place_words,
    what_if_words,
)

__all__ = ["LIMIT", "MarkdownReporter", "render_markdown"]

LIMIT = 3_990
"""Characters; a little under the 4,000 that chats and forms commonly take."""

_CODE_LINES = 12


class MarkdownReporter:
    """Renders Markdown (CommonMark, with GitHub's tables)."""

    name = "markdown"
    suffix = ".md"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return render_markdown(report)


def render_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The report in at most `limit` characters. What does not fit is dropped from the end, row by row,
    and counted."""
    page = _Page(limit - 120)
    _head(page, report)
    groups = grouped(report.findings)
    for group in groups[:1]:
        _finding(page, group.finding, report)
        page.rows("", [f"- follows from it: {_short_finding(f)}" for f in group.consequences])
    if not report.findings:
        page.put("Nothing wrong was found." if report.verdict in ("learning", "converged", "too-short") else "No cause was found.")
    if report.arms:
        page.rows(
            f"**What if** ({what_if_words(report)})\n\n| outcome | change | reached |\n| --- | --- | --- |",
            [_arm_row(arm) for arm in arms_by_outcome(report.arms)],
        )
    rest = [line for group in groups[1:] for line in _with_consequences(group.finding, group.consequences)]
    page.rows("**Also found**\n", rest)
    if len(report.trainings) > 1:
        page.rows(
            "**Trainings in this run**\n",
            [f"- {_text(t.name, 60)}: {t.verdict}, skill {short(t.skill)}, {short(t.steps)} steps"
             for t in report.trainings],
        )  # fmt: skip
    page.rows("**Could not be judged**\n", [f"- `{n.cause}` needs {_text(n.needs, 120)}" for n in report.not_judged])
    page.rows("**Ruled out**\n", [f"- `{h.cause}`: {_text(h.why, 120)}" for h in report.healthy])
    page.rows("**Notes**\n", [f"- {_text(note, 160)}" for note in report.notes])
    if report.next_command:
        page.put(f"Next: {_code(clip(one_line(report.next_command), 90))}", keep=True)
    return page.text()


class _Page:
    """Blocks of text with a common budget of characters."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._blocks: list[str] = []

    def put(self, block: str, *, keep: bool = False) -> bool:
        """Adds a block if there is room (or in any case, with `keep`)."""
        if len(block) + 2 > self._room and not keep:
            return False
        self._room -= len(block) + 2
        self._blocks.append(block)
        return True

    def rows(self, head: str, rows: Sequence[str]) -> None:
        """As many rows as fit under a heading, and how many did not."""
        more: Callable[[int], str] = lambda left: f"\n\nand {left} more" if left else ""  # noqa: E731
        for shown in range(len(rows), 0, -1):
            block = "\n".join([*([head] if head else []), *rows[:shown]]) + more(len(rows) - shown)
            if self.put(block):
                return

    def text(self) -> str:
        return "\n\n".join(self._blocks) + "\n"


def _head(page: _Page, report: Report) -> None:
    page.put(
        f"**lossdoctor: {_text(report.script, 80)}: {report.verdict}.** {_text(report.answer, 300)}",
        keep=True,
    )
    facts = [f"{short(report.steps)} steps in {duration(report.seconds)}"]
    if report.skill is not None:
        facts.insert(0, f"skill {short(report.skill)} (0 knows nothing, 1 is perfect)")
    if report.skill_held_back is not None:
        facts.insert(1, f"on held-back data {short(report.skill_held_back)}")
    facts += [f"{_text(name, 40)} reaches {short(value)}" for name, value in list(report.baselines.items())[:4]]
    facts += [f"{_text(name, 20)} {_text(value, 20)}" for name, value in list(report.versions.items())[:3]]
    page.put("; ".join(facts), keep=True)


def _finding(page: _Page, finding: Finding, report: Report) -> None:
    page.put(f"### {finding.severity}: `{finding.cause}`\n\n{_text(finding.summary, 400)}", keep=True)
    if finding.evidence:
        page.rows(
            "| evidence | measured | healthy |\n| --- | ---: | --- |",
            [_evidence(e) for e in finding.evidence[:8]],
        )
    if finding.where is not None:
        line = f"\n{_fence(finding.where.text.strip(), 'python')}" if finding.where.text else ""
        page.put(f"At `{_tick(clip(place_words(finding.where), 120))}`{':' if line else '.'}{line}")
    if finding.fixes:
        fix = finding.fixes[0]
        title = f"Change ({fix.safety}): {_text(fix.title or fix.id, 160)}"
        diff = is_diff(fix.snippet)
        body = _fence(fix.snippet, "diff") if diff else _text(fix.snippet, 400)
        if not (fix.snippet.strip() and page.put(f"{title}\n{body}")):
            page.put(title)
    words = certainty(finding, report)
    page.put(f"How sure: {_text(words.sure, 400)}. We would change our mind if {words.change}.")


def _with_consequences(finding: Finding, under: Sequence[Finding]) -> list[str]:
    return [f"- {_short_finding(finding)}", *(f"  - follows from it: {_short_finding(f)}" for f in under)]


def _short_finding(finding: Finding) -> str:
    where = f" (`{_tick(clip(place_words(finding.where), 80))}`)" if finding.where else ""
    return (
        f"{finding.severity} `{finding.cause}`: {_text(finding.summary, 200)}{where} "
        f"{percent(finding.confidence)} sure, by {finding.proof}."
    )


def _evidence(item: Evidence) -> str:
    return f"| {_cell(item.what, 90)} | {_cell(short(item.value), 60)} | {_cell(item.healthy, 60)} |"


def _arm_row(arm: Arm) -> str:
    outcome = "the original" if arm.fix in CONTROL_FIXES else arm.outcome
    note = f" ({one_line(arm.note)})" if arm.note else ""
    return f"| {_cell(outcome, 30)} | {_cell(fix_words(arm) + note, 100)} | {level_of(arm)} |"


_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


def _text(text: str, size: int) -> str:
    """A user's words inside Markdown: on one line, at most `size` characters, none of them active. Names
    with a single underscore inside a word stay as they are."""
    escaped = _SPECIAL.sub(r"\\\1", clip(one_line(text), size))
    return re.sub(r"(?<=\w)\\_(?=\w)", "_", escaped)


def _cell(text: str, size: int) -> str:
    return _text(text, size)


def _tick(text: str) -> str:
    return text.replace("`", "'")


def _code(text: str) -> str:
    return f"`{_tick(text)}`"


def _fence(code: str, language: str) -> str:
    lines = [clip(line, 160) for line in visible(code).strip("\n").splitlines()]
    if len(lines) > _CODE_LINES:
        lines = [*lines[:_CODE_LINES], "..."]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([ticks + language, *lines, ticks])
