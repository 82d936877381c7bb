from __future__ import annotations

import json
import linecache
from pathlib import Path

from lossdoctor.source import Script
from lossdoctor.source.script import cells_beside


def test_lines_places_and_context(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"x = 1\r\n\r\n    # caf\xc3\xa9\r\ny = f(x, lr=2)\r\n")
    script = Script.read(path)
    assert script is not None
    assert script.line(4) == "y = f(x, lr=2)" and script.line(9) == ""
    assert script.newline == "\r\n"
    assert (script.place(4, "lr").column, script.place(4).column, script.place(2).column) == (9, 0, None)
    assert script.place(3).text == "    # café"
    assert script.context(1, 1) == {1: "x = 1", 2: ""} and script.context(40) == {}


def test_what_is_no_python_reads_as_nothing(tmp_path: Path) -> None:
    for name, text in {"a.py": b"def f(:\n", "b.py": b"\xff\xfe\x00", "c.py": b"x = 1\ry = 2\n"}.items():
        (tmp_path / name).write_bytes(text)
        assert Script.read(tmp_path / name) is None
    assert Script.read(tmp_path / "missing.py") is None
    assert Script.read("<string>") is None


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text("a = 1\n")
    assert Script.read(path) is Script.read(path)
    path.write_text("a = 1000\n")
    again = Script.read(path)
    assert again is not None and again.text == "a = 1000\n"


def test_path_in_a_diff_is_relative_to_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "jobs").mkdir()
    for folder in (tmp_path, tmp_path / "repo" / "jobs"):
        (folder / "train.py").write_text("a = 1\n")
    inside, outside = Script.read(tmp_path / "repo" / "jobs" / "train.py"), Script.read(tmp_path / "train.py")
    assert inside is not None and inside.shown == "jobs/train.py"
    assert outside is not None and outside.shown == "train.py"


def test_cells_of_a_notebook_with_magics(tmp_path: Path) -> None:
    book = tmp_path / "a.ipynb"
    cells = [
        {"cell_type": "markdown", "source": "# no"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1\n"]},
        {"cell_type": "code", "source": "loss.backward()"},
    ]
    book.write_text(json.dumps({"cells": cells}))
    names = cells_beside(f"{book}[cell 2]")
    assert names == (f"{book}[cell 1]", f"{book}[cell 2]")
    first, second = (Script.read(name) for name in names)
    assert first is not None and first.line(1) == "%matplotlib inline" and len(first.tree.body) == 2
    assert second is not None and second.shown == "a.ipynb[cell 2]"
    assert Script.read(f"{book}[cell 3]") is None


def test_lines_that_only_tracebacks_know() -> None:
    name = "<ipython-input-7-abc>"
    linecache.cache[name] = (6, None, ["y = 2\n"], name)
    try:
        script = Script.read(name)
        assert script is not None and script.line(1) == "y = 2"
    finally:
        del linecache.cache[name]
