from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lossdoctor.launch.program import Program, parse_program
from lossdoctor.words import UserError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print('hello')\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("raise RuntimeError('must not be imported')\n")
    (tmp_path / "package" / "train.py").touch()
    return tmp_path


def refusal(target: str, as_module: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        parse_program(target, [], as_module)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


def test_a_script_keeps_its_target_as_typed() -> None:
    assert parse_program("./train.py", ["--lr", "1"]) == Program("script", "./train.py", ("--lr", "1"))
    assert parse_program("train.py").path == Path.cwd() / "train.py"


def test_a_syntax_error_is_left_to_the_run(folder: Path) -> None:
    (folder / "broken.py").write_text("def f(:\n")
    assert parse_program("broken.py").kind == "script"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("trian.py", "did you mean train.py?"),
        ("train", "did you mean train.py?"),
        ("package/trian.py", "did you mean package/train.py?"),
        ("nowhere/train.py", "there is no folder nowhere"),
        ("zzz", "No such file: zzz; the only script there is train.py."),
    ],
)
def test_no_such_file(typed: str, said: str) -> None:
    assert said in refusal(typed)


def test_a_folder_needs_a_main(folder: Path) -> None:
    assert refusal("package") == (
        "package is a folder without a __main__.py (it holds train.py); give the script in it that trains."
    )
    (folder / "package" / "__main__.py").touch()
    assert parse_program("package").kind == "script"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "data.csv",
            b"a,b\n1,2\n",
            "is a table of data, not a Python script; give the script that reads it",
        ),
        ("notes.txt", b"hello", "is a text file"),
        ("model.pt", b"PK\x03\x04", "is a checkpoint"),
        ("program", b"\x7fELF\x00\x00", "is a binary file"),
        ("latin.py", "# é\n".encode("latin-1"), "cannot be decoded as Python source"),
        ("cookie.py", b"# coding: klingon\n", "cannot be decoded as Python source"),
    ],
)
def test_not_python(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    assert said in refusal(name)


def test_python_without_an_ending_is_python(folder: Path) -> None:
    (folder / "train").write_text("#!/usr/bin/env python\nprint(1)\n")
    assert parse_program("train").kind == "script"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_no_permission(folder: Path) -> None:
    (folder / "train.py").chmod(0)
    assert refusal("train.py") == "No permission to read train.py."


def test_no_permission_even_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert refusal("train.py") == "No permission to read train.py."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{not json", "it is not valid JSON"),
        ("[1, 2]", "not a notebook: it has no cells"),
        (json.dumps({"cells": [], "metadata": {"kernelspec": {"language": "R"}}}), "a notebook in R"),
    ],
)
def test_bad_notebooks(folder: Path, content: str, said: str) -> None:
    (folder / "n.ipynb").write_text(content)
    assert said in refusal("n.ipynb")


def test_modules_are_found_without_importing_them(folder: Path) -> None:
    assert parse_program("package.train", ["a"], as_module=True) == Program("module", "package.train", ("a",))
    assert parse_program("json.tool", [], as_module=True).kind == "module"
    assert refusal("package.trian", as_module=True).endswith("did you mean package.train?")
    assert "No module named trainn" in refusal("trainn", as_module=True)
    assert refusal("trainn", as_module=True).endswith("did you mean train?")
    assert "train.py is run as a file" in refusal("./train.py", as_module=True)
