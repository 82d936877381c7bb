from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossdoctor.trace import disk
from lossdoctor.trace.events import Note, Probed, RunEnded, RunStarted, Site
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.tables import TableWriter
from lossdoctor.trace.writer import RETRY_SECONDS, TraceWriter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def steps_of(folder: Path, table: str = "steps") -> list[int]:
    return [int(step) for step in read_trace(folder).table(table).column("step")]


def rising(values: list[int]) -> bool:
    return all(before < after for before, after in pairwise(values))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def largest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The most bytes that ever lay in the folder, temporary files included."""
    seen = [0]
    replace = Path.replace

    def measure(self: Path, target: Path) -> Path:
        seen[0] = max(seen[0], bytes_in(tmp_path))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", measure)
    yield seen


# ------------------------------------------------------------------------------------------- every day


def test_what_is_written_is_read(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "main")
    writer.event(RunStarted("train.py", argv=("--lr", "1")))
    table = writer.table("steps", ("step", "loss"))
    table.append((0, 1.5))
    table.append([1, float("nan")])
    table.append(np.array([[2, 0.5], [3, np.inf]], dtype=np.float32))
    table.append(np.array([4, 0.25]))
    assert writer.array("batch", np.arange(6).reshape(2, 3)) == "batch"
    writer.event(RunEnded("finished", 0, 1.0, 0.1, 5))
    writer.close()

    trace = read_trace(tmp_path / "main")
    assert trace.events == (
        RunStarted("train.py", argv=("--lr", "1")),
        RunEnded("finished", 0, 1.0, 0.1, 5),
    )
    assert trace.table("steps").columns == ("step", "loss")
    np.testing.assert_array_equal(trace.table("steps").column("step"), [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(trace.table("steps").column("loss"), [1.5, np.nan, 0.5, np.inf, 0.25])
    np.testing.assert_array_equal(trace.array("batch"), [[0, 1, 2], [3, 4, 5]])
    assert (trace.notes, writer.notes, trace.version, trace.pid) == ((), (), 1, os.getpid())
    assert trace.table("steps").stride == 1


def test_flushes_by_the_clock(tmp_path: Path) -> None:
    clock = Clock()
    writer = TraceWriter(tmp_path, flush_seconds=2.0, clock=clock)
    writer.event(Note("first"))
    writer.maybe_flush()
    assert read_trace(tmp_path).events == ()
    clock.now = 2.0
    writer.maybe_flush()
    assert read_trace(tmp_path).events == (Note("first"),)


def test_closing_twice_and_writing_afterwards_do_nothing(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("step",))
    table.append((0,))
    writer.close()
    before = contents(tmp_path)
    writer.event(Note("late"))
    table.append((1,))
    writer.table("late", ("step",)).append((2,))
    assert writer.array("late", np.zeros(3)) is None
    writer.flush()
    writer.close()
    assert contents(tmp_path) == before


def test_other_columns_open_a_new_part_and_known_ones_find_theirs(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    first = writer.table("steps", ("step", "a"))
    first.append((0, 10))
    writer.table("steps", ("step", "b")).append((1, 20))
    assert writer.table("steps", ("step", "a")) is first
    writer.close()
    table = read_trace(tmp_path).table("steps")
    assert table.columns == ("step", "a", "b")
    np.testing.assert_array_equal(table.values, [[0, 10, np.nan], [1, np.nan, 20]])


@pytest.mark.parametrize(
    "values", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, None), np.zeros(3), np.zeros((2, 2, 2))]
)
def test_a_row_of_another_width_is_refused_and_leaves_no_trace(tmp_path: Path, values: object) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("step", "a"))
    with pytest.raises(ValueError, match="2 numbers"):
        table.append(values)  # type: ignore[arg-type]
    table.append((7, 8))
    writer.close()
    np.testing.assert_array_equal(read_trace(tmp_path).table("steps").values, [[7, 8]])


@pytest.mark.parametrize(
    ("name", "columns"), [("../x", ("a",)), ("", ("a",)), ("t", ()), ("t", ("a", "a")), ("a/b", ("a",))]
)
def test_a_table_without_a_proper_name_or_columns_is_refused(
    tmp_path: Path, name: str, columns: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError):
        TraceWriter(tmp_path).table(name, columns)


def test_a_table_that_does_not_fit_is_a_note_and_no_exception(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=100_000)
    wide = writer.table("wide", tuple(map(str, range(100))))
    wide.append(range(100))
    for number in range(100):
        writer.table("many", ("step", f"c{number}")).append((number, 0))
    writer.close()
    trace = read_trace(tmp_path)
    assert "wide" not in trace.tables and len(trace.table("many")) == 32
    assert any("wide" in note for note in trace.notes) and any("many" in note for note in trace.notes)


def test_an_earlier_trace_goes_and_foreign_files_stay(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    writer.event(Note("old"))
    writer.table("old", ("step",)).append((1,))
    writer.array("old", np.zeros(2))
    writer.close()
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "events.jsonl.tmp").write_text("torn")
    TraceWriter(tmp_path).close()
    trace = read_trace(tmp_path)
    assert (trace.events, dict(trace.tables), dict(trace.arrays)) == ((), {}, {})
    assert [path.name for path in tmp_path.iterdir() if path.is_file()].count("mine.txt") == 1
    assert not (tmp_path / "events.jsonl.tmp").exists()


def test_arrays_have_names_of_their_own_and_a_budget(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=100_000)
    assert writer.array("a/b c", np.zeros(2)) == "a_b_c"
    assert writer.array("a b c", np.ones((2, 0, 3))) == "a_b_c-2"
    assert writer.array("../../etc", np.array(5)) == "_.._etc"
    assert writer.array("objects", np.array([{}, None])) is None
    assert writer.array("large", np.zeros(10_000)) is None
    assert writer.array("fits", np.asfortranarray(np.arange(12.0).reshape(3, 4))) == "fits"
    assert sum(writer.array("many", np.zeros(1000)) is not None for _ in range(10)) == 3
    writer.close()
    trace = read_trace(tmp_path)
    np.testing.assert_array_equal(trace.array("a_b_c"), np.zeros(2))
    np.testing.assert_array_equal(trace.array("_.._etc"), np.array(5))
    np.testing.assert_array_equal(trace.array("fits"), np.arange(12.0).reshape(3, 4))
    empty = trace.array("a_b_c-2")
    assert empty is not None and empty.shape == (2, 0, 3)
    assert trace.array("large") is None
    assert bytes_in(tmp_path / "arrays") <= 30_000


def test_an_event_that_holds_itself_is_a_note_and_no_exception(tmp_path: Path) -> None:
    facts: dict[str, object] = {}
    facts["self"] = facts
    writer = TraceWriter(tmp_path)
    writer.event(Probed("p", True, facts=facts))  # type: ignore[arg-type]
    writer.event(Note("next"))
    writer.close()
    assert read_trace(tmp_path).events == (Note("next"),)
    assert "probed" in read_trace(tmp_path).notes[0]


def test_writing_imports_no_numpy(tmp_path: Path) -> None:
    code = f"""
