"""Each text format, whole, against a file that a person has read. `UPDATE_GOLD=1 pytest` writes them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from lossdoctor.reports import render
from lossdoctor.reports.demo import demo_report
from lossdoctor.reports.explain import explain_markdown, explain_terminal
from lossdoctor.reports.terminal import print_report, render_terminal

GOLD = Path(__file__).resolve().parent.parent / "gold" / "reports"


def dumb() -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_report(demo_report(), stream, environ={"TERM": "dumb", "COLUMNS": "80"})
    stream.seek(0)
    return stream.read()


CASES = {
    "terminal-60.txt": lambda: render_terminal(demo_report(), width=60),
    "terminal-100.txt": lambda: render_terminal(demo_report(), width=100),
    "terminal-160.txt": lambda: render_terminal(demo_report(), width=160),
    "terminal-100-colour.txt": lambda: render_terminal(demo_report(), width=100, colour=True),
    "terminal-dumb.txt": dumb,
    "report.md": lambda: render(demo_report(), "markdown"),
    "github.txt": lambda: render(demo_report(), "github"),
    "report.json": lambda: render(demo_report(), "json"),
    "explain.txt": lambda: explain_terminal(demo_report().pages["lr-too-high"], width=80),
    "explain.md": lambda: explain_markdown(demo_report().pages["lr-too-high"]),
}


@pytest.mark.parametrize("name", CASES)
def test_as_in_the_golden_file(name: str) -> None:
    text = CASES[name]()
    file = GOLD / name
    if os.environ.get("UPDATE_GOLD"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
