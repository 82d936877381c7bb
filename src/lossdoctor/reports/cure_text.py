"""What `fix` found, as text and as fix.json (the published contract)."""

from __future__ import annotations

import json
from typing import Any

from lossdoctor.words import SCHEMA_VERSION, short
from lossdoctor.words.cure import Change, Cure, CureReport

from .plain import one_line
from .sheet import Column, Sheet
from .wording import skill_words

SHOWN_RULED_OUT = 6


def render_cure_json(report: CureReport) -> str:
    """fix.json."""
    best: dict[str, Any] | None = None
    if report.best is not None:
        cure = report.best
        best = {
            "fixes": [_fix(c) for c in cure.changes], "verified": cure.verified, "skill": cure.skill, "interval": cure.interval,
            "patch": cure.patch, "effect": cure.effect, "effect_interval": cure.effect_interval, "measure": cure.measure,
            "seeds": list(cure.seeds), "by_hand": [{**_fix(c), "snippet": c.snippet} for c in cure.by_hand], "why_not": cure.why_not,
        }  # fmt: skip
    whole = {
        "schema": SCHEMA_VERSION,
        "script": report.script,
        "needed": report.needed,
        "answer": report.answer,
        "baseline": {"skill": report.baseline, "seeds": list(report.seeds), "reference": report.reference},
        "trials": [
            {
                "fixes": [_fix(c) for c in t.changes], "seed": t.seed, "steps": t.steps, "skill": t.skill, "skill_held_back": t.held,
                "metric": t.metric, "outcome": t.outcome, "seconds": t.seconds, "why": t.why, "note": t.note, "whole": t.whole,
            }
            for t in report.trials
        ],
        "best": best,
        "metric": report.metric or None,
        "confirmed": list(report.confirmed),
        "taken_back": list(report.taken_back),
        "ruled_out": list(report.ruled_out),
        "seconds": {"plain_run": report.plain_seconds, "trials": report.trial_seconds},
        "notes": list(report.notes),
    }  # fmt: skip
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def _fix(change: Change) -> dict[str, Any]:
    return {"id": change.id, "args": dict(change.args), "title": change.title, "how": change.how, "safety": change.safety}


def render_cure(report: CureReport, *, width: int, colour: bool) -> str:
    """For people: the answer, the proof as pairs, the patch, and what it says of the diagnosis."""
    sheet = Sheet(min(width, 120), colour=colour)
    sheet.blank()
    best = report.best
    style = "bold green" if not report.needed or (best is not None and best.verified) else "bold yellow"
    sheet.add((report.answer, style))
    if report.trials:
        sheet.add((f"{len(report.trials)} trials, {cost_words(report)}", "dim"))
    if best is not None:
        _pairs(sheet, report, best)
        if report.diff:
            sheet.blank()
            sheet.add((_patch_words(best), "bold"))
            for line in report.diff.rstrip("\n").split("\n"):
                sheet.add((line, _line_style(line)), indent=3, hang=2)
        for change in best.by_hand:
            sheet.blank()
            sheet.add(("By hand", "bold"), f"  {change.title}: tried on the live run; no certain place in the source", hang=2)
            for line in change.snippet.rstrip("\n").split("\n"):
                sheet.add(line, indent=3)
        if best.patch:
            sheet.blank()
            sheet.add(("Apply it: ", "bold"), f"git apply {report.out}/{best.patch}   (or: lossdoctor fix --write)", hang=3)
    _said_of_diagnosis(sheet, report)
    for note in report.notes:
        sheet.add(("Note: ", "dim"), note, hang=3)
    return sheet.text().rstrip("\n") + "\n"


def _patch_words(best: Cure) -> str:
    if best.verified:
        return "The patch"
    return "The patch, as far as it can be written" if best.patch else "What it would change (not proven, so no patch was written)"


def cost_words(report: CureReport) -> str:
    """What the trials took."""
    times = f", {report.trial_seconds / report.plain_seconds:.1f} plain runs" if report.plain_seconds > 0 else ""
    return f"{report.trial_seconds:.0f} s of computing{times}"


def paired(report: CureReport) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(titles, rows): each seed's runs without and with the cure, side by side."""
    rows = [
        (f"seed {pair[0].seed}", *(skill_words(report.measured(t)) for t in pair), *((short(t.metric) for t in pair) if report.metric else ()))
        for pair in report.pairs
    ]
    more = (f"{one_line(report.metric)}: without", "with") if report.metric else ()
    return ("", "without", "with", *more), rows


def _pairs(sheet: Sheet, report: CureReport, best: Cure) -> None:
    columns, rows = paired(report)
    if not rows:
        return
    sheet.blank()
    sheet.add((f"Pairs: same script, same seed, {best.measure}", "bold"))
    sheet.table(tuple(Column(title, right=bool(title)) for title in columns), rows, indent=3)
    if best.effect is not None and best.effect_interval is not None:
        low, high = best.effect_interval
        sheet.add(f"gain {short(best.effect)}, 95 % interval {short(low)} to {short(high)}", indent=3)


def _said_of_diagnosis(sheet: Sheet, report: CureReport) -> None:
    if report.confirmed or report.taken_back or report.ruled_out:
        sheet.blank()
    if report.confirmed:
        sheet.add(("Confirmed by its cure: ", "bold"), ", ".join(report.confirmed), hang=3)
    if report.taken_back:
        sheet.add(("Taken back (its own fix changes nothing): ", "bold"), ", ".join(report.taken_back), hang=3)
    if report.ruled_out:
        sheet.add(("Ruled out", "bold"))
        for text in report.ruled_out[:SHOWN_RULED_OUT]:
            sheet.add(text, indent=3, hang=2)
        if len(report.ruled_out) > SHOWN_RULED_OUT:
            sheet.add((f"and {len(report.ruled_out) - SHOWN_RULED_OUT} more, in fix.json", "dim"), indent=3)


def _line_style(line: str) -> str:
    if line.startswith("+") and not line.startswith("+++"):
        return "green"
    if line.startswith("-") and not line.startswith("---"):
        return "red"
    return "dim" if line.startswith(("@@", "---", "+++")) else ""
