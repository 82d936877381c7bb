"""Bad input: one clear sentence, status 2, no traceback, and nothing lost."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from lossdoctor.commands import run_cli


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What the command wrote to stderr; it must have ended with status 2 and no traceback."""
    status = run_cli(list(argv))
    err = capsys.readouterr().err
    assert status == 2, (status, err)
    assert "Traceback" not in err
    assert err.startswith("lossdoctor: ") and len(err.strip().splitlines()) == 1, err
    return err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.py").write_text("print(1)\n")
    (tmp_path / "series.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["check", "plian.py"], ["No such file", "plain.py"]),
        (["check", "empty"], ["folder"]),
        (["check", "series.csv"], ["not a Python script"]),
        (["check"], ["which script"]),
        (["check", "-m", "no_such_module_here"], ["No module named"]),
        (["check", "--format", "jason", "plain.py"], ["json"]),
        (["check", "--bogus", "plain.py"], ["--bogus"]),
        (["check", "--seconds", "-3", "plain.py"], ["--seconds"]),
        (["check", "--select", "lr-to-high", "plain.py"], ["lr-too-high"]),
        (["run", "plian.py"], ["No such file"]),
        (["run", "--budget", "much", "plain.py"], ["2%"]),
        (["run", "--apply", "lower-rate", "plain.py"], ["no fix"]),
        (["run", "--apply", "lower-lr:factor", "plain.py"], ["key=value"]),
        (["report", "nowhere"], ["no folder of a run"]),
        (["report", "empty"], ["no trace"]),
        (["explain", "lr-to-hig"], ["lr-too-high"]),
        (["frobnicate"], ["frobnicate"]),
    ],
)
def test_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: list[str]) -> None:
    text = said(capsys, *argv)
    for word in words:
        assert word in text


def test_an_output_folder_that_is_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a file" in said(capsys, "check", "--out", "series.csv", "plain.py")
    assert (folder / "series.csv").read_text() == "a,b\n1,2\n"


def test_an_output_folder_that_cannot_be_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refused)
    assert "cannot write into" in said(capsys, "check", "--out", "out", "plain.py")


def test_no_torch(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest))
    assert "PyTorch is not installed" in said(capsys, "check", "plain.py")


def trace(folder: Path, meta: str) -> None:
    place = folder / "out" / "trace" / "main"
    place.mkdir(parents=True)
    (place / "meta.json").write_text(meta)


def test_a_trace_of_a_newer_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace(folder, json.dumps({"version": 99, "pid": 1, "started": 0.0}))
    assert "newer" in said(capsys, "report", "out")


def test_a_corrupt_trace(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace(folder, "not what we write")
    assert "damaged" in said(capsys, "report", "out")


def test_a_corrupt_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "report.json").write_text('{"schema": 1, "verd')
    said(capsys, "report", "out")
