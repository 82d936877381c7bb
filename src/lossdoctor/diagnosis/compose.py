"""From diagnoses to the one Report that every renderer shows."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from .. import __version__
from ..causes import all_causes, page
from ..signs import Signs
from ..signs.arms import PROBES, ArmSign
from ..source.script import Script
from ..trace.events import InternalError, ModelSeen, Note, RunStarted
from ..words import Arm, Finding, Place, Report, Training, Verdict, short
from .certainty import dated
from .engine import Diagnosis, with_fixes
from .pictures import pictures

SAYS: dict[Verdict, str] = {
    "learning": "The run learns: skill {skill} after {steps} updates, and still rising.",
    "converged": "The run has learned and is done: skill {skill} after {steps} updates.",
    "stalled": "The run does not learn: after {steps} updates its skill is {skill} (0 is what a constant gets, 1 is perfect).",
    "diverged": "The run diverges: {how}.",
    "never-started": "Nothing was learned because training never took hold: {how}.",
    "too-short": "Too short to tell: {steps} updates were seen.",
    "fit": "Nothing in this data keeps a recurrent network from learning.",
    "unfit": "No network can learn from this data as it is.",
}


def compose(
    diagnoses: Sequence[Diagnosis], *, script: str, out: str, command: str, notes: Sequence[str] = (),
    panel_seconds: float = 0.0, probe_budget: float = 0.0,
) -> Report:  # fmt: skip
    """One report of all trainings of a run; the one that fares worst speaks first."""
    finished = [with_fixes(d) for d in diagnoses]
    main = min(finished, key=_standing)
    signs = main.signs
    ended, started = signs.ended, signs.trace.first(RunStarted)
    findings = tuple(_placed(f) for d in sorted(finished, key=lambda d: d is not main) for f in dated(d.findings, d.signs))
    known = all_causes()
    named = {f.cause for f in findings} | {h.cause for h in main.healthy} | {n.cause for n in main.not_judged}
    seconds = ended.seconds if ended is not None else (float(signs.loss.seconds[-1]) if signs.loss.count else 0.0)
    versions = dict(started.versions) if started is not None else {}
    for note in signs.trace.of(Note):
        if note.text.startswith("torch "):
            versions["torch"] = note.text.removeprefix("torch ")
    skill = signs.loss.skill
    return Report(
        script=script, framework="torch", verdict=main.verdict, answer=_answer(main), steps=max(signs.updates, 0) or signs.loss.count,
        seconds=round(seconds, 2), version=__version__, versions=versions, seed=started.seed if started is not None else None,
        skill=None if skill is None else round(skill, 4), skill_held_back=_rounded(signs.loss.held_skill),
        overhead=round(ended.own_seconds / ended.seconds, 4) if ended is not None and ended.seconds > 0 else None,
        findings=findings, healthy=main.healthy, not_judged=main.not_judged,
        notes=tuple(dict.fromkeys([*notes, *_notes(signs, finished)])),
        trainings=tuple(_training(d) for d in finished), arms=tuple(_arm(a) for a in signs.arms),
        baselines={signs.reference.what: round(signs.reference.skill, 4)} if signs.reference is not None else {},
        panels=pictures(signs), pages={name: page(known[name]) for name in sorted(named) if name in known},
        sources=_sources(findings), out=out, next_command=_next(main, command), panel_seconds=round(panel_seconds, 2),
        probe_seconds=round(sum(a.seconds for a in signs.arms), 2), probe_budget=probe_budget if signs.arms else 0.0,
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


FLOOR = 0.4
"""Confidence below which a finding is shown, and the answer is that we do not know."""

ORDER: tuple[Verdict, ...] = ("diverged", "never-started", "stalled", "unfit", "too-short", "learning", "converged", "fit")


def _standing(diagnosis: Diagnosis) -> tuple[int, int, int]:
    errors = sum(f.severity == "error" for f in diagnosis.findings)
    return (0 if errors else 1, ORDER.index(diagnosis.verdict), diagnosis.signs.training)


def _answer(diagnosis: Diagnosis) -> str:
    signs = diagnosis.signs
    loss = signs.loss
    how = "no backward pass was seen"
    if diagnosis.verdict == "diverged":
        if loss.first_bad is not None:
            how = f"its loss is no number from step {int(loss.steps[loss.first_bad])} on"
        else:
            how = f"its loss went from {short(loss.start)} to {short(loss.end)}"
    elif loss.count and diagnosis.verdict == "never-started":
        how = f"no weight has changed in {loss.count} backward passes"
        if not signs.wiring.connected:
            how = "its loss is not connected to the model"
    text = SAYS[diagnosis.verdict].format(
        skill=short(None if loss.skill is None else round(loss.skill, 2)), steps=signs.updates or loss.count, how=how
    )
    first = next((f for f in diagnosis.findings if f.severity != "note" and f.confidence >= FLOOR), None)
    if first is not None and diagnosis.verdict not in ("learning", "converged", "fit"):
        title = page(all_causes()[first.cause]).title
        lead = "Cause" if first.severity == "error" and first.confidence >= 0.8 else "Likely cause"
        return f"{text} {lead}: {title[0].lower()}{title[1:]}."
    if diagnosis.verdict in ("stalled", "diverged") and first is None:
        reference = signs.reference
        also = ", and a simple learner finds nothing in these inputs either" if reference is not None and reference.skill < 0.05 else ""
        return f"{text} We do not know why{also}. {_next_to_measure(diagnosis)}"
    return text


def _next_to_measure(diagnosis: Diagnosis) -> str:
    """What is ruled out, and what would tell more."""
    signs = diagnosis.signs
    tried = [a for a in signs.arms if a.took_hold and a.fix not in PROBES and not a.cures]
    ruled = f"{len(diagnosis.healthy)} causes are ruled out" + (f", {len(tried)} what-ifs made no cure" if tried else "")
    wanted = []
    if not signs.panel_asked:
        wanted.append("the what-ifs (check without --no-panel)")
    if not signs.loss.held_value.size:
        wanted.append("a loss on held-back data")
    wanted += [f"{n.needs} (for {n.cause})" for n in diagnosis.not_judged if "what-if panel" not in n.needs and "held-back" not in n.needs]
    return f"{ruled}; to measure next: {'; '.join(wanted[:3])}." if wanted else f"{ruled}."


def _training(diagnosis: Diagnosis) -> Training:
    signs = diagnosis.signs
    models = signs.wiring.models
    name = models[min(signs.training, len(models) - 1)].cls if models else "training"
    first = int(signs.loss.steps[0]) if signs.loss.count else 0
    return Training(
        signs.training, name, diagnosis.verdict, _rounded(signs.loss.skill), _rounded(signs.loss.held_skill),
        signs.updates or signs.loss.count, first,
    )  # fmt: skip


def _arm(arm: ArmSign) -> Arm:
    curve: tuple[tuple[float, ...], tuple[float | None, ...]] = ((), ())
    loss = None
    if arm.loss is not None and arm.loss.smoothed.size:
        values = arm.loss.skill_curve
        places = range(len(values)) if len(values) <= 150 else [round(i * (len(values) - 1) / 149) for i in range(150)]
        curve = (tuple(float(arm.loss.steps[i]) for i in places), tuple(round(float(values[i]), 4) for i in places))
        loss = float(arm.loss.end)
    args = {k: v for k, v in arm.args.items() if isinstance(v, str | int | float | bool)}
    return Arm(
        arm.fix, args, arm.title, arm.outcome, arm.steps, _rounded(arm.skill), loss, curve, "skill", round(arm.seconds, 2),
        "trial" if arm.kind == "trial" else "fork", arm.note,
    )  # fmt: skip


def _placed(finding: Finding) -> Finding:
    """The source line quoted, and the file named as the user would."""
    where = finding.where
    if where is None or not where.file:
        return dataclasses.replace(finding, where=None)
    script = Script.read(where.file)
    if script is None:
        return dataclasses.replace(finding, where=dataclasses.replace(where, file=nice(where.file)))
    place = script.place(where.line) if where.column is None else where
    return dataclasses.replace(finding, where=Place(nice(where.file), where.line, place.column, script.line(where.line)))


def nice(file: str) -> str:
    """Relative to the working directory where that is shorter."""
    try:
        relative = os.path.relpath(file)
    except ValueError:
        return file
    return relative if not relative.startswith("..") else file


def _sources(findings: Sequence[Finding]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for finding in findings:
        if finding.where is None:
            continue
        script = Script.read(finding.where.file)
        if script is not None:
            found.setdefault(finding.where.file, {}).update(script.context(finding.where.line, 2))
    return found


def _notes(signs: Signs, diagnoses: Sequence[Diagnosis]) -> list[str]:
    notes = [n.text for n in signs.trace.of(Note) if not n.text.startswith("torch ")]
    if signs.trace.of(InternalError):
        notes.append(
            f"lossdoctor could not measure everything ({len(signs.trace.of(InternalError))} internal errors, details in errors.log); "
            "your run is not affected."
        )
    if any(d.errors for d in diagnoses):
        notes.append("a cause could not be judged because of an internal error (details in errors.log).")
    ended = signs.ended
    if ended is not None and ended.how == "error":
        notes.append(f"the script ended with an error: {ended.error}")
    if ended is None and signs.loss.count:
        notes.append("the run did not come to an orderly end: this is what was seen until then.")
    if any(m.compiled for m in signs.trace.of(ModelSeen)):
        recurrent = signs.wiring.recurrent_classes
        if recurrent:
            notes.append(
                f"torch.compile leaves a model that holds nn.{recurrent[0]} uncompiled (torch._dynamo.config.allow_rnn is False)."
            )
    return notes + list(signs.trace.notes)


def _next(diagnosis: Diagnosis, command: str) -> str:
    if diagnosis.findings:
        return f"lossdoctor explain {diagnosis.findings[0].cause}"
    if diagnosis.verdict in ("learning", "converged"):
        return ""
    return command
