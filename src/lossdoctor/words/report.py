"""The one thing that every renderer renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .cause import CausePage
from .cure import CureReport
from .data import DataReport
from .finding import Finding, FixValue, Healthy, NotJudged
from .panel import Panel

SCHEMA_VERSION = 1

Verdict: TypeAlias = Literal["learning", "converged", "stalled", "diverged", "never-started", "too-short", "fit", "unfit"]
"""The last two are said of a data file, with nothing trained."""

VERDICTS: tuple[Verdict, ...] = ("learning", "converged", "stalled", "diverged", "never-started", "too-short", "fit", "unfit")


@dataclass(frozen=True, slots=True)
class Arm:
    """One what-if: the same script under one intervention, for the same steps.

    `outcome`: "cures" (learns where the original does not), "helps", "no difference", "worse", or
    "did not take hold" (then `note` says why). `curve` is (steps, skill or loss) thinned to at most 200
    points; `measure` says which of the two. `skill` is the level reached at the end.
    """

    fix: str
    args: Mapping[str, FixValue]
    title: str
    outcome: str
    steps: int
    skill: float | None
    loss: float | None
    curve: tuple[tuple[float, ...], tuple[float | None, ...]]
    measure: str = "skill"
    seconds: float = 0.0
    kind: Literal["fork", "trial"] = "fork"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """One of the trainings of a run (a model, or a phase), with its own verdict."""

    index: int
    name: str
    verdict: Verdict
    skill: float | None
    skill_held_back: float | None
    steps: int
    first_step: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out about one run, ready to be shown.

    `skill` = 1 - loss / loss of the best constant prediction (0 knows nothing, 1 perfect).
    `overhead` is lossdoctor's own share of the process's time. `sources` holds the lines around each
    place of a finding, by file: {file: {line number: text}}. `pages` explains each cause named.
    `panel_seconds` is how long the what-ifs took; `probe_seconds` their computing time over all cores, of
    `probe_budget` allowed.
    `answer` is the verdict in one plain sentence; `next_command` what to type next. `cure` is what `fix` found;
    `confirmed` names the causes whose cure works, `taken_back` those whose own fixes, tried, change nothing.
    `data` is what was read where a data file was looked at and nothing was trained.
    """

    script: str
    framework: str
    verdict: Verdict
    answer: str
    steps: int
    seconds: float
    version: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    skill: float | None = None
    skill_held_back: float | None = None
    overhead: float | None = None
    findings: tuple[Finding, ...] = ()
    healthy: tuple[Healthy, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    notes: tuple[str, ...] = ()
    trainings: tuple[Training, ...] = ()
    arms: tuple[Arm, ...] = ()
    baselines: Mapping[str, float] = field(default_factory=dict)
    panels: tuple[Panel, ...] = ()
    pages: Mapping[str, CausePage] = field(default_factory=dict)
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    out: str = ""
    next_command: str = ""
    panel_seconds: float = 0.0
    probe_seconds: float = 0.0
    probe_budget: float = 0.0
    cure: CureReport | None = None
    confirmed: tuple[str, ...] = ()
    taken_back: tuple[str, ...] = ()
    data: DataReport | None = None
    schema: int = SCHEMA_VERSION