import sys
from lossdoctor.trace.writer import TraceWriter
from lossdoctor.trace.events import Note
writer = TraceWriter({str(tmp_path)!r}, limit_bytes=50_000)
table = writer.table("steps", ("step", "loss"))
for step in range(5000):
    table.append((step, 1.0))
    writer.event(Note("x" * 50, step))
writer.close()
assert table.level > 0
assert not {{"numpy", "torch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": "src"})


# ------------------------------------------------------------------------------------------ very long


def test_two_million_rows_stay_within_ten_megabytes(tmp_path: Path, largest: list[int]) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("step", *(f"norm{i}" for i in range(8))))
    rows, block = 2_000_000, 20_000
    values = np.zeros((block, 9))
    for start in range(0, rows, block):
        values[:, 0] = np.arange(start, start + block)
        table.append(values)
    writer.flush()
    assert steps_of(tmp_path)[-1] == rows - 1
    writer.close()
    assert 0 < max(largest[0], bytes_in(tmp_path)) <= 10_000_000

    read = read_trace(tmp_path).table("steps")
    steps = read.column("step")
    assert list(steps[:500]) == list(range(500))
    assert list(steps[-500:]) == list(range(rows - 500, rows))
    assert len(steps) > 10_000
    gaps = np.diff(steps)
    assert gaps.min() >= 1 and gaps.max() < 2 * read.stride
    counts, _ = np.histogram(steps[500:-500], bins=20, range=(0, rows))
    assert counts.max() < 1.1 * counts.min()


