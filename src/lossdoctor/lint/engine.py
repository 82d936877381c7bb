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
        return _looked(path, read_unit(path, raw, name), checks, fix)
    except Unreadable as error:
        return Looked(path, unread=Unread(name, error.why, error.line))
    except UserError:
        raise
    except OSError as error:
        return Looked(path, unread=Unread(name, error.strerror or "it cannot be read"))
    except Exception as error:  # a fault of ours in one file must not hide what the others show
        return Looked(path, unread=Unread(name, f"lossdoctor itself failed on it ({type(error).__name__}: {error}); please report this"))


def _looked(path: Path, unit: Unit, checks: Sequence[Check], fix: bool) -> Looked:
    alarms, hidden = _kept(unit, checks)
    fixed = 0
    if fix and not unit.cells:
        edit, fixed = _all_edits(alarms)
        if edit is not None:
            _write(path, unit, edit)
            unit = read_unit(path, path.read_bytes(), path.as_posix())
            alarms, hidden = _kept(unit, checks)
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


def _all_edits(alarms: list[tuple[Check, Alarm]]) -> tuple[Edit | None, int]:
    """As many of the changes as go together, and how many they are: where two touch, the later one waits."""
    whole: Edit | None = None
    count = 0
    for _, alarm in alarms:
        both = together(whole, alarm.edit) if whole is not None else alarm.edit
        if alarm.edit is not None and both is not None:
            whole, count = both, count + 1
    return whole, count


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
