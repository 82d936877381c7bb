"""The command: exit status, formats, comments, choosing causes, notebooks, bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lint_scripts import HEAD, NET, program

from lossdoctor.causes import all_causes
from lossdoctor.commands import run_cli
from lossdoctor.lint import known_causes
from lossdoctor.lint.checks import all_checks

SICK = program(NET, """
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
""")
HEALTHY = SICK.replace("        loss.backward()", "        optimizer.zero_grad()\n        loss.backward()").replace(
    "    loss.backward()", "    optimizer.zero_grad()\n    loss.backward()")  # fmt: skip
LINE = SICK.splitlines().index("    loss.backward()") + 1


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    return file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def test_every_cause_is_one_of_the_contract() -> None:
    assert known_causes() <= set(all_causes())
    assert len(known_causes()) >= 12


def test_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK)
    assert run_cli(["lint", "train.py"]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"train.py:{LINE}:5: error[missing-zero-grad] Nothing zeroes the gradients")
    assert "    loss.backward()\n" in out
    assert out.endswith("1 file: 1 error.\n")


def test_healthy(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, HEALTHY)
    assert run_cli(["lint", "."]) == 0
    assert capsys.readouterr().out == "1 file: nothing found.\n"


def test_warnings_alone_are_no_failure(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, HEAD + "rnn = nn.LSTM(4, 8, dropout=0.3)\n")
    assert run_cli(["lint", "train.py"]) == 0
    assert "warning[overfitting]" in capsys.readouterr().out


def test_exit_zero(here: Path) -> None:
    write(here, SICK)
    assert run_cli(["lint", "--exit-zero", "train.py"]) == 0


def test_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK)
    run_cli(["lint", "train.py", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    (found,) = report["findings"]
    assert (report["schema"], report["files"], report["unread"]) == (1, 1, [])
    assert found["cause"] == "missing-zero-grad" and found["severity"] == "error"
    assert found["where"] == {"file": "train.py", "line": LINE, "column": 4, "text": "    loss.backward()"}
    assert "+    optimizer.zero_grad()" in found["fixes"][0]["snippet"]


def test_sarif(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK, "my folder/train.py")
    run_cli(["lint", "my folder", "--format", "sarif"])
    report = json.loads(capsys.readouterr().out)
    (run,) = report["runs"]
    (result,) = run["results"]
    assert report["version"] == "2.1.0" and run["invocations"][0]["executionSuccessful"] is True
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "missing-zero-grad"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20folder/train.py"
    assert place["region"] == {"startLine": LINE, "startColumn": 5}


def test_github(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK, "a,b.py")
    run_cli(["lint", "a,b.py", "--format", "github"])
    assert capsys.readouterr().out.startswith(f"::error file=a%2Cb.py,line={LINE},col=5,title=lossdoctor%3A missing-zero-grad::Nothing")


def test_pylint(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK)
    run_cli(["lint", "train.py", "--format", "pylint"])
    line = capsys.readouterr().out
    assert re.fullmatch(rf"train\.py:{LINE}: \[E\(missing-zero-grad\), \] Nothing .*\n", line)


@pytest.mark.parametrize("comment, left", [
    ("# lossdoctor: ignore", 0), ("# lossdoctor: ignore[missing-zero-grad] summed on purpose", 0),
    ("# lossdoctor: ignore[wrong-mode, missing-zero-grad]", 0), ("# lossdoctor:ignore[missing-zero-grad]", 0),
    ("# lossdoctor: ignore[wrong-mode]", 1), ("# lossdoctor: ignored is another word? no", 0), ("# ignore", 1),
])  # fmt: skip
def test_comments(here: Path, capsys: pytest.CaptureFixture[str], comment: str, left: int) -> None:
    write(here, SICK.replace("loss.backward()", f"loss.backward()  {comment}"))
    assert run_cli(["lint", "train.py", "--format", "json"]) == left
    report = json.loads(capsys.readouterr().out)
    assert (len(report["findings"]), report["ignored"]) == (left, 1 - left)


def test_a_comment_in_a_string_ignores_nothing(here: Path) -> None:
    write(here, SICK.replace("loss.backward()", "loss.backward(); note = '# lossdoctor: ignore'"))
    assert run_cli(["lint", "train.py"]) == 1


def test_select_and_ignore(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, SICK)
    assert run_cli(["lint", "train.py", "--select", "wrong-mode"]) == 0
    assert run_cli(["lint", "train.py", "--select", "wrong-mode,missing-zero-grad"]) == 1
    assert run_cli(["lint", "train.py", "--ignore", "missing-zero-grad"]) == 0
    capsys.readouterr()
    assert run_cli(["lint", "train.py", "--select", "missing-zero-grads"]) == 2
    assert "Did you mean missing-zero-grad" in capsys.readouterr().err
    assert run_cli(["lint", "train.py", "--select", "lr-too-high"]) == 2
    assert "cannot be seen in the source" in capsys.readouterr().err


def test_folders_are_walked_without_what_others_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.py", "sub/b.py", ".venv/c.py", "node_modules/d.py", "build/e.py", "__pycache__/f.py", "g.txt", "mine/lib.py"):
        write(here, SICK, name)
    write(here, "", "mine/pyvenv.cfg")
    assert run_cli(["lint", ".", "a.py", "--format", "pylint"]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["a.py", "sub/b.py"]


def test_bad_syntax_is_reported_and_the_rest_goes_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "import torch\nfor x in loader\n    pass\n", "a.py")
    write(here, SICK, "b.py")
    assert run_cli(["lint", "."]) == 1
    out = capsys.readouterr().out
    assert "a.py:2: could not be looked at: it is no valid Python: expected ':'." in out and "b.py" in out
    assert run_cli(["lint", "a.py"]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00torch", b"# coding: nonsense\nimport torch\n", b"import torch\n\x00", b"import torch\rx = 1\r"])
def test_files_that_cannot_be_read(here: Path, capsys: pytest.CaptureFixture[str], raw: bytes) -> None:
    (here / "odd.py").write_bytes(raw)
    assert run_cli(["lint", "odd.py"]) == 2
    captured = capsys.readouterr()
    assert "could not be looked at" in captured.out and "Traceback" not in captured.out + captured.err


@pytest.mark.parametrize("words, said", [
    (["nothere.py"], "there is no file or folder nothere.py"), ([], "say which files or folders"),
    (["empty"], "there is no Python file or notebook in empty"), (["t.py", "--format", "xml"], 'lint has no format "xml"'),
])  # fmt: skip
def test_bad_input_is_one_sentence(here: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    (here / "empty").mkdir()
    write(here, HEALTHY, "t.py")
    assert run_cli(["lint", *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err and captured.err.count("\n") == 1 and captured.out == ""


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": c.splitlines(keepends=True)} for c in cells], "nbformat": 4})


def test_notebooks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, body = SICK.partition("for x, y")
    write(here, notebook("%matplotlib inline\n" + head, "%%bash\nls | wc", "!pip list\nfor x, y" + body), "n.ipynb")
    assert run_cli(["lint", "n.ipynb"]) == 1
    assert capsys.readouterr().out.startswith("n.ipynb[cell 3]:4:5: error[missing-zero-grad]")
    run_cli(["lint", "n.ipynb", "--format", "sarif"])
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "n.ipynb"}}


def test_a_notebook_that_is_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "torch", "n.ipynb")
    assert run_cli(["lint", "n.ipynb"]) == 2
    assert "no notebook" in capsys.readouterr().out


def test_no_framework_is_imported(tmp_path: Path) -> None:
    write(tmp_path, SICK)
    code = (
        "import sys; from lossdoctor.commands import run_cli; status = run_cli(['lint', 'train.py']); "
        "print(sorted({'torch', 'numpy', 'sklearn', 'rich', 'libcst'} & set(sys.modules)), status)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=env, check=True)
    assert done.stdout.splitlines()[-1] == "[] 1"


def test_a_fault_of_ours_ends_nothing(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, "import torch\n" + "x = " + "(" * 150 + "1" + ")" * 150 + "\n" + "y = " + "-" * 3000 + "1\n", "deep.py")
    write(here, SICK, "sick.py")
    assert run_cli(["lint", "."]) == 1
    captured = capsys.readouterr()
    assert "sick.py" in captured.out and "Traceback" not in captured.out + captured.err


def test_the_page_lists_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lint.md").read_text()
    rows = {(row[0], row[1]) for row in re.findall(r"^\| ([\w-]+) \| `([\w-]+)` \|", page, re.MULTILINE)}
    assert rows == {(check.name, check.cause) for check in all_checks()}
