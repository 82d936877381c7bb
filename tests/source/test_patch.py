"""Edits of scripts and notebook cells as one patch, and files that read otherwise than they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from lossdoctor.source import Script, insert_before, replace_in_line
from lossdoctor.source.patch import patch_of

CODE = "import torch\nrate = 0.5  # mine\nprint(rate)\n"


def script(path: Path) -> Script:
    found = Script.read(path)
    assert found is not None
    return found


def test_edits_of_one_script_are_one_change(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(CODE)
    one = replace_in_line(script(path), 2, "0.5", "0.05")
    two = insert_before(script(path), 3, ["print(1)"])
    assert one is not None and two is not None
    patch = patch_of([one, two])
    assert patch is not None and len(patch.files) == 1
    assert patch.files[0].after.decode() == "import torch\nrate = 0.05  # mine\nprint(1)\nprint(rate)\n"


def test_edits_that_touch_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(CODE)
    one, two = (replace_in_line(script(path), 2, "0.5", new) for new in ("0.05", "0.1"))
    assert one is not None and two is not None
    assert patch_of([one, two]) is None


def test_several_files_apply_together_and_revert_to_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    (tmp_path / "pack age").mkdir()
    first, second = tmp_path / "train.py", tmp_path / "pack age" / "net.py"
    first.write_bytes(CODE.replace("\n", "\r\n").encode())
    second.write_bytes("# -*- coding: latin-1 -*-\nname = 'café'\nrate = 0.5".encode("latin-1"))
    edits = [replace_in_line(script(first), 2, "0.5", "0.05"), replace_in_line(script(second), 3, "0.5", "0.05")]
    patch = patch_of([e for e in edits if e is not None])
    assert patch is not None and len(patch.files) == 2
    before = first.read_bytes(), second.read_bytes()
    (tmp_path / "fix.patch").write_bytes(patch.diff)
    subprocess.run(["git", "apply", "fix.patch"], cwd=tmp_path, check=True)
    assert {first.read_bytes(), second.read_bytes()} == {file.after for file in patch.files}
    subprocess.run(["git", "apply", "-R", "fix.patch"], cwd=tmp_path, check=True)
    assert (first.read_bytes(), second.read_bytes()) == before


def notebook(path: Path, indent: int = 1) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Café"]},
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["%matplotlib inline\n", "import torch"]},
        {"cell_type": "code", "execution_count": 2, "metadata": {}, "outputs": [], "source": ["rate = 0.5\n", "print(rate)"]},
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n")


def test_a_cell_is_changed_inside_its_notebook(tmp_path: Path) -> None:
    path = tmp_path / "train.ipynb"
    notebook(path)
    cell = script(Path(f"{path}[cell 2]"))
    edit = replace_in_line(cell, 1, "0.5", "0.05")
    assert edit is not None
    patch = patch_of([edit])
    assert patch is not None and patch.files[0].path == str(path)
    assert json.loads(patch.files[0].after)["cells"][2]["source"] == ["rate = 0.05\n", "print(rate)"]
    assert len(patch.diff.decode().splitlines()) < 14
    (tmp_path / "fix.patch").write_bytes(patch.diff)
    subprocess.run(["git", "apply", "fix.patch"], cwd=tmp_path, check=True)
    assert path.read_bytes() == patch.files[0].after


def test_a_notebook_written_in_a_way_of_its_own_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "train.ipynb"
    notebook(path)
    path.write_text(path.read_text().replace('"metadata": {}', '"metadata":   {}', 1))
    edit = replace_in_line(script(Path(f"{path}[cell 2]")), 1, "0.5", "0.05")
    assert edit is not None and patch_of([edit]) is None


CHILD = """
import sys
from pathlib import Path
from lossdoctor.launch.patched import show_instead
from lossdoctor.launch.execute import execute
from lossdoctor.launch.program import parse_program
folder = Path(sys.argv[1])
show_instead({str(folder / "mine.py"): b"answer = 42\\n", str(folder / "train.py"): (folder / "train.py").read_bytes() + b"print('patched')\\n"})
raise SystemExit(execute(parse_program(str(folder / "train.py"))).status)
"""


def test_files_read_as_they_are_told_to_and_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("answer = 1\n")
    (tmp_path / "train.py").write_text("import mine\nprint(mine.answer)\n")
    # Bytecode of the file on disk lies there, newer than the source.
    subprocess.run([sys.executable, "-c", "import mine"], cwd=tmp_path, check=True)
    ran = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["42", "patched"]
    assert (tmp_path / "mine.py").read_text() == "answer = 1\n"
    plain = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert plain.stdout.split() == ["1"]
