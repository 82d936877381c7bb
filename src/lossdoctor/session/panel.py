"""Run the arms of the what-if panel: wake the zygote for each, on the cores that are free, within a budget."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..launch.program import Program
from ..launch.zygote import Waker
from ..signs.arms import ArmSign, original_at
from ..signs.chart import Signs
from ..signs.net import composition
from ..signs.trainings import put_right
from ..trace.events import ArmEnded, Birth
from ..trace.reader import Trace, read_trace
from ..words import UserError
from .child import WatchedChild
from .order import WatchOrder


@dataclass(frozen=True, slots=True)
class ArmOrder:
    """One arm to run; `args` take hold of the run through the framework's knobs. `late`: from the last snapshot that was
    taken on the way instead of the first. `until`: the update with which it ends, where that is not the panel's to say."""

    name: str
    fix: str
    args: dict[str, Any]
    title: str
    find_nan_from: int | None = None
    late: bool = False
    until: int | None = None


@dataclass(frozen=True, slots=True)
class ArmRun:
    order: ArmOrder
    folder: Path
    status: int
    seconds: float
    ended: bool
    kind: str = "fork"


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Those of one run: before its first forward pass, and on its way."""

    first: Waker
    late: Waker

    def of(self, order: ArmOrder) -> Waker:
        return self.late if order.late else self.first

    @property
    def both(self) -> tuple[Waker, Waker]:
        return self.first, self.late

    def close(self) -> None:
        for waker in self.both:
            waker.close()


ANSWERS = 4.0
"""Seconds after which nobody answers any more for an arm that was to end."""


def run_arms(
    snapshots: Snapshots, orders: Sequence[ArmOrder], folder: Path, *, steps: int, seconds: float, each: float,
    tick: Callable[[str], None] | None = None, enough: Callable[[list[ArmRun]], bool] | None = None,
) -> list[ArmRun]:  # fmt: skip
    """Run as many of `orders`, in their order, as fit into `seconds`; each for `steps` updates (or up to the step that it
    names itself), at most `each` seconds. Arms that are under way when the time is over are ended and count as far as
    they came."""
    waiting = list(orders)
    awake: dict[str, tuple[ArmOrder, float]] = {}
    done: list[ArmRun] = []
    ending: dict[str, float] = {}
    width = max(1, os.cpu_count() or 1)
    began = time.monotonic()

    def over() -> bool:
        return time.monotonic() - began > seconds

    while (waiting and not over()) or awake:
        while waiting and len(awake) < width and not over():
            order = waiting.pop(0)
            waker = snapshots.of(order)
            if waker.gone:
                continue
            place = folder / order.name
            left = seconds - (time.monotonic() - began)
            try:
                waker.wake(
                    order.name, folder=str(place), steps=order.until or max(steps, waker.step + steps), seconds=max(0.5, min(each, left)),
                    apply=[(order.fix, order.args)] if order.fix else [], find_nan_from=order.find_nan_from,
                )  # fmt: skip
            except OSError:
                continue
            awake[order.name] = (order, time.monotonic())
            if tick is not None:
                tick(order.title)
        for waker in {snapshots.of(order) for order, _ in awake.values()}:
            waker.listen(0.05)
        for name in list(awake):
            order, since = awake[name]
            waker = snapshots.of(order)
            if name in waker.ended:
                status, took = waker.ended.pop(name)
                done.append(ArmRun(order, folder / name, status, took, True))
                del awake[name]
            elif waker.gone:
                del awake[name]
            elif time.monotonic() - since > each + 4.0 or time.monotonic() - began > seconds + 4.0:
                waker.end(name)
                ending.setdefault(name, time.monotonic())
                if time.monotonic() - ending[name] > ANSWERS:
                    del awake[name]
        if waiting and enough is not None and done and enough(done):
            waiting.clear()
    return done


def run_trials(
    program: Program, orders: Sequence[ArmOrder], folder: Path, *, steps: int, seconds: float, each: float,
    tick: Callable[[str], None] | None = None,
) -> list[ArmRun]:  # fmt: skip
    """The arms where no snapshot could be taken: the script once more from its first line, one process an arm,
    in a sandbox, one after the other, as many as fit into `seconds`."""
    done: list[ArmRun] = []
    began = time.monotonic()
    for order in orders:
        left = seconds - (time.monotonic() - began)
        if left <= 0 or (done and left < 0.7 * max(r.seconds for r in done)):
            break
        if not order.fix:
            continue
        if tick is not None:
            tick(order.title)
        place = folder / order.name
        watch = WatchOrder(
            program.kind, program.target, program.argv, str(place / "trace"), mode="trial", scratch=str(place / "scratch"),
            budget=0.05, allowance=0.3, seconds=min(each, left), steps=steps, apply=((order.fix, order.args),),
        )  # fmt: skip
        since = time.monotonic()
        place.mkdir(parents=True, exist_ok=True)
        status = WatchedChild(watch, place, (), place / "output.txt").wait(max(each, left))
        done.append(ArmRun(order, place / "trace", status, time.monotonic() - since, True, "trial"))
    return done


LEAST = 25
"""Updates below which an arm's curve says nothing."""
ARMS_FILE = "arms.json"


