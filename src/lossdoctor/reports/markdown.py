"""The report to paste into a chat, a forum or an issue: under 4,000 characters, whatever was found.

A reader, person or program, that cannot see the run gets what it needs to go on: the verdict, the numbers
beside what is healthy, what was ruled out and by which number, and what nobody could tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from lossdoctor.words import Arm, DataReport, Evidence, Finding, Report, short

from .bounded import LIMIT, Page, fenced, plain_text, quoted, visible_code
from .data_words import asked_words, clock_words, column_cells, learner_words, need_a_run, size_words, window_words
from .plain import clip, one_line
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

__all__ = ["LIMIT", "MarkdownReporter", "evidence", "judged", "render_markdown", "whereabouts"]

_CHANGE = 1_100
"""Most characters of the change that is shown under a finding."""
SHOWN_COLUMNS = 16
_KEPT = 260
"""Characters kept for saying how many causes were ruled out, and how many could not be judged."""


class MarkdownReporter:
    """Renders Markdown (CommonMark, with GitHub's tables)."""

    name = "markdown"
    suffix = ".md"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return render_markdown(report)


def render_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The report in at most `limit` characters. What does not fit is dropped from the end, row by row,
    and counted."""
    page = Page(limit - 120)
    page.reserve(_KEPT)
    _head(page, report)
    groups = grouped(report.findings)
    where = whereabouts(report)
    for group in groups[:1]:
        _finding(page, group.finding, report)
        page.rows("", [f"- follows from it: {_short_finding(f)}" for f in group.consequences], where)
    if not report.findings:
        page.put("Nothing wrong was found." if report.verdict in ("learning", "converged", "too-short", "fit") else "No cause was found.")
    if report.cure is not None:
        patch = f" Patch: {quoted(f'{report.out}/{report.cure.best.patch}', 90)}" if report.cure.best and report.cure.best.patch else ""
        page.put(f"**Fix tried**: {plain_text(report.cure.answer, 300)}{patch}")
    if report.arms:
        page.rows(
            f"**What if** ({what_if_words(report)})\n\n| outcome | change | reached |\n| --- | --- | --- |",
            [_arm_row(arm) for arm in arms_by_outcome(report.arms)], where,
        )  # fmt: skip
    rest = [line for group in groups[1:] for line in _with_consequences(group.finding, group.consequences)]
    page.rows("**Also found**\n", rest, where)
    if len(report.trainings) > 1:
        page.rows(
            "**Trainings in this run**\n",
            [f"- {plain_text(t.name, 60)}: {t.verdict}, skill {short(t.skill)}, {short(t.steps)} steps"
             for t in report.trainings],
            where,
        )  # fmt: skip
    notes = [f"- {plain_text(note, 160 if report.data is None else 260)}" for note in report.notes]
    if report.data is not None:
        page.rows("**Notes**\n", notes, where)
        _columns(page, report.data, where)
    judged(page, report, where)
    if report.data is None:
        page.rows("**Notes**\n", notes, where)
    if report.next_command:
        page.put(f"Next: {quoted(report.next_command, 90)}", keep=True)
    return page.text()


def whereabouts(report: Report) -> str:
    """Where everything is that a page leaves out."""
    path = f"{report.out}/report.json" if report.out else "report.json"
    return quoted(path if len(path) <= 60 else "report.json", 60)


def judged(page: Page, report: Report, where: str) -> None:
    """What could not be judged, and what was ruled out by which number; gives back what was reserved for it."""
    page.reserve(-_KEPT // 2)
    same, rest = need_a_run(report.not_judged) if report.data is not None else (0, report.not_judged)
    missing = [f"- `{n.cause}` needs {plain_text(n.needs, 120)}" for n in rest]
    page.rows("**Could not be judged**\n", [*([f"- {same} causes that need a watched run (`lossdoctor check train.py`)"] if same else []), *missing], where)
    page.reserve(-_KEPT // 2)
    page.rows("**Ruled out**\n", [f"- `{h.cause}`: {plain_text(h.why, 120)}" for h in report.healthy], where)


def _head(page: Page, report: Report) -> None:
    page.put(
        f"**lossdoctor: {plain_text(report.script, 80)}: {report.verdict}.** {plain_text(report.answer, 300)}",
        keep=True,
    )
    if report.data is not None:
        _told(page, report, report.data)
        return
    facts = [f"{short(report.steps)} steps in {duration(report.seconds)}"]
    if report.skill is not None:
        facts.insert(0, f"skill {short(report.skill)} (0 knows nothing, 1 is perfect)")
    if report.skill_held_back is not None:
        facts.insert(1, f"on held-back data {short(report.skill_held_back)}")
    facts += [f"{plain_text(name, 40)} reaches {short(value)}" for name, value in list(report.baselines.items())[:4]]
    facts += [f"{plain_text(name, 20)} {plain_text(value, 20)}" for name, value in list(report.versions.items())[:3]]
    page.put("; ".join(facts), keep=True)


def _told(page: Page, report: Report, data: DataReport) -> None:
    """A data file: what is to be told from what, and what simple learners make of it."""
    lines = [f"{size_words(data)}; asked: {asked_words(data)}."]
    lines += [f"Skill (0 is the mean, 1 perfect) of {words}." for words in [learner_words(report)] if words]
    lines += [f"Ridge by rows in the window: {words}." for words in [window_words(data)] if words]
    lines += [f"Time: {words}." for words in [clock_words(data)] if words]
    page.put("\n".join(f"- {plain_text(line, 300)}" for line in lines), keep=True)


def _columns(page: Page, data: DataReport, where: str) -> None:
    kept = (0, 2, 3, 5, 6, 7, 8)
    rows = ["| " + " | ".join(plain_text(column_cells(c)[k], 30) for k in kept) + " |" for c in data.columns[:SHOWN_COLUMNS]]
    page.rows(
        "| column | used as | missing | mean | deviation | smallest | largest |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |", rows, where
    )


def _finding(page: Page, finding: Finding, report: Report) -> None:
    page.put(f"### {finding.severity}: `{finding.cause}`\n\n{plain_text(finding.summary, 400)}", keep=True)
    evidence(page, finding, whereabouts(report))
    if finding.where is not None:
        line = f"\n{fenced(clip(visible_code(finding.where.text.strip()), 160), 'python')}" if finding.where.text else ""
        page.put(f"At {quoted(place_words(finding.where), 120)}{':' if line else '.'}{line}")
    if finding.fixes:
        _change(page, finding, whereabouts(report))
    words = certainty(finding, report)
    page.put(f"How sure: {plain_text(words.sure, 400)}. We would change our mind if {words.change}.")


def evidence(page: Page, finding: Finding, where: str) -> None:
    """The numbers that led to a finding, beside what is healthy."""
    page.rows("| evidence | measured | healthy |\n| --- | ---: | --- |", [_evidence(e) for e in finding.evidence[:8]], where)


def _change(page: Page, finding: Finding, where: str) -> None:
    fix = finding.fixes[0]
    title = f"Change ({fix.safety}): {plain_text(fix.title or fix.id, 160)}"
    code = visible_code(fix.snippet).strip("\n")
    if is_diff(fix.snippet):
        page.diff(title, fix.snippet, _CHANGE, where)
    elif not code or len(code) > _CHANGE or not page.put(f"{title}\n{fenced(code, 'python')}"):
        page.put(title + (f" (in full in {where})" if code else ""))


def _with_consequences(finding: Finding, under: Sequence[Finding]) -> list[str]:
    return [f"- {_short_finding(finding)}", *(f"  - follows from it: {_short_finding(f)}" for f in under)]


def _short_finding(finding: Finding) -> str:
    where = f" ({quoted(place_words(finding.where), 80)})" if finding.where else ""
    return (
        f"{finding.severity} `{finding.cause}`: {plain_text(finding.summary, 200)}{where} "
        f"{percent(finding.confidence)} sure, by {finding.proof}."
    )


def _evidence(item: Evidence) -> str:
    return f"| {plain_text(item.what, 90)} | {plain_text(short(item.value), 60)} | {plain_text(item.healthy, 60)} |"


def _arm_row(arm: Arm) -> str:
    outcome = "the original" if arm.fix in CONTROL_FIXES else arm.outcome
    note = f" ({one_line(arm.note)})" if arm.note else ""
    return f"| {plain_text(outcome, 30)} | {plain_text(fix_words(arm) + note, 100)} | {level_of(arm)} |"
