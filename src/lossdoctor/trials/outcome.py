"""Reading a trial back: what its trace and its printed output say."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..diagnosis.engine import Diagnosis, examine
from ..signs import Signs
from ..signs.arms import LEARNS
from ..signs.trainings import put_right
from ..trace.events import ArmEnded, RunEnded
from ..trace.reader import Trace, read_trace
from ..words import UserError, Verdict
from .engine import Ended
from .printed import UNITS_CHANGE

POINTS = 150


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial showed. `skill` is that in training at the end, `held` that on held-back data, by the constant of the
    training targets. `errors` are the causes of severity error that its own trace still shows. `crashed` holds its last
    words. `start` is the very first loss."""

    skill: float | None
    held: float | None
    verdict: Verdict
    errors: tuple[str, ...]
    steps: int
    seconds: float
    crashed: str = ""
    took_hold: bool = True
    whole: bool = True
    note: str = ""
    reference: float | None = None
    relative: bool = False
    start: float | None = None
    curve: tuple[tuple[float, ...], tuple[float | None, ...]] = ((), ())
    computing: float = 0.0
    """Seconds of a processor; where they are not known, of the clock."""
    warned: tuple[str, ...] = ()
    """The causes of every finding of its own trace, warnings too."""
    printed: str = field(default="", repr=False)

    @property
    def works(self) -> bool:
        return not self.crashed and self.took_hold and self.skill is not None

    def stored(self) -> dict[str, Any]:
        """As plain data, without what was printed (that lies in the trial's folder)."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "printed"}

    @staticmethod
    def load(given: Mapping[str, Any], printed: str) -> Seen:
        values = dict(given)
        values["errors"] = tuple(values["errors"])
        values["warned"] = tuple(values.get("warned", ()))
        values["curve"] = tuple(tuple(part) for part in values["curve"])
        return Seen(**values, printed=printed)


def read_trial(ended: Ended, training: int, balanced: bool = False) -> tuple[Seen, Diagnosis | None]:
    """What a finished trial's folder holds; never raises for what a script did. `balanced` as of `seen_in`."""
    folder = Path(ended.job.folder)
    printed = ""
    with contextlib.suppress(OSError):
        printed = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
    trace = _trace(folder / "trace")
    if trace is None or not len(trace.table("loss")):
        return Seen(None, None, "never-started", (), 0, ended.seconds, _last_line(printed) or "it ended before it trained",
                    printed=printed), None  # fmt: skip
    return seen_in(trace, training, printed, ended.seconds, live=bool(ended.job.live), timed_out=ended.timed_out, balanced=balanced,
                   own_unit=any(fix in ended.job.key for fix in UNITS_CHANGE))  # fmt: skip


def seen_in(
    trace: Trace, training: int, printed: str, seconds: float, live: bool = False, timed_out: bool = False, balanced: bool = False,
    own_unit: bool = False,
) -> tuple[Seen, Diagnosis]:  # fmt: skip
    """What the trace of a run shows, of a trial or of the run that was diagnosed. `balanced`: by its balanced accuracy, which
    says more than the loss where the rare classes are what is missing and their weight changes the loss. `own_unit`: the loss may be
    taken in another unit in training than of held-back data, so that the one's constant is none for the other."""
    numbers = {int(k) for k in trace.table("loss").column("training")}
    signs = Signs(trace, training if training in numbers else min(numbers))
    diagnosis = examine(signs)
    over = trace.last(RunEnded)
    arm = trace.last(ArmEnded)
    crashed = ""
    if timed_out or over is None:
        crashed = "" if signs.loss.count else "it did not come to an end"
    elif over.how == "error" or (over.how == "exit" and over.status):
        crashed = over.error or f"exit status {over.status}"
    whole = over is not None and over.how in ("finished", "exit", "error") and not timed_out
    warned = tuple(f.cause for f in diagnosis.findings if f.severity != "note")
    seen = Seen(
        signs.loss.skill, signs.loss.held_skill if own_unit else signs.loss.forecast_skill, diagnosis.verdict,
        tuple(f.cause for f in diagnosis.findings if f.severity == "error"), signs.updates or signs.loss.count, seconds,
        crashed, not live or (arm is not None and arm.took_hold), whole, arm.note if live and arm is not None else "",
        signs.reference.skill if signs.reference is not None else None, signs.loss.relative, _first_loss(signs), _curve(signs),
        (over.cpu_seconds if over is not None else 0.0) or seconds, warned, printed,
    )  # fmt: skip
    rare = _balanced(signs) if balanced else None
    if rare is not None:
        verdict: Verdict = "learning" if rare >= LEARNS else "stalled"
        seen = replace(seen, skill=rare, held=None, verdict=verdict, reference=None, relative=False)
    return seen, diagnosis


def _balanced(signs: Signs) -> float | None:
    """Balanced accuracy of the late answers, above that of a guess: 0 for a constant, 1 for perfect answers."""
    answers = signs.fed.answers()
    if answers is None or answers.classes < 2 or signs.loss.skill is None:
        return None
    chance = 1 / answers.classes
    return (answers.balanced_accuracy - chance) / (1 - chance)


def _first_loss(signs: Signs) -> float | None:
    return float(signs.loss.value[0]) if signs.loss.count else None


def _curve(signs: Signs) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    values = signs.loss.skill_curve
    if not len(values):
        return (), ()
    places = range(len(values)) if len(values) <= POINTS else [round(i * (len(values) - 1) / (POINTS - 1)) for i in range(POINTS)]
    return tuple(float(signs.loss.steps[i]) for i in places), tuple(round(float(values[i]), 4) for i in places)


def _trace(folder: Path) -> Trace | None:
    with contextlib.suppress(UserError, OSError):
        return put_right(read_trace(folder))
    return None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
