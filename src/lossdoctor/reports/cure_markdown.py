"""What `fix` found, to paste: the answer, the proof as pairs, the patch, and what the diagnosis had measured."""

from __future__ import annotations

from lossdoctor.words import Report, short
from lossdoctor.words.cure import CureReport

from .bounded import LIMIT, Page, fenced, plain_text, quoted, visible_code
from .cure_text import cost_words, paired
from .markdown import evidence, judged, whereabouts

__all__ = ["render_cure_markdown"]

_PATCH, _BY_HAND = 1_900, 700
"""Most characters of the patch, and of one change by hand."""
_KEPT = 500
"""Characters kept from the patch for what was ruled out and what could not be judged."""


def render_cure_markdown(cure: CureReport, report: Report | None = None, *, limit: int = LIMIT) -> str:
    """In at most `limit` characters; the least telling is left out first, and it is said where it is. `report` is the diagnosis
    that the search began with."""
    page = Page(limit - 40)
    page.reserve(_KEPT)
    page.put(f"**lossdoctor fix: {plain_text(cure.script, 80)}.** {plain_text(cure.answer, 500)}", keep=True)
    best, all_of_it = cure.best, quoted(f"{cure.out}/fix.json" if cure.out else "fix.json", 80)
    if cure.trials:
        page.put(f"{len(cure.trials)} trials, {cost_words(cure)}.")
    if best is not None:
        columns, rows = paired(cure)
        head = f"Pairs: same script, same seed, {best.measure}\n\n| {' | '.join(plain_text(c, 60) for c in columns)} |\n"
        page.rows(head + f"| --- |{' ---: |' * (len(columns) - 1)}", [f"| {' | '.join(row)} |" for row in rows], all_of_it)
        if best.effect is not None and best.effect_interval is not None:
            low, high = best.effect_interval
            page.put(f"Paired gain: {short(best.effect)} (95 % interval {short(low)} to {short(high)}).")
    if cure.diff:
        kept = best is not None and best.patch is not None
        page.diff(
            f"The patch ({quoted(f'git apply {cure.out}/{best.patch}', 100)}):" if kept and best is not None
            else "What it would change (not proven, so no patch was written):",
            cure.diff, _PATCH, quoted(f"{cure.out}/{best.patch if kept and best is not None else 'report.html'}", 90),
        )  # fmt: skip
    for change in best.by_hand if best is not None else ():
        title, code = f"By hand: {plain_text(change.title, 160)}", visible_code(change.snippet).strip("\n")
        if not code or len(code) > _BY_HAND or not page.put(f"{title}\n{fenced(code, 'python')}"):
            page.put(f"{title} (in full in {all_of_it})")
    page.reserve(-_KEPT)
    for words, names in (("Confirmed by its cure", cure.confirmed), ("Taken back (its own fix changes nothing)", cure.taken_back)):
        if names:
            page.put(f"{words}: {', '.join(f'`{name}`' for name in names)}")
    page.rows("**Ruled out by trials**\n", [f"- {plain_text(text, 160)}" for text in cure.ruled_out], all_of_it)
    page.rows("**Notes**\n", [f"- {plain_text(note, 160)}" for note in cure.notes], all_of_it)
    if report is not None:
        _diagnosis(page, report)
    return page.text()


def _diagnosis(page: Page, report: Report) -> None:
    page.put(f"**The diagnosis: {report.verdict}.** {plain_text(report.answer, 300)}")
    for finding in report.findings[:1]:
        evidence(page, finding, whereabouts(report))
    judged(page, report, whereabouts(report))
