"""`explain`, `causes`: the words of the cause files, and nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from ..causes import all_causes, cause_named, page
from ..reports.explain import explain_markdown, explain_terminal, list_markdown, list_terminal
from ..words import UserError
from .report import load
from .show import wants_colour, width_of


def explain_cause(name: str, form: str) -> int:
    shown = page(cause_named(name))
    if form == "json":
        sys.stdout.write(json.dumps(asdict(shown), indent=2) + "\n")
    elif form == "markdown":
        sys.stdout.write(explain_markdown(shown) + "\n")
    elif form == "text":
        sys.stdout.write(explain_terminal(shown, width=width_of(sys.stdout), colour=wants_colour(sys.stdout)) + "\n")
    else:
        raise UserError(f'there is no format "{form}" here. Formats: text, markdown, json.')
    return 0


def list_causes(form: str) -> int:
    pages = [page(cause) for cause in all_causes().values()]
    if form == "json":
        sys.stdout.write(
            json.dumps([{"id": p.id, "family": p.family, "title": p.title, "stage": p.stage} for p in pages], indent=2)
            + "\n"
        )
    elif form == "markdown":
        sys.stdout.write(list_markdown(pages) + "\n")
    elif form == "text":
        sys.stdout.write(list_terminal(pages, width=width_of(sys.stdout), colour=wants_colour(sys.stdout)) + "\n")
    else:
        raise UserError(f'there is no format "{form}" here. Formats: text, markdown, json.')
    return 0


def why_not_found(name: str, out: Path) -> int:
    """Say what the run's report answered for one cause."""
    cause = cause_named(name)
    report = load(out)
    lines = [f"{cause.id}: {page(cause).title}"]
    for finding in report.findings:
        if finding.cause == cause.id:
            lines.append(f"It was found ({finding.severity}, confidence {finding.confidence:.2f}): {finding.summary}")
    lines += [f"Ruled out: {h.why}" for h in report.healthy if h.cause == cause.id]
    lines += [f"Not judged: needs {n.needs}" for n in report.not_judged if n.cause == cause.id]
    if len(lines) == 1:
        lines.append(
            "The report says nothing about it (it was left out by --select or --ignore, or belongs to another training)."
        )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