def test_the_rows_of_a_step_stay_together(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=200_000)
    table = writer.table("tensors", ("step", "param", "norm"))
    for step in range(10_000):
        for param in range(6):
            table.append((step, param, 0.0))
    writer.close()
    read = read_trace(tmp_path).table("tensors")
    assert len(read) < 20_000
    by_step = read.column("param").reshape(-1, 6)
    assert (by_step == np.arange(6)).all()


def test_what_takes_turns_is_not_thinned_to_one_side(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=200_000)
    table = writer.table("steps", ("step", "optimizer"))
    for step in range(50_000):
        table.append((step, step % 2))
    writer.close()
    optimizer = read_trace(tmp_path).table("steps").column("optimizer")
    assert len(optimizer) < 10_000
    assert 0.4 < optimizer.mean() < 0.6


def test_a_validation_of_a_million_rows_within_one_step_is_thinned_too(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=200_000)
    table = writer.table("losses", ("step", "value"))
    for start in range(0, 200_000, 1000):
        table.append(np.column_stack([np.full(1000, 7.0), np.arange(start, start + 1000)]))
    writer.close()
    values = read_trace(tmp_path).table("losses").column("value")
    assert bytes_in(tmp_path) <= 200_000 and rising(values.tolist())
    assert (values[0], values[-1]) == (0, 199_999)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mixture_of_records_exceeds_the_limit(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, largest: list[int], data: st.DataObject
) -> None:
    limit = 60_000
    largest[0] = 0
    folder = tmp_path / tmp_path_factory.mktemp("x").name
    writer = TraceWriter(folder, limit_bytes=limit)
    last: dict[TableWriter, int] = {}
    count = 0
    actions = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 400)), max_size=25))
    for action, size in actions:
        for _ in range(size):
            count += 1
            if action < 4:
                table = writer.table(f"t{action}", ("step", *map(str, range(1 + action * size % 12))))
                table.append((count,) * len(table.columns))
                last[table] = count
            elif action == 4:
                writer.table(f"many{count % 50}", ("step",)).append((count,))
            elif action < 7:
                writer.event(Note("x" * size, count))
            elif action == 7:
                writer.event(Site(count, "f" * size, 0, ""))
            elif action == 8:
                writer.event(Note("y" * size * 50, count))
        if action == 9:
            writer.array("a", np.zeros(size * 10))
        if size % 3 == 0:
            writer.flush()
        assert bytes_in(tmp_path) <= limit
    writer.close()
    assert max(largest[0], bytes_in(tmp_path)) <= limit
    trace = read_trace(folder)
    for table, step in last.items():
        if table.live:
            assert step in trace.table(table._file.path.name.rsplit("-", 1)[0]).column("step")
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def test_of_many_events_the_ends_stay_and_kinds_that_must_not_go_do_not(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=1_000_000)
    writer.event(RunStarted("train.py"))
    for step in range(20_000):
        writer.event(Note(f"note {step}", step))
        if step % 100 == 0:
            writer.event(Site(step, "train.py", 3, "backward"))
    writer.event(RunEnded("finished", 0, 1.0, 0.1, 5))
    writer.close()
    trace = read_trace(tmp_path)
    assert (tmp_path / "events.jsonl").stat().st_size <= 110_000
    assert isinstance(trace.events[0], RunStarted) and isinstance(trace.events[-1], RunEnded)
    assert [site.site for site in trace.of(Site)] == list(range(0, 20_000, 100))
    notes = [note.step for note in trace.of(Note)]
    assert notes[:10] == list(range(10)) and notes[-10:] == list(range(19_990, 20_000))
    assert rising(notes) and 200 < len(notes) < 5000
    middle = np.histogram(notes, bins=4, range=(1000, 15_000))[0]
    assert middle.min() > 0.5 * middle.max()
    assert trace.notes == ()


