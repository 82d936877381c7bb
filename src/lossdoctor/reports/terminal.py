"""The report on a terminal: the answer first, the first finding in full, the rest short.

`render` is pure; `print_report` looks at the stream and the environment (`NO_COLOR`, `FORCE_COLOR`,
`TERM`, `COLUMNS`) and decides width, colour and alphabet.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from rich.cells import cell_len

from lossdoctor.words import DataReport, Evidence, Finding, FixProposal, Report, short

from .data_words import asked_words, clock_words, column_cells, learner_words, need_a_run, size_words, window_words
from .plain import one_line, visible
from .quoting import quote
from .sheet import Column, Sheet
from .sparkline import BARS
from .whatif_table import what_if_table
from .wording import (
    Group,
    certainty,
    duration,
    grouped,
    is_diff,
    percent,
    place_words,
    when_words,
)

__all__ = ["TerminalReporter", "print_report", "render_terminal"]

WIDEST = 120
"""Longer lines than this are hard to read, however wide the terminal."""

PIPED_WIDTH = 100

SHOWN_EVIDENCE = 3
SHOWN_NOT_JUDGED = 3
SHOWN_NOTES = 4
SHOWN_COLUMNS = 24

_SEVERITY_STYLE = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_VERDICT_STYLE = {"learning": "bold green", "converged": "bold green", "fit": "bold green", "too-short": "bold yellow"}
_SAFETY = {
    "safe": "",
    "unsafe": " (may change what else the script does: look at it)",
    "shown": " (by hand)",
}


class TerminalReporter:
    """Renders the report as lines of text."""

    name = "text"
    suffix = ".txt"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return render_terminal(report, width=width or PIPED_WIDTH, colour=colour)


_NOTHING = {True: "Nothing wrong was found", False: "No cause was found"}


def _well(report: Report) -> bool:
    return report.verdict in ("learning", "converged", "too-short", "fit")


def print_report(
    report: Report, stream: TextIO, *, colour: bool | None = None, environ: Mapping[str, str] = os.environ
) -> None:
    """Writes the report to `stream` as it can take it. Colour only on a terminal, unless `colour` or
    FORCE_COLOR says otherwise; never with NO_COLOR or a dumb terminal. What the stream's encoding
    cannot say is replaced, never raised."""
    terminal = stream.isatty()
    dumb = environ.get("TERM", "") in ("dumb", "unknown")
    if colour is None:
        colour = (terminal and not dumb) or bool(environ.get("FORCE_COLOR"))
        colour = colour and not environ.get("NO_COLOR")
    columns = environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        width = int(columns)
    else:
        width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns if terminal else PIPED_WIDTH
    encoding = stream.encoding or "utf-8"
    text = render_terminal(report, width=width, colour=colour, ascii=dumb or not _speaks(encoding))
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def _speaks(encoding: str) -> bool:
    try:
        (BARS + "│–→❯").encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def render_terminal(report: Report, *, width: int = PIPED_WIDTH, colour: bool = False, ascii: bool = False) -> str:
    """The report as text of at most `width` columns (at least 30, at most 120). With `ascii` no sign
    of ours lies outside ASCII."""
    sheet = Sheet(min(width, WIDEST), colour=colour, ascii=ascii)
    _head(sheet, report)
    groups = grouped(report.findings)
    if groups:
        _first(sheet, groups[0], report)
    elif not report.findings:
        sheet.blank()
        sheet.add(_nothing_found(report))
    what_if_table(sheet, report)
    _others(sheet, groups)
    _trainings(sheet, report)
    if report.data is not None:
        _columns(sheet, report.data)
    _rest(sheet, report)
    return sheet.text()


def _head(sheet: Sheet, report: Report) -> None:
    facts = [one_line(report.script)]
    version = one_line(report.versions.get(report.framework, ""))
    facts.append(f"{one_line(report.framework)} {version}".strip())
    facts.append(size_words(report.data) if report.data is not None else f"{short(report.steps)} steps in {duration(report.seconds)}")
    if report.overhead is not None:
        facts.append(f"watching cost {percent(report.overhead)}")
    facts = [fact for fact in facts if fact]
    sheet.add((" · ".join([f"lossdoctor {report.version}".strip(), *facts]), "dim"))
    sheet.blank()
    word = report.verdict.upper()
    style = _VERDICT_STYLE.get(report.verdict, "bold red")
    sheet.add((word, style), "  ", (one_line(report.answer), "bold"), hang=len(word) + 2 if sheet.width >= 80 else 2)
    if report.skill is not None:
        held = ""
        if report.skill_held_back is not None:
            held = f", on held-back data {short(report.skill_held_back)}"
        best = max(report.baselines.items(), key=lambda item: item[1], default=None)
        data = f"; {one_line(best[0])} reaches {short(best[1])} on the same data" if best else ""
        sheet.add((f"skill {short(report.skill)}{held} (0 knows nothing, 1 is perfect){data}", "dim"))
    if report.data is not None:
        _told(sheet, report, report.data)


def _told(sheet: Sheet, report: Report, data: DataReport) -> None:
    """What is to be told from what, and what simple learners make of it."""
    for lead, words in (
        ("asked    ", asked_words(data)),
        ("skill    ", learner_words(report)),
        ("window   ", window_words(data)),
        ("time     ", clock_words(data)),
    ):
        if words:
            sheet.add((lead, "dim"), words, hang=9)


def _columns(sheet: Sheet, data: DataReport) -> None:
    """As many of the numbers as the terminal is wide for."""
    titles = ("column", "kind", "used as", "missing", "distinct", "mean", "deviation", "smallest", "largest", "extreme", "lag 1")
    kept = range(len(titles)) if sheet.width >= 110 else (0, 2, 3, 5, 6, 7, 8) if sheet.width >= 70 else (0, 3, 5, 6)
    cells = [column_cells(column) for column in data.columns[:SHOWN_COLUMNS]]
    sheet.blank()
    sheet.table(tuple(Column(titles[k], right=k > 2, bends=k in (0, 2)) for k in kept), [tuple(row[k] for k in kept) for row in cells])
    if len(data.columns) > SHOWN_COLUMNS:
        sheet.add((f"and {len(data.columns) - SHOWN_COLUMNS} more columns in the report", "dim"))


def _nothing_found(report: Report) -> str:
    if report.not_judged and report.data is None:
        return f"{_NOTHING[_well(report)]}; {_count(len(report.not_judged), 'cause')} could not be judged."
    return f"{_NOTHING[_well(report)]}."


def _first(sheet: Sheet, group: Group, report: Report) -> None:
    finding = group.finding
    sheet.blank()
    sheet.add(
        (f"1  {finding.severity}", _SEVERITY_STYLE[finding.severity]),
        "  ",
        (finding.cause, "bold"),
        (when_words(finding), "dim"),
    )
    sheet.add((one_line(finding.summary), "bold"), indent=3)
    _evidence(sheet, finding.evidence)
    if finding.where is not None:
        sheet.blank()
        quote(sheet, finding.where, report)
    if finding.fixes:
        sheet.blank()
        _change(sheet, finding.fixes)
    sheet.blank()
    words = certainty(finding, report)
    sheet.add(("how sure  ", "dim"), words.sure, indent=3, hang=10)
    sheet.add(("unless    ", "dim"), words.change, indent=3, hang=10)
    for under in group.consequences:
        _consequence(sheet, under, 3)


def _consequence(sheet: Sheet, finding: Finding, indent: int) -> None:
    where = f" ({place_words(finding.where)})" if finding.where else ""
    sheet.add(
        ("└ follows from it: ", "dim"),
        (finding.cause, _SEVERITY_STYLE[finding.severity]),
        "  ",
        one_line(finding.summary),
        (where, "dim"),
        indent=indent,
        hang=2,
    )


def _evidence(sheet: Sheet, evidence: tuple[Evidence, ...]) -> None:
    if not evidence:
        return
    sheet.blank()
    columns = (
        Column("evidence", bends=True),
        Column("measured", right=True),
        Column("healthy", bends=True, style="green"),
    )
    rows = [(one_line(e.what), (one_line(short(e.value)), "bold"), one_line(e.healthy)) for e in evidence[:SHOWN_EVIDENCE]]
    if any(len(row[1][0]) > 24 for row in rows):
        columns = (columns[0], Column("measured", bends=True), columns[2])
    sheet.table(columns, rows, indent=3)
    if len(evidence) > SHOWN_EVIDENCE:
        sheet.add((f"and {len(evidence) - SHOWN_EVIDENCE} more in the report", "dim"), indent=3)


def _change(sheet: Sheet, fixes: tuple[FixProposal, ...]) -> None:
    fix = fixes[0]
    title = one_line(fix.title) or fix.id
    sheet.add(("change: ", "dim"), title, (_SAFETY[fix.safety], "dim"), indent=3, hang=2)
    if is_diff(fix.snippet):
        for line in visible(fix.snippet).splitlines():
            if line.startswith(("--- ", "+++ ", "@@", "diff ")):
                sheet.code("", line, "dim", indent=5)
            else:
                style = {"+": "green", "-": "red"}.get(line[:1], "")
                sheet.code(line[:1] + " ", line[1:], style, indent=5, lead_style=style)
    else:
        for line in visible(fix.snippet).splitlines():
            sheet.add(line, indent=5, hang=2)
    for other in fixes[1:]:
        sheet.add(
            ("or: ", "dim"),
            one_line(other.title) or other.id,
            (_SAFETY[other.safety], "dim"),
            indent=3,
            hang=4,
        )


def _others(sheet: Sheet, groups: tuple[Group, ...]) -> None:
    if len(groups) < 2:
        return
    sheet.blank()
    sheet.add(("Also", "bold"))
    for group in groups[1:]:
        finding = group.finding
        where = f" ({place_words(finding.where)})" if finding.where else ""
        sheet.add(
            f"{group.rank}  ",
            (finding.severity, _SEVERITY_STYLE[finding.severity]),
            " ",
            (finding.cause, "bold"),
            "  ",
            one_line(finding.summary),
            (f"{where} {percent(finding.confidence)} sure", "dim"),
            hang=3,
        )
        for under in group.consequences:
            _consequence(sheet, under, 3)


def _trainings(sheet: Sheet, report: Report) -> None:
    if len(report.trainings) < 2:
        return
    sheet.blank()
    sheet.add((f"{len(report.trainings)} trainings in this run", "bold"))
    rows: list[tuple[str | tuple[str, str], ...]] = []
    for training in report.trainings:
        skill = f"skill {short(training.skill)}" if training.skill is not None else ""
        style = _VERDICT_STYLE.get(training.verdict, "bold red")
        rows.append(
            (
                str(training.index + 1),
                one_line(training.name),
                (training.verdict, style),
                skill,
                (
                    f"steps {short(training.first_step)} to {short(training.first_step + training.steps)}",
                    "dim",
                ),
            )
        )
    sheet.table((Column(), Column(bends=True), Column(), Column(), Column(bends=True)), rows, indent=3)


def _rest(sheet: Sheet, report: Report) -> None:
    sheet.blank()
    for note in report.notes[:SHOWN_NOTES]:
        sheet.add(("note: ", "dim"), one_line(note), hang=6)
    if len(report.notes) > SHOWN_NOTES:
        sheet.add((f"and {len(report.notes) - SHOWN_NOTES} more notes in the report", "dim"))
    same, not_judged = need_a_run(report.not_judged) if report.data is not None else (0, report.not_judged)
    if same:
        sheet.add((f"not judged: {same} causes that need a watched run: lossdoctor check train.py", "dim"), hang=12)
    for missing in not_judged[:SHOWN_NOT_JUDGED]:
        sheet.add(("not judged: ", "dim"), missing.cause, (f" (needs {one_line(missing.needs)})", "dim"), hang=12)
    if len(not_judged) > SHOWN_NOT_JUDGED:
        sheet.add((f"not judged: {len(not_judged) - SHOWN_NOT_JUDGED} more, listed in the report", "dim"))
    out = one_line(report.out)
    if report.healthy:
        ask = f": lossdoctor explain --why-not ID{f' {out}' if out else ''}"
        sheet.add((f"{_count(len(report.healthy), 'cause')} ruled out{ask}", "dim"))
    sheet.blank()
    page = f"{out.rstrip('/')}/report.html" if out else ""
    command = one_line(report.next_command)
    if command and page and cell_len(command) + cell_len(page) + 20 <= sheet.width:
        sheet.add(("next: ", "dim"), (command, "bold"), ("    pictures: ", "dim"), page)
        return
    for lead, what in (("next: ", command), ("pictures: ", page)):
        if what:
            sheet.add((lead, "dim"), (what, "bold" if what == command else ""), hang=2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
