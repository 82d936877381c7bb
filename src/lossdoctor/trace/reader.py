"""Reading a trace: of a run that ended, that was killed, or that is still going on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from lossdoctor.words import UserError

from . import codec
from .events import TRACE_VERSION
from .layout import ARRAYS, EVENTS_FILE, META, PART_FILE
from .writer import NOTE_KIND

E = TypeVar("E")
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def _no_rows() -> Floats:
    return np.empty((0, 0))


@dataclass(frozen=True)
class Table:
    """`values` is (rows, columns) float64, in the order of writing. `stride`: about how many units lie
    between two rows of the middle, 1 where nothing was thinned; both ends are whole in any case."""

    columns: tuple[str, ...] = ()
    values: Floats = field(default_factory=_no_rows)
    stride: int = 1

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Floats:
        """One column, (rows,); of length 0 where the table does not have it."""
        if name not in self.columns:
            return np.empty(0)
        return self.values[:, self.columns.index(name)]


@dataclass(frozen=True)
class Trace:
    """What one process measured, all of it in memory: nothing is read later.

    `notes` are sentences about the trace itself: what was cut off, lost or left out.
    """

    events: tuple[Any, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    version: int = TRACE_VERSION
    pid: int | None = None
    started: float | None = None
    folder: Path | None = None

    def of(self, kind: type[E]) -> list[E]:
        """All events of a type, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def first(self, kind: type[E]) -> E | None:
        return next((event for event in self.events if isinstance(event, kind)), None)

    def last(self, kind: type[E]) -> E | None:
        return next((event for event in reversed(self.events) if isinstance(event, kind)), None)

    def table(self, name: str) -> Table:
        """The table, without rows and columns where there is none. Parts with other columns follow each
        other; NaN where a part lacks a column."""
        return self.tables.get(name, Table())

    def array(self, name: str) -> Array | None:
        """The array, or None where it was not stored or not whole."""
        return self.arrays.get(name)


def read_trace(folder: Path) -> Trace:
    """Reads the trace of one process up to its last whole record.

    Raises UserError where there is no trace, where a newer lossdoctor wrote it, and where it cannot be
    read or is not a trace at all.
    """
    folder = Path(folder)
    notes: list[str] = []
    try:
        meta = _meta(folder, notes)
        events = _events(folder, notes)
        tables = _tables(folder, notes)
        arrays = _arrays(folder, notes)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"The trace in {folder} cannot be read ({reason}): check the folder, or run the script again."
        ) from error
    pid, started = meta.get("pid"), meta.get("started")
    return Trace(
        events=events,
        tables=tables,
        arrays=arrays,
        notes=tuple(dict.fromkeys(notes)),
        version=meta["version"],
        pid=pid if isinstance(pid, int) else None,
        started=float(started) if isinstance(started, (int, float)) else None,
        folder=folder,
    )


def _meta(folder: Path, notes: list[str]) -> dict[str, Any]:
    try:
        content = (folder / META).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        content = b""
    facts = codec.parse(content)
    if facts is None and (not content or content.startswith(b"{")):
        if not (folder / EVENTS_FILE).is_file() and not _part_files(folder):
            raise UserError(
                f"There is no trace in {folder}: run `lossdoctor run SCRIPT` first, "
                "or name the folder that an earlier run got as --out."
            )
        notes.append(f"{META} is not whole: the trace was read as one of version {TRACE_VERSION}")
        return {"version": TRACE_VERSION}
    version = None if facts is None else facts.get("version")
    if facts is None or not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise UserError(
            f"The trace in {folder} is damaged ({META} is not what lossdoctor writes): run the script again."
        )
    if version > TRACE_VERSION:
        raise UserError(
            f"The trace in {folder} was written by a newer lossdoctor (trace version {version}, "
            f"this one reads up to {TRACE_VERSION}): upgrade lossdoctor to read it."
        )
    return facts


def _events(folder: Path, notes: list[str]) -> tuple[Any, ...]:
    try:
        content = (folder / EVENTS_FILE).read_bytes()
    except FileNotFoundError:
        return ()
    lines = content.split(b"\n")
    found: list[Any] = []
    damaged = 0
    for index, line in enumerate(lines):
        if not line:
            continue
        facts = codec.parse(line)  # no beginning of an object is an object: a torn line never parses
        if facts is not None:
            if facts.get("kind") == NOTE_KIND:
                notes.append(str(facts.get("text")))
            elif (event := codec.build(facts)) is not None:
                found.append(event)
        elif index == len(lines) - 1:
            notes.append("the last event was cut off")
        else:
            damaged += 1
    if damaged:
        notes.append(f"{damaged} events could not be read" if damaged > 1 else "one event could not be read")
    return tuple(found)


def _part_files(folder: Path) -> dict[str, list[tuple[int, Path]]]:
    try:
        names = [path for path in folder.iterdir() if path.name != META]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    parts: dict[str, list[tuple[int, Path]]] = {}
    for path in names:
        match = PART_FILE.fullmatch(path.name)
        if match:
            parts.setdefault(match[1], []).append((int(match[2]), path))
    return {name: sorted(found) for name, found in sorted(parts.items())}


def _tables(folder: Path, notes: list[str]) -> dict[str, Table]:
    tables = {}
    for name, files in _part_files(folder).items():
        parts = [part for _, path in files if (part := _part(name, path, notes)) is not None]
        if parts:
            tables[name] = parts[0] if len(parts) == 1 else _joined(parts)
    return tables


def _part(name: str, sidecar: Path, notes: list[str]) -> Table | None:
    try:
        facts = codec.parse(sidecar.read_bytes()) or {}
    except FileNotFoundError:
        return None
    columns, stride = facts.get("columns"), facts.get("stride", 1)
    if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
        notes.append(f"the columns of the table {name} could not be read: {sidecar.stem} was left out")
        return None
    try:
        content = sidecar.with_suffix(".f64").read_bytes()
    except FileNotFoundError:
        content = b""
    rows, torn = divmod(len(content), 8 * len(columns))
    if torn:
        notes.append(f"the last row of the table {name} was cut off")
    values = np.frombuffer(content, dtype="<f8", count=rows * len(columns)).reshape(rows, len(columns))
    return Table(tuple(columns), values.astype(np.float64), stride if isinstance(stride, int) else 1)


def _joined(parts: list[Table]) -> Table:
    columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
    values = np.full((sum(len(part) for part in parts), len(columns)), np.nan)
    start = 0
    for part in parts:
        at = [columns.index(column) for column in part.columns]
        values[start : start + len(part), at] = part.values
        start += len(part)
    return Table(columns, values, max(part.stride for part in parts))


def _arrays(folder: Path, notes: list[str]) -> dict[str, Array]:
    try:
        files = sorted((folder / ARRAYS).glob("*.npy"))
    except FileNotFoundError:
        return {}
    arrays = {}
    for file in files:
        try:
            array = _array(file.read_bytes())
        except FileNotFoundError:
            continue
        if array is None:
            notes.append(f"the array {file.stem} is not whole")
        else:
            arrays[file.stem] = array
    return arrays


def _array(content: bytes) -> Array | None:
    """An array from the bytes of an .npy file; None where they are not exactly one, or hold objects."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        rest = content[stream.tell() :]
        if dtype.hasobject or len(rest) != dtype.itemsize * int(np.prod(shape, dtype=object)):
            return None
        flat = np.frombuffer(rest, dtype=dtype).copy() if rest else np.empty(0, dtype)
        return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
    except Exception:  # the header is a literal that anything may have been written into
        return None
