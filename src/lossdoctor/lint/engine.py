"""Every check over every file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..source.diff import Edit, together
from ..words import Finding, FixProposal, Unread, UserError
from .check import Alarm, Check
from .checks import all_checks
from .comments import ignored, is_ignored
from .facts import Facts
from .files import files
from .unit import Unit, Unreadable, read_unit

CONFIDENCE = {"error": 0.95, "warning": 0.7, "note": 0.5}
"""How sure a finding is; the text alone never makes certain what the data will do."""

SUBJECTS = (b"torch", b"sklearn")
"""A file that names none of these has nothing for us."""


@dataclass(frozen=True)
class Looked:
    """What was found in one file."""

    path: Path
    findings: tuple[Finding, ...] = ()
    unread: Unread | None = None
    ignored: int = 0
    fixed: int = 0


def known_causes() -> frozenset[str]:
    """Ids of the causes that can be seen without running."""
    return frozenset(check.cause for check in all_checks())


def lint_paths(
    paths: Sequence[str], *, select: Collection[str] | None = None, ignore: Collection[str] = (), fix: bool = False
) -> Iterator[Looked]:
    """What each file shows. Raises UserError for a path that is not there."""
    checks = [c for c in all_checks() if (select is None or c.cause in select) and c.cause not in ignore]
    for path, named in files(paths):
        yield lint_file(path, checks, named=named, fix=fix)


def lint_file(path: Path, checks: Sequence[Check], *, named: bool = True, fix: bool = False) -> Looked:
    name = path.as_posix()
    try:
        raw = path.read_bytes()
        if not any(word in raw for word in SUBJECTS) and not named:
            return Looked(path)
        unit = read_unit(path, raw, name)
    except Unreadable as error:
        return Looked(path, unread=Unread(name, error.why, error.line))
    except OSError as error:
        return Looked(path, unread=Unread(name, error.strerror or "it cannot be read"))
    alarms, hidden = _kept(unit, checks)
    fixed = 0
    if fix and not unit.cells and (edit := _all_edits(alarms)) is not None:
        mended = [a for a in alarms if a[1].edit is not None]
        _write(path, unit, edit)
        again = read_unit(path, path.read_bytes(), name)
        alarms, hidden = _kept(again, checks)
        fixed, unit = len(mended), again
    return Looked(path, tuple(_finding(unit, check, alarm) for check, alarm in alarms), None, hidden, fixed)


def lint_unit(unit: Unit, checks: Sequence[Check]) -> list[tuple[Check, Alarm]]:
    """Every check's alarms, in the order of the text; of one cause at one place the first."""
    text = unit.script.text
    facts: Facts | None = None
    found: dict[tuple[int, int, str], tuple[Check, Alarm]] = {}
    for check in checks:
        if check.needs and not any(word in text for word in check.needs):
            continue
        facts = facts if facts is not None else Facts(unit.script)
        for alarm in check.look(facts):
            found.setdefault((alarm.node.lineno, alarm.node.col_offset, check.cause), (check, alarm))
    return [found[key] for key in sorted(found)]


def _kept(unit: Unit, checks: Sequence[Check]) -> tuple[list[tuple[Check, Alarm]], int]:
    found = lint_unit(unit, checks)
    said = ignored(unit.script)
    kept = [
        (check, alarm) for check, alarm in found
        if not is_ignored(said, check.cause, alarm.node.lineno, _last_line(alarm))
    ]  # fmt: skip
    return kept, len(found) - len(kept)


def _last_line(alarm: Alarm) -> int:
    return alarm.node.lineno if hasattr(alarm.node, "body") else alarm.node.end_lineno or alarm.node.lineno


def _all_edits(alarms: list[tuple[Check, Alarm]]) -> Edit | None:
    """As many of the changes as go together: where two touch, the later one waits for the next time."""
    whole: Edit | None = None
    for _, alarm in alarms:
        if alarm.edit is not None:
            both = together(whole, alarm.edit) if whole is not None else alarm.edit
            whole = both if both is not None else whole
    return whole


def _write(path: Path, unit: Unit, edit: Edit) -> None:
    """The whole file at once, so that a full disk leaves it as it was."""
    whole = path.resolve()
    beside = whole.with_name(f".{whole.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes((unit.script.bom + edit.after).encode(unit.encoding))
        shutil.copymode(whole, beside)
        beside.replace(whole)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror}. Nothing in it was changed.") from None


def _finding(unit: Unit, check: Check, alarm: Alarm) -> Finding:
    fixes: tuple[FixProposal, ...] = ()
    if alarm.edit is not None and not unit.cells:
        fixes = (FixProposal(check.name, {}, alarm.title or check.name, alarm.edit.diff, "safe"),)
    return Finding(
        cause=check.cause, severity=alarm.severity, confidence=CONFIDENCE[alarm.severity], summary=alarm.summary, evidence=(),
        where=unit.place(alarm.node), fixes=fixes, id=check.name, proof="structure",
    )  # fmt: skip
