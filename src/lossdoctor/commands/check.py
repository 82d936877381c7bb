"""`lossdoctor check`: watch the first stretch of a script, ask what-ifs, diagnose, report."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..diagnosis.compose import compose
from ..diagnosis.engine import Diagnosis
from ..diagnosis.questions import questions, worth_asking
from ..launch.program import Program, parse_program
from ..launch.zygote import Waker, can_fork
from ..reports.folder import write_folder
from ..reports.json import read_report
from ..session.child import WatchedChild
from ..session.order import WatchOrder
from ..session.panel import ArmOrder, ArmRun, Snapshots, births, read_arm, run_trials, store_runs, stored_runs
from ..signs import Signs
from ..signs.arms import ArmSign
from ..trace.events import Birth, InternalError
from ..trace.reader import Trace
from ..words import Report, UserError
from .asking import ask, size_of
from .diagnose import MAIN, examined, trace_of
from .folder import log_errors, prepared
from .progress import Progress
from .show import checked, show

BUDGET = 0.3
"""In `check` we may look closely: our share of the stretch's time. (`run` keeps to 2 %.)"""
ALLOWANCE = 2.0
OUTPUT = "script-output.txt"
SIDE_BY_SIDE = 0.6
"""Share of its computing time that the panel takes where two cores or more run arms side by side."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What was asked for on the command line; `program` is (target, arguments, is it a module)."""

    program: tuple[str, list[str], bool]
    seconds: float
    steps: int | None
    probe_seconds: float
    out: Path
    format: str
    select: frozenset[str] | None
    ignore: frozenset[str]
    exit_zero: bool
    show_output: bool
    quiet: bool
    reseed: int | None = None
    """As in a trial: what the script leaves unseeded gets a known start."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the first stretch of a script gave: its diagnoses and the report that was written of them."""

    program: Program
    found: list[Diagnosis]
    report: Report
    trace: Trace
    out: Path
    status: int
    printed: str


def check_script(options: CheckOptions) -> int:
    """0: nothing wrong; 1: a finding of severity error; 2: it could not be done."""
    form = checked(options.format)
    seen = examine_script(options)
    if _never_trained(seen.trace):
        show(seen.report, form, sys.stdout) if form == "json" else None
        raise UserError(why_not(seen))
    show(seen.report, form, sys.stdout)
    if form != "github" and os.environ.get("GITHUB_ACTIONS") == "true" and not sys.stderr.isatty():
        show(seen.report, "github", sys.stderr)
    return exit_status(seen.report, options.exit_zero)


def examine_script(options: CheckOptions, progress: Progress | None = None) -> Examined:
    """Watch, ask, diagnose, and write the report. Raises UserError where nothing could be watched."""
    target, args, as_module = options.program
    program = parse_program(target, args, as_module)
    require_torch()
    out = prepared(options.out)
    progress = progress or Progress(quiet=options.quiet)
    snapshots = Snapshots(Waker(), Waker()) if options.probe_seconds > 0 and can_fork() else None
    order = WatchOrder(
        program.kind, program.target, program.argv, str(out / "trace" / MAIN), mode="check", scratch=str(out / "scratch"),
        budget=BUDGET, allowance=ALLOWANCE, seconds=options.seconds, steps=options.steps,
        control=snapshots.first.fileno_for_child() if snapshots is not None else -1,
        late=snapshots.late.fileno_for_child() if snapshots is not None else -1, seed=_seed(), reseed=options.reseed,
    )  # fmt: skip
    output = out / OUTPUT
    progress.say(f"watching {target}")
    child = WatchedChild(order, out / "scratch", snapshots.both if snapshots is not None else (), output)
    try:
        status = child.wait(options.seconds, lambda: progress.tick())
    except KeyboardInterrupt:
        child.end()
        if snapshots is not None:
            snapshots.close()
        raise UserError("interrupted; what was seen until then: lossdoctor report " + str(options.out)) from None
    try:
        return _diagnosed(options, program, out, status, snapshots, progress)
    finally:
        if snapshots is not None:
            snapshots.close()


def _diagnosed(
    options: CheckOptions, program: Program, out: Path, status: int, snapshots: Snapshots | None, progress: Progress,
) -> Examined:  # fmt: skip
    printed = _printed(out)
    if options.show_output and printed:
        sys.stderr.write(printed)
    try:
        trace = trace_of(out)
    except UserError:
        raise UserError(
            f"the script ended (status {status}) before anything could be watched.{_last_lines(printed)}"
        ) from None
    notes: list[str] = []
    arms: dict[int, tuple[ArmSign, ...]] = {}
    born: list[Birth] = []
    found = examined(trace, select=options.select, ignore=options.ignore)
    began = time.monotonic()
    asked = False
    runs: list[ArmRun] = []
    main = min(found, key=lambda d: (not worth_asking(d), d.signs.training))
    if snapshots is not None and snapshots.first.planted and worth_asking(main):
        asked = True
        runs = ask(main, snapshots, out / "arms", wall_seconds(options.probe_seconds), progress)
        store_runs(runs, out / "arms")
        arms = _signs_of(runs, found)
        born = [b for run in runs if not run.order.fix for b in births(run)]
    elif options.probe_seconds > 0 and worth_asking(main):
        asked = True
        notes.append(
            "no snapshot of the run could be taken: the what-ifs are short trials of the script from its first line."
        )
        runs = _try(main, program, out / "arms", wall_seconds(options.probe_seconds), progress)
        store_runs(runs, out / "arms")
        arms = _signs_of(runs, found)
    spent = time.monotonic() - began if asked else 0.0
    if asked:
        found = examined(trace, arms=arms, births=born, select=options.select, ignore=options.ignore, asked=True)
    progress.done()
    log_errors(out, [e.text for e in trace.of(InternalError)] + [e for d in found for e in d.errors])
    script = options.program[0]
    report = compose(
        found, script=script, out=str(options.out), command=f"lossdoctor check --seconds {options.seconds * 3:g} {script}",
        notes=notes, panel_seconds=spent, probe_budget=options.probe_seconds,
    )  # fmt: skip
    write_folder(report, out)
    return Examined(program, found, report, trace, out, status, printed)


