"""What was read of a data file: its columns, its clock, and what simple learners get from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ColumnKind: TypeAlias = Literal["number", "category", "time", "text"]
Role: TypeAlias = Literal["input", "target", "input and target", "time", "left out"]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column, over all rows that were read. The numbers are None for what is no number; `extreme` is the share of values
    beyond a robust z of 20, `lag1` the autocorrelation from row to row. `why` says why it was left out."""

    name: str
    kind: ColumnKind
    role: Role
    missing: int
    distinct: int
    infinite: int = 0
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    extreme: float | None = None
    lag1: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The time column: its usual step in words, the share of steps that are as long, and the others by kind."""

    column: str
    step: str
    regular: float
    gaps: int
    longest_gap: str
    duplicates: int
    backwards: int


@dataclass(frozen=True, slots=True)
class WindowSkill:
    """What a ridge gets from the last `window` rows, cross-validated over stretches of time."""

    window: int
    skill: float


@dataclass(frozen=True, slots=True)
class DataReport:
    """`form`: "series" (windows were cut from its rows) or "pairs" (inputs and targets came as they are). `samples` of
    `rows` rows were looked at. `best_window` is the shortest of those tried that gets nearly all."""

    file: str
    form: Literal["series", "pairs"]
    rows: int
    target: str
    classes: int
    inputs: tuple[str, ...]
    window: int
    horizon: int
    samples: int
    columns: tuple[ColumnFacts, ...]
    clock: ClockFacts | None = None
    windows: tuple[WindowSkill, ...] = ()
    best_window: int | None = None
