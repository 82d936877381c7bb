from __future__ import annotations

from pathlib import Path

import pytest

from lossdoctor.trace.events import Note
from lossdoctor.trace.layout import (
    clear_trace,
    errors_log,
    report_html,
    report_json,
    trace_folder,
    trace_folders,
)
from lossdoctor.trace.writer import TraceWriter


def test_the_files_of_an_out_folder(tmp_path: Path) -> None:
    files = (report_json(tmp_path), report_html(tmp_path), errors_log(tmp_path))
    assert [path.relative_to(tmp_path).as_posix() for path in files] == [
        "report.json",
        "report.html",
        "errors.log",
    ]
    assert trace_folder(tmp_path) == tmp_path / "trace" / "main"
    assert trace_folder(tmp_path, "arm-lower-lr") == tmp_path / "trace" / "arm-lower-lr"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 101, "a\n"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="trace folder"):
        trace_folder(tmp_path, name)


def test_main_comes_first_and_only_traces_count(tmp_path: Path) -> None:
    assert trace_folders(tmp_path) == ()
    for name in ("rank-1", "arm-0", "main"):
        TraceWriter(trace_folder(tmp_path, name)).close()
    (tmp_path / "trace" / "empty").mkdir()
    (tmp_path / "trace" / "note.txt").write_text("")
    assert [folder.name for folder in trace_folders(tmp_path)] == ["main", "arm-0", "rank-1"]


def test_clearing_takes_our_files_alone(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    writer.event(Note("x"))
    writer.table("steps", ("step",)).append((1,))
    writer.close()
    foreign = ["train.py", "steps.json", "data-1.csv", "model-0.pt", "arrays.txt"]
    for name in foreign:
        (tmp_path / name).write_text("mine")
    clear_trace(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(foreign)
    clear_trace(tmp_path / "missing")
