from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.trace.events import TRACE_VERSION, Note, Probed, RunStarted
from lossdoctor.trace.reader import Table, Trace, read_trace
from lossdoctor.trace.writer import TraceWriter
from lossdoctor.words import UserError

reals = st.floats(allow_nan=False)


def written(folder: Path, texts: list[str], rows: list[tuple[float, ...]], numbers: list[float]) -> None:
    writer = TraceWriter(folder)
    table = writer.table("steps", ("step", "a", "b"))
    for text in texts:
        writer.event(Note(text, 3))
    for row in rows:
        table.append(row)
    writer.event(Probed("overfit", True, {"loss": float("nan")}))
    writer.array("batch", np.array(numbers))
    writer.close()


@settings(max_examples=4, deadline=None)
@given(
    texts=st.lists(st.text(max_size=6), max_size=4),
    rows=st.lists(st.tuples(reals, reals, reals), min_size=1, max_size=6),
    numbers=st.lists(reals, max_size=4),
)
def test_cut_at_any_byte_each_whole_record_before_the_cut_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    rows: list[tuple[float, ...]],
    numbers: list[float],
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    written(folder, texts, rows, numbers)
    whole = read_trace(folder)
    assert len(whole.events) == len(texts) + 1 and len(whole.table("steps")) == len(rows)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == [
        "batch.npy",
        "events.jsonl",
        "meta.json",
        "steps-0.f64",
        "steps-0.json",
    ]
    for path in files:
        content = path.read_bytes()
        for cut in range(len(content)):
            path.write_bytes(content[:cut])
            trace = read_trace(folder)
            kept = content[:cut]
            if path.name == "events.jsonl":
                at_least = kept.count(b"\n")
                assert len(trace.events) in (at_least, at_least + 1)
                assert repr(trace.events) == repr(whole.events[: len(trace.events)])
                torn = not kept.endswith(b"\n") and len(trace.events) == at_least and bool(kept)
                assert trace.notes == (("the last event was cut off",) if torn else ())
            else:
                assert repr(trace.events) == repr(whole.events)
            if path.name == "steps-0.f64":
                np.testing.assert_array_equal(
                    trace.table("steps").values, rows[: cut // 24] or np.empty((0, 3))
                )
                assert trace.notes == (("the last row of the table steps was cut off",) if cut % 24 else ())
            elif path.name != "steps-0.json":
                np.testing.assert_array_equal(trace.table("steps").values, whole.table("steps").values)
            elif cut < len(content) - 1:
                assert len(trace.table("steps")) == 0 and "steps" in trace.notes[0]
            if path.name == "batch.npy":
                assert trace.array("batch") is None and "batch" in trace.notes[0]
            else:
                np.testing.assert_array_equal(trace.array("batch"), numbers)
            if path.name == "meta.json" and cut < len(content) - 1:
                assert trace.version == TRACE_VERSION and "meta.json" in trace.notes[0]
        path.write_bytes(content)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_garbage_in_any_file_is_a_sentence_or_a_note(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    written(folder, ["one", "two"], [(1.0, 2.0, 3.0)], [1.0, 2.0])
    names = ["arrays/batch.npy", "events.jsonl", "meta.json", "steps-0.f64", "steps-0.json"]
    path = folder / data.draw(st.sampled_from(names))
    content = path.read_bytes()
    start = int(data.draw(st.floats(0, 1)) * len(content))
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=40)) + content[start + 3 :])
    try:
        trace = read_trace(folder)
    except UserError as error:
        assert path.name == "meta.json" and str(folder) in str(error)
    else:
        assert trace.table("steps").values.ndim == 2


