"""What a cause file holds: words in its docstring, and one judgement over signs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..signs import Signs
from ..words import HEADINGS, CausePage, Evidence, Finding, Healthy, Judgement, NotJudged, Place, Stage
from ..words.finding import Severity

Judge = Callable[[Signs], Judgement]


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause. `needs` names signs that must be there; `fixes` are ids, best first; `doc` is the file's
    docstring, in the headings of `words.HEADINGS`."""

    id: str
    judge: Judge
    doc: str
    needs: tuple[str, ...] = ("loss",)
    fixes: tuple[str, ...] = ()
    stage: Stage = "stable"
    family: str = ""
    on_data: bool = False
    """Can it be judged on a data file alone, with nothing trained?"""

    def healthy(self, why: str) -> Healthy:
        return Healthy(self.id, why)

    def not_judged(self, needs: str) -> NotJudged:
        return NotJudged(self.id, needs)


def finding(
    cause: str,
    summary: str,
    evidence: list[tuple[str, float | int | str | bool | None, str]],
    *,
    confidence: float,
    proof: str = "structure",
    severity: Severity = "error",
    where: Place | None = None,
    since_step: int | None = None,
    panels: tuple[str, ...] = (),
) -> Finding:
    """A finding in short: evidence as (what, value, what is healthy). The engine lowers the severity where
    the run learns all the same, numbers the finding, quotes the line and adds the fixes."""
    return Finding(
        cause=cause, severity=severity, confidence=confidence, summary=summary,
        evidence=tuple(Evidence(*item) for item in evidence), where=where, since_step=since_step, panels=panels,
        proof=proof,  # type: ignore[arg-type]
    )  # fmt: skip


def page(cause: Cause) -> CausePage:
    """The words of a cause, from its docstring: a title line, then `## Heading` sections."""
    doc = inspect.cleandoc(cause.doc)
    title, _, rest = doc.partition("\n")
    parts = re.split(r"^## +(.+)$", rest, flags=re.MULTILINE)
    sections = tuple((parts[i].strip(), parts[i + 1].strip()) for i in range(1, len(parts) - 1, 2))
    unknown = [heading for heading, _ in sections if heading not in HEADINGS]
    if unknown:
        raise ValueError(f"{cause.id}: no such heading: {unknown[0]}; headings are {', '.join(HEADINGS)}")
    return CausePage(cause.id, cause.family, title.strip().rstrip("."), sections, cause.fixes, cause.needs, cause.stage)