def examined_before(options: CheckOptions) -> Examined | None:
    """What an earlier call with the same `out` has seen and written, read back; None where it had come to no end."""
    target, args, as_module = options.program
    out = options.out.resolve()
    runs = stored_runs(out / "arms")
    try:
        trace, report = trace_of(out), read_report(out)
    except UserError:
        return None
    born = [b for run in runs or [] if not run.order.fix for b in births(run)]
    found = examined(trace)
    if runs is not None:
        found = examined(trace, arms=_signs_of(runs, found), births=born, asked=True)
    return Examined(parse_program(target, args, as_module), found, report, trace, out, 0, _printed(out))


def _printed(out: Path) -> str:
    """What the script itself has printed."""
    output = out / OUTPUT
    return output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""


def wall_seconds(computing: float) -> float:
    return computing * (SIDE_BY_SIDE if (os.cpu_count() or 1) > 1 else 1.0)


def _signs_of(runs: list[ArmRun], found: list[Diagnosis]) -> dict[int, tuple[ArmSign, ...]]:
    return {d.signs.training: tuple(read_arm(run, d.signs) for run in runs if run.order.fix) for d in found}


def _try(main: Diagnosis, program: Program, folder: Path, seconds: float, progress: Progress) -> list[ArmRun]:
    """Trials of the most suspected arms only: each pays for the script's start again."""
    orders = [ArmOrder(q.name, q.fix, q.args, q.title) for q in questions(main) if q.suspicion >= 2]
    ended = main.signs.ended
    whole = ended.seconds if ended is not None else seconds
    steps, _ = size_of(main.signs, 4, seconds)
    each = max(3.0, min(seconds / 2, 1.5 * whole + 3.0))
    return run_trials(program, orders, folder, steps=steps, seconds=seconds, each=each, tick=progress.say)


def exit_status(report: Report, exit_zero: bool) -> int:
    return 1 if any(f.severity == "error" for f in report.findings) and not exit_zero else 0


def require_torch() -> None:
    """Raises UserError where there is no torch to watch, or one too old."""
    import importlib.metadata
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise UserError(
            "PyTorch is not installed in this Python, so no training can be watched. Install it: pip install torch"
        )
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
        version = importlib.metadata.version("torch")
        major, minor = (int(part) for part in version.split("+")[0].split(".")[:2])
        if (major, minor) < (2, 4):
            raise UserError(f"PyTorch {version} is too old: lossdoctor needs 2.4 or newer. Upgrade it: pip install -U torch")


def _seed() -> int | None:
    text = os.environ.get("SEED", "")
    return int(text) if text.lstrip("-").isdigit() else None


def _never_trained(trace: Trace) -> bool:
    return not len(trace.table("loss"))


def why_not(seen: Examined) -> str:
    """Why no training step was seen, in a sentence."""
    trace, status, printed = seen.trace, seen.status, seen.printed
    from ..trace.events import ModelSeen, RunEnded

    ended = trace.last(RunEnded)
    asked = next((n for n in Signs(trace).notes if "asked for input" in n), "")
    if asked:
        return f"{asked}. Give it what it needs in another way: an argument, a file, an environment variable.{_last_lines(printed)}"
    if ended is not None and ended.how == "error":
        line = f" (line {ended.line})" if ended.line else ""
        return f"the script crashed before its first training step{line}: {ended.error}.{_last_lines(printed)}"
    if ended is None:
        return f"the script ended (status {status}) before its first training step.{_last_lines(printed)}"
    if ended.how == "stopped":
        return "no training step was made within the time; give it longer with --seconds."
    if "SyntaxError" in printed or "IndentationError" in printed:
        return f"the script is not valid Python.{_last_lines(printed)}"
    if not any("torch " in n for n in Signs(trace).notes):
        return "the script never imported torch, so there is no training to look at."
    if not trace.of(ModelSeen):
        return "the script ran to its end and never trained: no model was called and no backward pass was made."
    return "the script ran to its end and never trained: no backward pass was made."


def _last_lines(printed: str) -> str:
    lines = [line for line in printed.strip().splitlines() if line.strip()][-12:]
    return "\n" + "\n".join(f"    {line}" for line in lines) if lines else ""