def store_runs(runs: Sequence[ArmRun], folder: Path) -> None:
    """Which arms were run, beside their traces: with these a diagnosis can be repeated from disk."""
    rows = [{**asdict(run), "folder": run.folder.relative_to(folder).as_posix()} for run in runs]
    (folder / ARMS_FILE).write_text(json.dumps(rows), encoding="utf-8")


def stored_runs(folder: Path) -> list[ArmRun] | None:
    """The arms that an earlier run of ours left in `folder`; None where it came to no end."""
    try:
        rows = json.loads((folder / ARMS_FILE).read_text(encoding="utf-8"))
        return [ArmRun(**{**row, "order": ArmOrder(**row["order"]), "folder": folder / row["folder"]}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_arm(run: ArmRun, signs: Signs) -> ArmSign:
    """What an arm showed, beside the original after as many updates; one that left nothing took no hold."""
    trace = _trace(run.folder)
    order = run.order
    if trace is None:
        return ArmSign(
            order.name,
            order.fix,
            order.args,
            order.title,
            False,
            f"ended with status {run.status}",
            0,
            run.seconds,
            None,
            None,
            None,
        )
    ended = trace.last(ArmEnded)
    arm = Signs(trace, signs.training if signs.training in set(trace.table("loss").column("training")) else 0)
    loss = dataclasses.replace(arm.loss, started=signs.loss.start) if order.late else arm.loss
    if (
        order.fix not in ("scale-targets", "weight-classes", "winsorise", "mask-padding")
        and signs.loss.constant is not None
        and loss.constant is not None
    ):
        loss = _with_constant(loss, signs)
    held = bool(ended.took_hold) if ended is not None else False
    note = ended.note if ended is not None else f"ended with status {run.status}"
    if ended is None and loss.count > 20:
        held, note = True, "ended by the time limit"
    reached = int(loss.steps[-1]) + 1 if loss.count else 0
    updates = reached - int(loss.steps[0]) if loss.count else 0
    if held and updates < min(LEAST, 0.5 * signs.loss.count):
        held, note = False, note or f"only {updates} updates in its time: too few to tell"
    balanced = arm.fed.answers()
    before = signs.fed.answers()
    skill, original = loss.skill, original_at(signs.loss, reached)
    if order.fix == "weigh-loss-term" and skill is not None:
        skill, original = _of_term(arm, signs, int(order.args.get("keep", 0)), skill, original)
    return ArmSign(
        order.name, order.fix, order.args, order.title, held, note, reached, run.seconds, loss, skill,
        original, held_skill=loss.held_skill,
        balanced=balanced.balanced_accuracy if balanced is not None else None,
        original_balanced=before.balanced_accuracy if before is not None else None, kind=run.kind,
        extra=_extra(arm, order, signs),
    )  # fmt: skip


def _extra(arm: Signs, order: ArmOrder, signs: Signs) -> dict[str, float]:
    """What single causes want to know of an arm beside its skill."""
    ended = arm.trace.last(ArmEnded)
    if ended is not None and "held_out_loss" in ended.numbers:
        return _held_out(ended.numbers, signs)
    if order.fix != "set-batch" or "times" not in order.args:
        return {}
    norms = arm.step.grad_norm[: 4 * int(order.args["times"])]
    made = norms[np.isfinite(norms) & (norms > 0)]
    return {"grad_norm_squared": float(np.mean(made**2))} if made.size else {}


def _held_out(numbers: Mapping[str, float], signs: Signs) -> dict[str, float]:
    """Skill on samples left out: by the loss, or by the share of right answers beyond the commonest one, whichever is
    kinder (a loss of probabilities punishes the sure and wrong beyond all measure)."""
    skills = [skill] if (skill := signs.loss.skill_of(numbers["held_out_loss"])) is not None else []
    if "held_out_right" in numbers:
        majority = numbers["held_out_majority"]
        skills.append((numbers["held_out_right"] - majority) / max(1e-9, 1 - majority))
    return {"held_out_skill": max(skills)} if skills else {}


def _of_term(arm: Signs, signs: Signs, keep: int, skill: float, original: float | None) -> tuple[float, float | None]:
    """Skill of the term that the arm has kept, with and without the arm, where a loss has several."""
    made, was = composition(arm), composition(signs)
    if made is None or was is None or max(keep + 1, 2) > min(len(made.terms), len(was.terms)):
        return skill, original
    after, before = made.terms[keep].skill, was.terms[keep].skill
    return (after, before) if after is not None else (skill, original)


def births(run: ArmRun) -> tuple[Birth, ...]:
    trace = _trace(run.folder)
    return tuple(trace.of(Birth)) if trace is not None else ()


def _with_constant(loss: Any, signs: Signs) -> Any:
    """The arm's loss against the same constant as the original: both are measured with one ruler."""
    return dataclasses.replace(loss, constant=signs.loss.constant)


def _trace(folder: Path) -> Trace | None:
    with contextlib.suppress(UserError, OSError):
        return put_right(read_trace(folder))
    return None