def test_a_flood_of_events_that_should_all_stay_is_bounded_and_said(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, limit_bytes=1_000_000)
    writer.event(RunStarted("train.py"))
    for site in range(20_000):
        writer.event(Site(site, "train.py", 3, "backward"))
    writer.event(RunEnded("finished", 0, 1.0, 0.1, 5))
    writer.close()
    trace = read_trace(tmp_path)
    assert (tmp_path / "events.jsonl").stat().st_size <= 110_000
    assert isinstance(trace.events[0], RunStarted) and isinstance(trace.events[-1], RunEnded)
    assert trace.of(Site)[-1].site == 19_999
    assert any("left out" in note for note in trace.notes)


# ------------------------------------------------------------------------------------------- forks


def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("step",))
    writer.event(Note("before"))
    table.append((0,))
    before = contents(tmp_path)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with writer._intake.lock:
            held.set()
            free.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(20)  # a child that waits for the lock would wait for ever
        try:
            writer.event(Note("child"))
            table.append((1,))
            table.append(np.array([[2.0]]))
            writer.table("child", ("step",)).append((3,))
            quiet = writer.array("child", np.zeros(2)) is None
            writer.flush()
            writer.maybe_flush()
            writer.close()
            status = 0 if quiet else 2
        finally:
            os._exit(status)
    free.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert contents(tmp_path) == before
    table.append((4,))
    writer.close()
    assert read_trace(tmp_path).events == (Note("before"),)
    assert steps_of(tmp_path) == [0, 4]


def test_a_signal_handler_may_write_while_we_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("step",))
    writer.event(Note("before"))
    table.append((0,))
    write, calls = os.write, []

    def interrupted(descriptor: int, data: bytes) -> int:
        calls.append(1)
        if len(calls) < 4:
            writer.event(Note(f"handler {len(calls)}"))
            table.append((len(calls),))
            writer.flush()
        return write(descriptor, data)

    monkeypatch.setattr(disk.os, "write", interrupted)
    writer.flush()
    monkeypatch.undo()
    writer.close()
    assert len(calls) >= 3
    assert [n.text for n in read_trace(tmp_path).of(Note)] == [
        "before",
        "handler 1",
        "handler 2",
        "handler 3",
    ]
    assert steps_of(tmp_path) == [0, 1, 2, 3]


# --------------------------------------------------------------------------------------- no disk, kills