@pytest.mark.parametrize(
    "meta",
    [
        b"[]",
        b"hello",
        b'{"version": "1"}',
        b'{"version": 0}',
        b'{"version": true}',
        b"{}",
        b"\x00\x00",
        b"null",
    ],
)
def test_a_folder_that_is_no_trace_of_ours_is_one_sentence(tmp_path: Path, meta: bytes) -> None:
    written(tmp_path, ["x"], [], [])
    (tmp_path / "meta.json").write_bytes(meta)
    with pytest.raises(UserError, match=r"damaged .*: run the script again\.$") as caught:
        read_trace(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_newer_version_is_one_sentence(tmp_path: Path) -> None:
    written(tmp_path, ["x"], [], [])
    meta = json.loads((tmp_path / "meta.json").read_bytes())
    (tmp_path / "meta.json").write_text(json.dumps({**meta, "version": TRACE_VERSION + 1}))
    with pytest.raises(UserError, match=r"newer lossdoctor.*upgrade"):
        read_trace(tmp_path)


def test_no_trace_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(UserError, match=r"^There is no trace in .*lossdoctor run SCRIPT"):
            read_trace(folder)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    written(tmp_path, ["x"], [], [])
    (tmp_path / "events.jsonl").unlink()
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        read_trace(tmp_path)


@pytest.mark.parametrize(
    "header",
    [
        {"descr": "<f8", "fortran_order": False, "shape": (10**15,)},
        {"descr": "|O", "fortran_order": False, "shape": (2,)},
        {"descr": "<f8", "fortran_order": False, "shape": (-1,)},
        {"descr": "nonsense", "fortran_order": False, "shape": (2,)},
    ],
)
def test_a_hostile_array_is_none_and_costs_no_memory(tmp_path: Path, header: dict[str, Any]) -> None:
    written(tmp_path, [], [], [1.0, 2.0])
    text = repr(header).encode().ljust(117) + b"\n"
    (tmp_path / "arrays" / "batch.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + text + b"\x00" * 16)
    assert read_trace(tmp_path).array("batch") is None


def test_a_whole_array_written_by_hand_is_read(tmp_path: Path) -> None:
    """The header of the test above, with nothing wrong in it: what refuses those is what is wrong in them."""
    written(tmp_path, [], [], [1.0, 2.0])
    header = {"descr": "<f8", "fortran_order": False, "shape": (2,)}
    text = repr(header).encode().ljust(117) + b"\n"
    (tmp_path / "arrays" / "batch.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + text + b"\x00" * 16)
    np.testing.assert_array_equal(read_trace(tmp_path).array("batch"), [0.0, 0.0])


def test_what_is_absent_is_empty() -> None:
    trace = Trace(events=(Note("a"), RunStarted("x.py"), Note("b")))
    assert trace.of(Note) == [Note("a"), Note("b")]
    assert (trace.first(Note), trace.last(Note)) == (Note("a"), Note("b"))
    assert (trace.of(Probed), trace.first(Probed), trace.last(Probed)) == ([], None, None)
    assert trace.table("none").values.shape == (0, 0) and len(trace.table("none")) == 0
    assert trace.table("none").column("step").shape == (0,)
    assert trace.array("none") is None
    assert Table(("step",), np.ones((3, 1))).column("loss").shape == (0,)


WRITING = """
import sys
from lossdoctor.trace.events import Note
from lossdoctor.trace.writer import TraceWriter
writer = TraceWriter(sys.argv[1], limit_bytes=40_000)
table = writer.table("steps", ("step", "loss"))
print("go", flush=True)
step = 0
while True:
    for _ in range(50):
        table.append((step, -step))
        writer.event(Note("n", step))
        step += 1
    writer.flush()
"""


def test_reading_while_another_process_writes_and_thins(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITING, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"go\n"
        last, stride, reads = -1.0, 1, 0
        while reads < 200 or last < 5000 or stride == 1:  # however slow the writer is, until it has thinned
            assert child.poll() is None
            reads += 1
            trace = read_trace(tmp_path)
            steps = trace.table("steps").column("step")
            np.testing.assert_array_equal(trace.table("steps").column("loss"), -steps)
            notes = [note.step for note in trace.of(Note)]
            assert (np.diff(steps) > 0).all() and all(one < other for one, other in pairwise(notes))
            if len(steps):
                assert steps[0] == 0 and steps[-1] >= last
                last = steps[-1]
            stride = trace.table("steps").stride
    finally:
        child.kill()
        child.communicate()


def test_several_threads_may_write(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    table = writer.table("steps", ("thread", "step"))

    def work(thread: int) -> None:
        for step in range(2000):
            table.append((thread, step))
            writer.event(Note(str(thread), step))
            if step % 100 == 0:
                writer.flush()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    trace = read_trace(tmp_path)
    values = trace.table("steps").values
    for thread in range(4):
        np.testing.assert_array_equal(values[values[:, 0] == thread, 1], np.arange(2000))
        assert [n.step for n in trace.of(Note) if n.text == str(thread)] == list(range(2000))


def test_a_trace_can_be_moved(tmp_path: Path) -> None:
    written(tmp_path / "here", ["x"], [(1, 2, 3)], [1.0])
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert read_trace(tmp_path / "there").of(Note) == [Note("x", 3)]
