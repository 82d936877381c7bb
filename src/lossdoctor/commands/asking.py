"""Which what-ifs are asked of a run, from which of its snapshots, and for how long."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..diagnosis.engine import Diagnosis
from ..diagnosis.questions import Question, questions
from ..session.panel import ArmOrder, ArmRun, Snapshots, read_arm, run_arms
from ..signs import Signs
from ..signs.arms import LEARNS, ArmSign, original_at
from .progress import Progress

MIN_STEPS = 150
"""An arm of fewer updates than this (or than the run's own) says too little."""
LARGEST_ARM = 12.0
WELL_CURED = 0.7
"""Skill of an arm after which the panel need not go on."""
ON_THE_WAY = frozenset({
    "lower-lr", "add-clip", "loosen-clip", "use-float32", "set-weight-decay", "drop-scheduler",
})  # fmt: skip
"""Fixes that may help a run that has gone well until now; of the others it would have needed from its start."""
BEYOND = 100
"""Updates past the trouble that an arm from a late snapshot makes: it must have come through."""


def ask(main: Diagnosis, snapshots: Snapshots, folder: Path, seconds: float, progress: Progress) -> list[ArmRun]:
    """Wake the arms that the evidence leaves open, within the panel's time."""
    signs = main.signs
    listed = questions(main)
    trouble = late_trouble(main, snapshots.late.step) if snapshots.late.planted else None
    if trouble is not None:
        # What a run would have needed from its start is no question where it has gone well until then.
        listed = [q for q in listed if q.fix in ON_THE_WAY] + [q for q in listed if q.suspicion >= 3 and q.fix not in {*ON_THE_WAY, "raise-lr"}]
    loss = signs.loss
    orders = [_order(q, trouble, snapshots.late.step, loss.first_bad is not None) for q in listed]
    unborn = loss.first_bad is not None and signs.fed.bad_inputs is None and signs.fed.bad_targets is None
    if loss.first_bad is not None and unborn:
        bad = int(loss.steps[loss.first_bad])
        late = trouble is not None
        orders.insert(0, ArmOrder("find-nan", "", {}, "the step where the first NaN is born", max(0, bad - 2), late, bad + 3 if late else None))
    steps, each = size_of(signs, len(orders), seconds)
    must = {q.name for q in listed if q.suspicion >= 3 or (trouble is not None and q.fix in ON_THE_WAY)} | {"lower-lr-0.1", "raise-lr-10"}
    must = (must & {o.name for o in orders}) | ({"find-nan"} if unborn else set())
    seen: dict[str, ArmSign] = {}

    def enough(done: list[ArmRun]) -> bool:
        """Once every suspected arm has had its turn and one of them all cures, the rest would change nothing."""
        if not must <= {run.order.name for run in done}:
            return False
        for run in done:
            if run.order.fix and run.order.name not in seen:
                seen[run.order.name] = read_arm(run, signs)
        return any(arm.cures and (arm.skill or 0) > WELL_CURED for arm in seen.values())

    return run_arms(snapshots, orders, folder, steps=steps, seconds=seconds, each=each, tick=progress.say, enough=enough)


def late_trouble(main: Diagnosis, since: int) -> int | None:
    """The step of a trouble that a run came into which had learned something in its first `since` updates: its loss is no number
    any more, or it runs away. None where it had none, or where that snapshot is past it."""
    loss = main.signs.loss
    step = None
    if loss.first_bad is not None:
        step = int(loss.steps[loss.first_bad])
    elif main.verdict == "diverged":
        good = np.flatnonzero(loss.skill_curve >= LEARNS)
        step = int(loss.steps[good[-1]]) + 1 if good.size else None
    went_well = (original_at(loss, since) or 0.0) >= LEARNS
    return step if step is not None and step > since and went_well else None


def _order(question: Question, trouble: int | None, since: int, broke: bool) -> ArmOrder:
    """`broke`: the loss is no number after the trouble, so that an arm need not go far beyond it to have come through."""
    q = question
    if trouble is None or q.fix not in ON_THE_WAY:
        return ArmOrder(q.name, q.fix, q.args, q.title)
    until = trouble + BEYOND if broke else None
    return ArmOrder(q.name, q.fix, q.args, f"{q.title} from update {since} on", late=True, until=until)


def size_of(signs: Signs, arms: int, seconds: float) -> tuple[int, float]:
    """(updates for each arm, most seconds for one): the run's own length, or as much of it as fits."""
    loss = signs.loss
    total = int(loss.steps[-1]) + 1 if loss.count else 1
    took = max(0.05, float(loss.seconds[-1] - loss.seconds[0])) if loss.count > 1 else 1.0
    width = max(1, os.cpu_count() or 1)
    room = 0.85 * seconds * width / max(1, arms)
    share = min(1.0, room / (1.15 * took + 0.3))
    steps = max(min(total, MIN_STEPS), int(total * share))
    return steps, max(4.0, min(LARGEST_ARM, 3 * took * steps / total + 2.0))
