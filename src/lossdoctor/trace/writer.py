"""Writing a trace: bounded in memory and on disk, whatever the run does and however long it lasts."""

from __future__ import annotations

import io
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .codec import encode
from .disk import GrowingFile, replace_file
from .eventlog import EventLog
from .events import TRACE_VERSION
from .intake import Intake
from .layout import ARRAYS, EVENTS_FILE, META, TABLE_NAME, clear_trace, table_files
from .tables import TableWriter

if TYPE_CHECKING:
    import numpy as np

NOTE_KIND = "trace-note"

# Shares of `limit_bytes`. A table or the events may for a moment lie there twice, while they are thinned:
# 30 + 11 + 35 + 5/8 of 35 + what waits is under 100.
ARRAYS_SHARE, EVENTS_SHARE, TABLES_SHARE = 0.30, 0.11, 0.35
CHUNK_SHARE = 1 / 80
RING_BYTES = 2_000_000
RETRY_SECONDS = 60.0
PARTS = 32
"""Table files a trace may have. With a smallest unit of 1/128 of the tables' share each, all of them
fit even when each is thinned to its last few units."""
_UNITS = 128


class TraceWriter:
    """One process's trace in `folder`; an earlier trace there is removed.

    Files are append-only and closed between writes, records go to disk whole, and no method raises
    OSError: while the disk is full, the newest 2 MB wait in memory and are tried again every minute and on
    close. In a forked child every method does nothing. `flush_seconds` is how much a SIGKILL may cost, given
    that someone calls `maybe_flush`; `fsync_seconds` also pushes flushed bytes through to the disk at that
    interval (it waits for the disk; off by default), which a power cut needs. `close` always does.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int = 10_000_000,
        flush_seconds: float = 1.0,
        fsync_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.limit_bytes = limit_bytes
        self._flush_seconds = flush_seconds
        self._fsync_seconds = fsync_seconds
        self._clock = clock
        self._due = clock() + flush_seconds
        self._fsync_due = clock() + (fsync_seconds or 0.0)
        self._retry_at = float("-inf")
        self._failing = False
        self._busy = False
        self._lost = 0
        self._notes: list[str] = []
        self._told = 0
        self._arrays: set[str] = set()
        self._arrays_left = int(ARRAYS_SHARE * limit_bytes)
        self._tables: dict[str, list[TableWriter]] = {}
        self._intake = Intake(max(1, int(CHUNK_SHARE * limit_bytes)), self.flush)
        self._events = EventLog(self._intake, GrowingFile(self.folder / EVENTS_FILE))
        self._begun = False
        self._started = time.time()
        try:
            self._begin()
        except OSError as error:
            self._failed(error)

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong with the trace itself, each once, in a sentence."""
        return tuple(self._notes)

    def event(self, event: Any) -> None:
        """Notes one event (a frozen dataclass with a class attribute `kind`); it waits for the next flush."""
        intake = self._intake
        if not intake.open or os.getpid() != intake.pid:
            return
        cls = type(event)
        try:
            line = encode(event)
        except (ValueError, TypeError, RecursionError) as error:
            self._note(f"an event of kind {cls.kind} could not be written: {error}")
            return
        with intake.lock:
            if len(line) > EVENTS_SHARE * self.limit_bytes / 8:
                self._note(f"an event of kind {cls.kind} was too large for the trace and was left out")
            else:
                self._events.add(cls.kind, getattr(cls, "thin", False), line)

    def table(self, name: str, columns: Sequence[str]) -> TableWriter:
        """The table's part that has these columns, opened if there is none yet.

        Raises ValueError for a name that is no plain file name, for no column and for one named twice.
        """
        columns = tuple(columns)
        if not TABLE_NAME.fullmatch(name):
            raise ValueError(f"not a name for a table: {name!r}")
        if not columns or len(set(columns)) != len(columns):
            raise ValueError(f"a table's columns must be named, and each once: {columns!r}")
        unit_bytes = int(TABLES_SHARE * self.limit_bytes / _UNITS)
        if not self._intake.mine():  # and do not ask for the lock: a thread may have held it at the fork
            return TableWriter(self._intake, table_files(self.folder, name, 0), columns, unit_bytes, False)
        with self._intake.lock:
            parts = self._tables.setdefault(name, [])
            for part in parts:
                if part.columns == columns:
                    return part
            files = table_files(self.folder, name, len(parts))
            live = len(self._live()) < PARTS and 8 * len(columns) <= unit_bytes
            part = TableWriter(self._intake, files, columns, unit_bytes, live)
            if live:
                parts.append(part)
            else:
                self._note(f"the table {name} with {len(columns)} columns did not fit into the trace")
            return part

    def array(self, name: str, values: np.ndarray[Any, np.dtype[Any]]) -> str | None:
        """Stores an array at once; returns the name to read it by (another one where `name` was taken).

        None where it was not stored: objects, no room left in the arrays' share of the limit, or no disk.
        """
        if not self._intake.mine():
            return None
        import numpy as np

        values = np.asarray(values)
        if values.dtype.hasobject or values.nbytes > self._arrays_left or self._clock() < self._retry_at:
            return None
        data = io.BytesIO()
        np.lib.format.write_array(data, values, allow_pickle=False)
        content = data.getvalue()
        with self._intake.lock:
            if len(content) > self._arrays_left:
                return None
            stored = self._free_name(name)
            try:
                self._begin()
                (self.folder / ARRAYS).mkdir(exist_ok=True)
                replace_file(self.folder / ARRAYS / f"{stored}.npy", content)
            except OSError as error:
                self._failed(error)
                return None
            self._arrays.add(stored.lower())
            self._arrays_left -= len(content)
            return stored

    def maybe_flush(self) -> None:
        """Flushes if the last time was `flush_seconds` ago: cheap enough for every step."""
        if self._clock() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Puts on disk what waits; while the disk refuses, at most once a minute."""
        self._attempt(last=False)

    def close(self) -> None:
        """The last flush, down to the disk itself. Afterwards every call does nothing."""
        if self._intake.mine():
            self._attempt(last=True)
            self._intake.open = False

    # ------------------------------------------------------------------------------------------ inside

    def _attempt(self, *, last: bool) -> None:
        if not self._intake.mine():
            return
        with self._intake.lock:
            if self._busy:  # a signal handler that came while we were at it
                return
            self._busy = True
            try:
                now = self._clock()
                self._due = now + self._flush_seconds
                if last or now >= self._retry_at:
                    try:
                        self._write_all(now, last=last)
                    except OSError as error:
                        self._failed(error)
                self._trim()
            finally:
                self._busy = False

    def _write_all(self, now: float, *, last: bool) -> None:
        sync = self._fsync_seconds is not None and now >= self._fsync_due
        if sync:
            self._fsync_due = now + (self._fsync_seconds or 0.0)
        self._begin()
        self._make_room(sync=sync)
        tables = self._live()
        for table in tables:
            table.write(sync=sync)
        if self._failing:
            self._recovered()
        self._write_events(sync=sync)
        if last:
            for table in tables:
                if table.level:
                    table.thin(deeper=False)
                table.sync()
            self._events.sync()

    def _begin(self) -> None:
        if self._begun:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        clear_trace(self.folder)
        meta = {"version": TRACE_VERSION, "pid": self._intake.pid, "started": self._started}
        replace_file(self.folder / META, json.dumps(meta).encode("ascii") + b"\n")
        self._begun = True

    def _make_room(self, *, sync: bool) -> None:
        """Thins the largest table, waiting rows included, until all fit into their share."""
        share = TABLES_SHARE * self.limit_bytes
        stubborn: set[int] = set()
        while True:
            sizes = {id(table): table.size + len(table.pending) for table in self._live()}
            candidates = [table for table in self._live() if id(table) not in stubborn]
            if sum(sizes.values()) <= share or not candidates:
                break
            largest = max(candidates, key=lambda table: sizes[id(table)])
            if not largest.thin(sync=sync):
                stubborn.add(id(largest))

    def _write_events(self, *, sync: bool) -> None:
        waiting = sum(len(line) for _, _, line in self._events.pending)
        if self._events.size + waiting > EVENTS_SHARE * self.limit_bytes:
            note = self._events.thin(sync=sync)
            if note:
                self._note(note)
        told = len(self._notes)
        for text in self._notes[self._told : told]:
            line = json.dumps({"kind": NOTE_KIND, "text": text}).encode("ascii") + b"\n"
            self._events.add(NOTE_KIND, True, line)
        self._events.write(sync=sync)
        self._told = told  # only now: what waits may be lost, notes may not; a reader drops doubles

    def _live(self) -> list[TableWriter]:
        return [part for parts in self._tables.values() for part in parts if part.live]

    def _free_name(self, name: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:80].lstrip(".-") or "array"
        stored, count = plain, 1
        while stored.lower() in self._arrays:
            count += 1
            stored = f"{plain}-{count}"
        return stored

    def _note(self, text: str) -> None:
        with self._intake.lock:
            if text not in self._notes and len(self._notes) < 100:
                self._notes.append(text)

    def _failed(self, error: OSError) -> None:
        self._retry_at = self._clock() + RETRY_SECONDS
        self._failing = True
        reason = error.strerror or str(error)
        self._note(f"the trace could not be written for a while ({reason}): its newest records waited")

    def _recovered(self) -> None:
        self._failing = False
        self._retry_at = float("-inf")
        if self._lost:
            self._note(f"{self._lost} records of the trace were lost while it could not be written")

    def _trim(self) -> None:
        """Bounds what waits while the disk refuses: whoever has most waiting loses its older half."""
        ring = min(RING_BYTES, self.limit_bytes // 5)
        while self._intake.waiting > ring:
            table = max(self._live(), key=lambda part: len(part.pending), default=None)
            of_events = sum(len(line) for _, _, line in self._events.pending)
            if table is not None and len(table.pending) >= of_events:
                rows = (len(table.pending_units) + 1) // 2
                table.forget(rows)
                self._lost += rows
            else:
                lines = (len(self._events.pending) + 1) // 2
                self._events.forget(lines)
                self._lost += lines
