"""Per-step numbers: rows of float64 of one width, appended to a file of their own."""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .disk import GrowingFile, replace_file
from .events import TRACE_VERSION
from .intake import Intake
from .thinning import ENDS, kept_rows, thinned

if TYPE_CHECKING:
    import numpy as np

    Block: TypeAlias = Sequence[float] | np.ndarray[Any, np.dtype[Any]]

UNIT_ROWS = 256
"""Rows of one step that are thinned as one; a step with more (a long validation) is several units."""


class TableWriter:
    """One part of a table. The first column is its clock (the step): rows that follow each other with the
    same value there are kept or dropped together when a long run is thinned."""

    __slots__ = (
        "_clock", "_file", "_in_unit", "_intake", "_pack", "_sidecar", "_sidecar_bytes", "_unit",
        "_unit_rows", "columns", "level", "live", "pending", "pending_units", "units", "width",
    )  # fmt: skip

    def __init__(
        self,
        intake: Intake,
        files: tuple[Path, Path],
        columns: tuple[str, ...],
        unit_bytes: int,
        live: bool = True,
    ) -> None:
        self.columns = columns
        self.width = 8 * len(columns)
        self.live = live
        self.level = 0
        self.units: array[int] = array("q")
        self.pending = bytearray()
        self.pending_units: array[int] = array("q")
        self._intake = intake
        self._file = GrowingFile(files[0])
        self._sidecar = files[1]
        self._sidecar_bytes = 0
        self._pack = struct.Struct(f"<{len(columns)}d").pack
        self._unit = -1
        self._in_unit = 0
        self._unit_rows = max(1, min(UNIT_ROWS, unit_bytes // self.width))
        self._clock = float("nan")

    @property
    def size(self) -> int:
        """Bytes on disk, those that describe the columns included."""
        return self._file.size + self._sidecar_bytes

    def append(self, values: Block) -> None:
        """One row, or an (n, width) array of rows. NaN is a value like others.

        Raises ValueError for another width; never OSError. In a forked child it does nothing.
        """
        intake = self._intake
        if not self.live or not intake.open or os.getpid() != intake.pid:
            return
        if type(values) is not tuple and type(values) is not list:
            self._append_block(values)
            return
        try:
            data = self._pack(*values)
        except struct.error as error:
            raise ValueError(f"a row of {len(self.columns)} numbers is wanted: {error}") from None
        with intake.lock:
            self.pending += data
            self.pending_units.append(self._unit_of(values[0]))
            intake.took(self.width)

    def _unit_of(self, clock: float) -> int:
        if clock != self._clock or self._in_unit >= self._unit_rows:
            self._unit += 1
            self._in_unit = 0
            self._clock = clock
        self._in_unit += 1
        return self._unit

    def _append_block(self, values: Block) -> None:
        import numpy as np  # never before the script itself could: its import reads the environment

        block = np.ascontiguousarray(values, dtype="<f8")
        if block.ndim == 1:
            block = block.reshape(1, -1)
        if block.ndim != 2 or block.shape[1] != len(self.columns):
            raise ValueError(f"rows of {len(self.columns)} numbers are wanted, not shape {block.shape}")
        intake = self._intake
        rows = max(1, intake.chunk // self.width)
        for start in range(0, len(block), rows):
            piece = block[start : start + rows]
            with intake.lock:
                self.pending += piece.tobytes()
                self.pending_units.extend([self._unit_of(clock) for clock in piece[:, 0].tolist()])
                intake.took(piece.nbytes)

    # ------------------------------------------------------- called by the trace writer, with the lock held

    def write(self, *, sync: bool = False) -> None:
        """Puts what waits on disk. Raises OSError, and then it goes on waiting."""
        rows = len(self.pending_units)
        if not rows:
            return
        if not self._sidecar_bytes:
            self._describe(sync=sync)
        self._file.append(bytes(self.pending[: rows * self.width]), sync=sync)
        self.units.extend(self.pending_units[:rows])
        self.forget(rows)

    def forget(self, rows: int) -> None:
        """The oldest waiting rows wait no more."""
        del self.pending[: rows * self.width]
        del self.pending_units[:rows]
        self._intake.waiting -= rows * self.width

    def thin(self, *, deeper: bool = True, sync: bool = False) -> bool:
        """Writes the table anew with at most 5/8 of its rows, waiting ones included, where it can be done.

        Not `deeper`: the rows that came since are brought to the level of the older ones, no more.
        Returns whether any row went. Raises OSError, and then nothing has changed.
        """
        waiting = len(self.pending_units)
        units = self.units + self.pending_units
        if not units:
            return False
        if deeper:
            kept, level = thinned(units, self.level)
        else:
            kept, level = kept_rows(units, self.level, ENDS), self.level
        if len(kept) == len(units):
            return False
        width = self.width
        rows = memoryview(self._file.read() + bytes(self.pending[: waiting * width]))
        self._file.rewrite(b"".join([rows[row * width : (row + 1) * width] for row in kept]), sync=sync)
        self.units = array("q", [units[row] for row in kept])
        self.level = level
        self.forget(waiting)
        self._describe(sync=sync)
        return True

    def sync(self) -> None:
        if self._file.size:
            self._file.sync()

    def _describe(self, *, sync: bool) -> None:
        facts = {"version": TRACE_VERSION, "columns": self.columns, "stride": 1 << self.level}
        data = json.dumps(facts).encode("ascii") + b"\n"
        replace_file(self._sidecar, data, sync=sync)
        self._sidecar_bytes = len(data)
