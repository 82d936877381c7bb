"""`lossdoctor report OUT`: the report again, from disk; of a run without one it is made from its trace."""

from __future__ import annotations

import sys
from pathlib import Path

from ..diagnosis.compose import compose
from ..reports.folder import write_folder
from ..reports.json import read_report
from ..trace.events import RunEnded, RunStarted
from ..words import Report, UserError
from .diagnose import examined, trace_of
from .show import checked, show


def show_report(out: Path, form: str) -> int:
    """0, or UserError where there is nothing to show."""
    show(load(out), checked(form), sys.stdout)
    return 0


def load(out: Path) -> Report:
    """The report in `out`; made from the trace where none was written, or where the trace is newer."""
    if not out.is_dir():
        raise UserError(f"{out} is no folder of a run. Name the folder that --out named (default lossdoctor-out).")
    file = out / "report.json"
    if file.exists():
        return read_report(file)
    trace = trace_of(out)
    started = trace.first(RunStarted)
    report = compose(
        examined(trace), script=started.script if started is not None else "?", out=str(out),
        command=f"lossdoctor check {started.script}" if started is not None else "",
        notes=() if trace.last(RunEnded) is not None else ("the run is still going on, or was killed: this is what its trace holds.",),
    )  # fmt: skip
    if trace.last(RunEnded) is not None:
        write_folder(report, out)
    return report
