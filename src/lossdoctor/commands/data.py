"""`lossdoctor data`: is this data fit for a recurrent network? Nothing is trained, and no framework is imported."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..datafile.read import read_data
from ..datafile.series import series_of
from ..datafile.table import Arrays
from ..diagnosis.columns import feature_names, pairs_report, series_report
from ..diagnosis.compose import nice
from ..diagnosis.compose_data import compose_data
from ..reports.folder import write_folder
from ..session.from_file import pairs_evidence, series_evidence
from ..words import UserError
from .check import exit_status
from .diagnose import MAIN, examined, trace_of
from .folder import log_errors, prepared
from .show import checked, show


@dataclass(frozen=True, slots=True)
class DataOptions:
    """What was asked for on the command line."""

    file: Path
    target: str | None
    window: int | None
    horizon: int | None
    time: str | None
    out: Path
    format: str
    exit_zero: bool


def look_at_data(options: DataOptions) -> int:
    """0: nothing wrong; 1: a finding of severity error; 2: it could not be done."""
    began = time.monotonic()
    form = checked(options.format)
    file = nice(str(options.file))
    read = read_data(options.file, options.target)
    if isinstance(read, Arrays):
        _no_windows_to_cut(options, read)
        report, skills = pairs_report(file, read)
        notes = read.notes
        out = prepared(options.out)
        pairs_evidence(file, read, feature_names(read), out / "trace" / MAIN)
    else:
        series = series_of(read, options.target, options.window, options.horizon, options.time)
        report, skills = series_report(file, read, series)
        notes = series.notes
        out = prepared(options.out)
        series_evidence(file, read, series, out / "trace" / MAIN)
    (found,) = examined(trace_of(out))
    log_errors(out, list(found.errors))
    if found.signs.reference is not None and not skills:
        skills = {found.signs.reference.what: round(found.signs.reference.skill, 4)}
    told = compose_data(found, report, skills, out=str(options.out), seconds=time.monotonic() - began, notes=notes)
    write_folder(told, out)
    show(told, form, sys.stdout)
    return exit_status(told, options.exit_zero)


def _no_windows_to_cut(options: DataOptions, read: Arrays) -> None:
    """Raises UserError for options that pairs have no use for: what is passed over in silence misleads."""
    for name, value in (("--window", options.window), ("--horizon", options.horizon), ("--time", options.time)):
        if value is not None:
            raise UserError(f"{options.file} holds inputs and targets that were cut already ({read.x_name}, {read.y_name}): {name} does not apply.")
    if len(read.x) < 2:
        raise UserError(f"{options.file} holds a single sample.")
