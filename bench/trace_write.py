"""What the trace costs: `python bench/trace_write.py`. Prints us of CPU time, the least of repeats."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lossdoctor.trace.codec import decode, encode
from lossdoctor.trace.events import LOSS_COLUMNS, ClipSeen, LossTerm, Probed
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter

STEP = ("step", *(f"norm{index}" for index in range(24)))
ROW = tuple(float(index) for index in range(25))


def microseconds(work: Callable[[], object], calls: int, repeats: int = 7) -> float:
    """The least CPU time of one call of `work`, over `repeats` times `calls` calls."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(calls):
            work()
        best = min(best, time.process_time() - start)
    return best / calls * 1e6


def show(what: str, cost: float) -> None:
    print(f"{what:<58}{cost:>10.2f} us")


def codec() -> None:
    term = LossTerm(120, 0, "cross_entropy", (32, 10), (32,), "int64", 3)
    broken = ClipSeen(120, "norm", float("nan"), 3)
    sample = Probed("x", True, {f"n{index}": index / 7 for index in range(24)})
    for what, event in (("LossTerm, 15 fields", term), ("one with a NaN", broken), ("24 numbers", sample)):
        line = encode(event)
        show(f"encode {what}, {len(line)} bytes", microseconds(lambda event=event: encode(event), 2000))
        show(f"decode {what}", microseconds(lambda line=line: decode(line), 1000))


def tables(folder: Path) -> None:
    writer = TraceWriter(folder / "a")
    table = writer.table("steps", STEP)
    block = np.array([ROW] * 64)
    show("append a tuple of 25", microseconds(lambda: table.append(ROW), 500, 3))
    show("append a (25,) array", microseconds(lambda: table.append(block[0]), 500, 3))
    show("append a (64, 25) array, a row", microseconds(lambda: table.append(block), 8, 3) / 64)
    show("maybe_flush that is not due", microseconds(writer.maybe_flush, 2000))
    writer.close()


def flushing(folder: Path) -> None:
    writer = TraceWriter(folder / "b")
    table, losses = writer.table("steps", STEP), writer.table("losses", LOSS_COLUMNS)

    def flush() -> None:
        for _ in range(64):
            table.append(ROW)
        losses.append(ROW[: len(LOSS_COLUMNS)])
        writer.flush()

    show("64 rows, another table's row, and a flush", microseconds(flush, 50))
    start = time.perf_counter()
    writer.close()
    show("close, with its fsync (wall clock)", (time.perf_counter() - start) * 1e6)


def long_run(folder: Path) -> None:
    writer = TraceWriter(folder / "c")
    table = writer.table("steps", STEP)
    rows, worst = 200_000, 0.0
    start = time.process_time()
    for step in range(rows):
        before = time.perf_counter()
        table.append((step, *ROW[1:]))
        worst = max(worst, time.perf_counter() - before)
    spent = time.process_time() - start
    show(f"a row of {rows}, thinning included", spent / rows * 1e6)
    show("the longest of them (wall clock)", worst * 1e6)
    writer.close()
    size = sum(path.stat().st_size for path in writer.folder.rglob("*") if path.is_file())
    show(f"reading it back ({size / 1e6:.1f} MB)", microseconds(lambda: read_trace(writer.folder), 1, 3))


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        codec()
        tables(folder)
        flushing(folder)
        long_run(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
