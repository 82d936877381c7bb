"""What is said about one cause: a finding, a clean bill of health, or why it could not be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
Safety: TypeAlias = Literal["safe", "unsafe", "shown"]
FixValue: TypeAlias = str | int | float | bool

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

CERTAIN = 0.85
"""Confidence from which a finding is stated as a fact, ranks first and may end a run."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the user's source. `column` is 0-based, or None; `text` is the line itself."""

    file: str
    line: int
    column: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured number (or fact), its unit inside `what`, and what a healthy run shows instead."""

    what: str
    value: float | int | str | bool | None
    healthy: str = ""


@dataclass(frozen=True, slots=True)
class FixProposal:
    """A fix with its arguments: `snippet` is the change as a small unified diff, or as instructions."""

    id: str
    args: Mapping[str, FixValue] = field(default_factory=dict)
    title: str = ""
    snippet: str = ""
    safety: Safety = "safe"


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause that is at work in this run.

    `confidence` is a probability in [0, 1]. `explained_by` is the id of another finding of the same
    report whose consequence this one is. `panels` names the pictures that show it. `proof` says what
    kind of evidence decided: a structure, an exact bound, an intervention, or statistics alone. `since_step` is when it
    began, `certain_step` after how many updates it could be said for certain (None: it is not certain, or not dated).
    """

    cause: str
    severity: Severity
    confidence: float
    summary: str
    evidence: tuple[Evidence, ...]
    where: Place | None = None
    since_step: int | None = None
    fixes: tuple[FixProposal, ...] = ()
    id: str = ""
    explained_by: str | None = None
    panels: tuple[str, ...] = ()
    proof: Literal["structure", "bound", "intervention", "statistics"] = "statistics"
    training: int = 0
    certain_step: int | None = None


@dataclass(frozen=True, slots=True)
class Healthy:
    """The cause was judged and is not at work; `why` gives the number that says so."""

    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """The cause could not be judged; `needs` says what was missing and how to get it."""

    cause: str
    needs: str


Judgement: TypeAlias = Finding | Healthy | NotJudged