def test_a_full_disk_costs_nothing_that_memory_can_hold(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    clock = Clock()
    writer = TraceWriter(tmp_path, clock=clock)
    table = writer.table("steps", ("step", "loss"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # a real write that stops in mid-record
        for step in range(200):
            table.append((step, 0.5))
            if step % 10 == 0:
                writer.flush()
        writer.event(Note("x" * 2000))
        assert writer.array("none", np.zeros(1000)) is None
        writer.flush()
        kept = steps_of(tmp_path)
        assert kept == list(range(len(kept))) and 30 < len(kept) < 63
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.flush()
    assert len(steps_of(tmp_path)) == len(kept), "tried again before its time"
    clock.now += RETRY_SECONDS
    writer.flush()
    assert steps_of(tmp_path) == list(range(200))
    writer.close()
    trace = read_trace(tmp_path)
    assert trace.of(Note) == [Note("x" * 2000)]
    assert len(writer.notes) == 1 and "could not be written" in writer.notes[0]
    assert trace.notes == writer.notes
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_disk_that_stays_full_costs_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    writer = TraceWriter(tmp_path, clock=clock)
    table = writer.table("steps", ("step", *"abcdefg"))

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "write", full)
    for step in range(100_000):
        table.append((step,) * 8)
        if step % 10 == 0:
            writer.event(Note("x" * 100, step))
    assert writer._intake.waiting <= 2_000_000 + writer._intake.chunk
    assert (
        len(table.pending) + sum(len(line) for *_, line in writer._events.pending) == writer._intake.waiting
    )
    monkeypatch.undo()
    writer.close()
    steps = steps_of(tmp_path)
    assert steps == list(range(steps[0], 100_000)) and len(steps) > 5000
    notes = read_trace(tmp_path).notes
    assert any("No space left" in note for note in notes) and any("were lost" in note for note in notes)


@settings(max_examples=60, deadline=None)
@given(
    plan=st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0, 7, 40, 200, 10**9])), max_size=20),
    limit=st.sampled_from([20_000, 10_000_000]),
)
def test_whatever_the_disk_takes_rows_stay_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int]], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("disk")
    clock = Clock()
    room = 10**9
    write = os.write

    def scarce(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(28, "No space left on device")
        done = write(descriptor, memoryview(data)[: min(room, 33)])
        room -= done
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk.os, "write", scarce)
        writer = TraceWriter(folder, limit_bytes=limit, clock=clock)
        table = writer.table("steps", ("step", "loss"))
        step = 0
        for rows, space in plan:
            room = space
            for _ in range(rows):
                table.append((step, -step))
                writer.event(Note("n", step))
                step += 1
            clock.now += RETRY_SECONDS
            writer.flush()
            read = read_trace(folder)
            assert rising(steps_of(folder)) and rising([note.step for note in read.of(Note)])
            np.testing.assert_array_equal(
                read.table("steps").column("loss"), -read.table("steps").column("step")
            )
        room = 10**9
        writer.close()
    read = read_trace(folder)
    steps = steps_of(folder)
    assert rising(steps)
    if step:
        assert steps[-1] == step - 1
    if limit > 1_000_000:
        assert steps == list(range(step)) == [note.step for note in read.of(Note)]


def test_a_folder_that_cannot_be_made_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = TraceWriter(tmp_path / "file" / "trace")
    writer.event(Note("x"))
    writer.table("steps", ("step",)).append((1,))
    writer.flush()
    writer.close()
    assert len(writer.notes) == 1


CHILD = """
import sys
from lossdoctor.trace.events import Note
from lossdoctor.trace.writer import TraceWriter
writer = TraceWriter(sys.argv[1], limit_bytes=int(sys.argv[2]))
table = writer.table("steps", ("step", "loss", "rate"))
step = 0
while True:
    for _ in range(64):
        table.append((step, -step, 1.0))
        step += 1
    writer.event(Note("n", step - 1))
    writer.flush()
    sys.stdout.buffer.write(b"%d\\n" % (step - 1))
    sys.stdout.buffer.flush()
"""


@pytest.mark.parametrize("limit", [10_000_000, 30_000])
@pytest.mark.parametrize("moment", [0.001, 0.02, 0.11, 0.3])
def test_a_kill_costs_nothing_that_was_flushed(tmp_path: Path, limit: int, moment: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(limit)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert child.stdout is not None
    said = child.stdout.readline()
    try:
        said += child.communicate(timeout=moment)[0]
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        said += child.communicate()[0]
    flushed = int(said.split(b"\n")[-2])
    trace = read_trace(tmp_path)
    steps = steps_of(tmp_path)
    assert rising(steps) and steps[-1] >= flushed
    assert trace.of(Note)[-1].step >= flushed
    np.testing.assert_array_equal(trace.table("steps").column("loss"), -np.array(steps))
    if limit == 10_000_000 and flushed < 20_000:
        assert steps == list(range(len(steps)))
