"""`lossdoctor run`: the whole script in this process, watched; then the report, to stderr."""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..launch.program import parse_program
from ..session.order import WatchOrder
from ..words import UserError
from .check import require_torch
from .diagnose import MAIN
from .folder import prepared
from .show import checked


@dataclass(frozen=True, slots=True)
class RunOptions:
    program: tuple[str, list[str], bool]
    budget: str
    apply: tuple[str, ...]
    out: Path
    format: str
    quiet: bool
    notify: bool = False
    stop_on: str | None = None


STOPPED = 3
"""Exit status of a run that was ended because something was certain (--stop-on)."""


def run_script(options: RunOptions) -> int:
    """The script's own exit status; our report does not change it."""
    form = checked(options.format)
    if options.stop_on not in (None, "error", "warning"):
        raise UserError(f"--stop-on {options.stop_on}: give error or warning.")
    target, args, as_module = options.program
    program = parse_program(target, args, as_module)
    require_torch()
    order = WatchOrder(
        program.kind, program.target, program.argv, str(prepared(options.out) / "trace" / MAIN), mode="run",
        budget=budget(options.budget), apply=tuple(parse_fix(text) for text in options.apply),
    )  # fmt: skip
    out = Path(order.trace).parent.parent
    owner = os.getpid()
    from ..launch.execute import leave
    from ..session.watch import Watch
    from .onlooker import start

    watch = Watch(order)
    if options.notify or options.stop_on is not None:
        watch.stop_wanted = start(out, options.notify, options.stop_on)
        watch.stopper.status = STOPPED
    outcome = watch.run()
    if os.getpid() == owner:
        conclude(options, form, out)
    leave(dataclasses.replace(outcome, status=STOPPED) if outcome.stopped else outcome)


def conclude(options: RunOptions, form: str, out: Path) -> None:
    """Diagnose from what is on disk and say it on stderr. Our failures are one line, never the script's."""
    from ..diagnosis.compose import compose
    from ..reports.folder import write_folder
    from ..trace.events import InternalError
    from .diagnose import examined, trace_of
    from .folder import log_errors
    from .show import show

    try:
        trace = trace_of(out)
        if not len(trace.table("loss")):
            if not options.quiet:
                sys.stderr.write("lossdoctor: no training step was seen in this run.\n")
            return
        found = examined(trace)
        log_errors(out, [e.text for e in trace.of(InternalError)] + [e for d in found for e in d.errors])
        script = options.program[0]
        report = compose(found, script=script, out=str(options.out), command=f"lossdoctor check {script}")
        write_folder(report, out)
        if not options.quiet:
            show(report, form, sys.stderr)
    except Exception as error:
        log_errors(out, [repr(error)])
        sys.stderr.write(
            f"lossdoctor: could not report on this run ({type(error).__name__}: {error}); your run is not affected.\n"
        )


def budget(text: str) -> float:
    """`2%` or `0.02` as a share. Raises UserError for anything else."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise UserError(f"--budget {text} is no share of the run's time. Give one such as 2% or 0.02.")
    return share


def parse_fix(text: str) -> tuple[str, dict[str, Any]]:
    """`ID[:key=value,...]` as a fix's id and arguments. Raises UserError for a fix that cannot take hold of a run."""
    from ..fixes import all_fixes

    name, _, rest = text.partition(":")
    known = all_fixes()
    if name not in known:
        import difflib

        near = difflib.get_close_matches(name, known, n=2)
        raise UserError(
            f'there is no fix "{name}".'
            + (f" Did you mean {' or '.join(near)}?" if near else f" Fixes: {', '.join(known)}.")
        )
    args: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f'--apply {text}: "{part}" is not of the form key=value.')
        args[key.strip()] = _value(value.strip())
    return name, args


def _value(text: str) -> Any:
    if text in ("true", "True", "false", "False"):
        return text in ("true", "True")
    if ";" in text:
        return [_value(part) for part in text.split(";")]
    try:
        return float(text)
    except ValueError:
        return text
