"""Watch a small training loop in this process, as a session would, and ask the causes about it.

Everything is real but the fork: doors, watcher, trace, probe, and arms, which run the same loop again under a knob.
"""

from __future__ import annotations

import dataclasses
import inspect
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from lossdoctor.diagnosis.engine import Diagnosis, examine
from lossdoctor.diagnosis.questions import Question, questions
from lossdoctor.frameworks.sampling import OwnTime
from lossdoctor.frameworks.torch.handle import probe_dependence
from lossdoctor.frameworks.torch.install import install
from lossdoctor.frameworks.torch.knob import Knobs
from lossdoctor.frameworks.torch.knobs import make_knob
from lossdoctor.frameworks.torch.quiet_probe import probe_without_noise
from lossdoctor.frameworks.torch.watcher import Watcher
from lossdoctor.session.panel import ArmOrder, ArmRun, births, read_arm
from lossdoctor.signs import Signs
from lossdoctor.signs.arms import ArmSign
from lossdoctor.trace import events
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter
from lossdoctor.words import Finding, Healthy, Judgement, NotJudged

Loop = Callable[[], object]

torch.set_num_threads(1)

PLENTY = 60.0
"""Seconds that watching may cost: so many that what is looked into hangs on the steps alone, never on the clock."""


def watched(
    loop: Loop, *, arms: Sequence[str] | None = None, find_nan: bool = False, seed: int = 0, how: str = "finished"
) -> Signs:
    """The signs of one watched run of `loop`. `arms` names questions that the diagnosis must ask: they are run, and
    their answers stand beside the run; None: the panel was not asked. `find_nan` looks for the birth of the
    first NaN, as an arm of its own does."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _run(loop, folder / "main", seed, how=how)
        signs = Signs(read_trace(folder / "main"))
        assert not signs.trace.of(events.InternalError), signs.trace.of(events.InternalError)[0].text
        if arms is None and not find_nan:
            return signs
        born: tuple[events.Birth, ...] = ()
        if find_nan:
            bad = signs.loss.first_bad
            assert bad is not None, "this loss stays finite"
            order = ArmOrder("find-nan", "", {}, "")
            _run(loop, folder / "nan", seed, find_nan_from=max(0, int(signs.loss.steps[bad]) - 2))
            born = births(ArmRun(order, folder / "nan", 0, 0.0, True))
        asked = {q.name: q for q in questions(examine(signs))}
        found = [_arm(loop, folder, seed, asked[name], signs) for name in arms or () if _is_asked(name, asked)]
        return dataclasses.replace(signs, arms=tuple(found), births=born, panel_asked=True, _memo={})


def _is_asked(name: str, asked: dict[str, Question]) -> bool:
    assert name in asked, f"the diagnosis does not ask {name}; it asks {', '.join(asked)}"
    return True


def _arm(loop: Loop, folder: Path, seed: int, question: Question, signs: Signs) -> ArmSign:
    order = ArmOrder(question.name, question.fix, question.args, question.title)
    _run(loop, folder / order.name, seed, apply=order)
    arm = read_arm(ArmRun(order, folder / order.name, 0, 0.0, True), signs)
    assert arm is not None
    return arm


def _run(
    loop: Loop, folder: Path, seed: int, *, apply: ArmOrder | None = None, find_nan_from: int | None = None,
    how: str = "finished",
) -> None:  # fmt: skip
    writer, own = TraceWriter(folder), OwnTime()
    knob = make_knob(apply.fix, apply.args) if apply is not None else None
    assert (knob is None) == (apply is None)
    knobs = Knobs([knob] if knob is not None else [])
    watcher = Watcher(writer, own=own, budget=0.5, allowance=PLENTY, knobs=knobs)
    if find_nan_from is not None:
        watcher.rebase(writer, knobs, find_nan_from)
    writer.event(events.RunStarted(script=__file__, mode="check"))
    torch.manual_seed(seed)
    error, file, line = "", "", 0
    doors = install(watcher)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loop()
        except Exception as raised:
            how, error = "error", f"{type(raised).__name__}: {raised}"[:500]
        finally:
            if watcher.birth is not None and watcher.birth._stack is not None:
                watcher.birth._stack.close()
            torch.autograd.set_detect_anomaly(False)
            watcher.guard.call("finish", watcher.finish)
            doors.close()
    if apply is None and find_nan_from is None:
        watcher.guard.call("probe", probe_dependence, watcher)
        watcher.guard.call("probe", probe_without_noise, watcher)
    if apply is not None:
        writer.event(
            events.ArmEnded(
                arm=apply.name, fix="", args={}, took_hold=knobs.took_hold, note=knobs.note, steps=watcher.updates,
                seconds=0.0, folder="", numbers=knobs.numbers(),
            )
        )  # fmt: skip
    else:
        writer.event(
            events.RunEnded(
                how=how, status=0, seconds=own.elapsed, own_seconds=own.spent, steps=watcher.updates, error=error,
                file=file, line=line,
            )
        )  # fmt: skip
    writer.close()


def line_of(loop: Callable[..., Any], text: str) -> int:
    """The line of `loop`'s source that holds `text`, which stands there once."""
    lines, first = inspect.getsourcelines(loop)
    found = [first + i for i, line in enumerate(lines) if text in line]
    assert len(found) == 1, f"{text!r} stands on {len(found)} lines"
    return found[0]


def examined(signs: Signs) -> Diagnosis:
    """What all causes say; none of them may fail."""
    diagnosis = examine(signs)
    assert not diagnosis.errors, diagnosis.errors[0]
    return diagnosis


def said(signs: Signs, cause: str) -> Judgement:
    """What the engine lets this cause say."""
    diagnosis = examined(signs)
    everything: list[Judgement] = [*diagnosis.findings, *diagnosis.healthy, *diagnosis.not_judged]
    (answer,) = [a for a in everything if a.cause == cause]
    return answer


def found(signs: Signs, cause: str, severity: str = "error") -> Finding:
    """The finding of this cause, with evidence and of this severity."""
    answer = said(signs, cause)
    assert isinstance(answer, Finding), answer
    assert answer.severity == severity, answer
    assert answer.evidence and answer.summary, answer
    assert any(e.value is not None for e in answer.evidence), answer
    return answer


def healthy(signs: Signs, cause: str) -> Healthy:
    """This cause is cleared, with a reason, and no cause at all says error (a healthy run never gets one)."""
    answer = said(signs, cause)
    assert isinstance(answer, Healthy), answer
    assert answer.why
    calm(signs)
    return answer


def not_judged(signs: Signs, cause: str) -> NotJudged:
    answer = said(signs, cause)
    assert isinstance(answer, NotJudged), answer
    assert answer.needs and "internal error" not in answer.needs
    return answer


NOISE_IS_NOISE = frozenset({"no-signal"})


def calm(signs: Signs) -> None:
    """No cause says error about this run; of targets that are noise it may be said that they are."""
    errors = [f for f in examined(signs).findings if f.severity == "error"]
    if (signs.loss.skill or 0.0) < 0.1:
        errors = [f for f in errors if f.cause not in NOISE_IS_NOISE]
    assert not errors, [(f.cause, f.summary) for f in errors]


def leads(signs: Signs) -> str:
    """The cause that the diagnosis names first."""
    findings = examined(signs).findings
    return findings[0].cause if findings else ""
