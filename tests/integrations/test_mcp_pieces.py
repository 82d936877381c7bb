"""Pieces of the server that need no client."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mcp.client.client")

import anyio

from lossdoctor.integrations.mcp.child import Ended
from lossdoctor.integrations.mcp.lint import lint_text
from lossdoctor.integrations.mcp.project import Project, Refused
from lossdoctor.integrations.mcp.server import made_server

NOTHING: frozenset[str] = frozenset()


def test_a_tool_is_there_when_its_command_is(tmp_path: Path) -> None:
    def names(*commands: str) -> list[str]:
        async def main() -> list[str]:
            return [t.name for t in await made_server(tmp_path, dict.fromkeys(commands, NOTHING), "1").list_tools()]

        return anyio.run(main)

    assert names("check", "report", "causes", "mcp") == ["check", "report"]
    assert names("check", "lint", "data") == ["check", "lint", "data"]


def test_names_that_look_like_options_are_paths(tmp_path: Path) -> None:
    (tmp_path / "--help.py").write_text("")
    project = Project(tmp_path)
    assert project.inside("--help.py") == "./--help.py" and project.inside("a/../b.py") == "b.py"
    with pytest.raises(Refused):
        project.inside("")


def test_an_out_folder_that_leads_away_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "lossdoctor-out").symlink_to(tmp_path)
    with pytest.raises(Refused, match="is not inside"):
        Project(root).out("lossdoctor-out")


def test_the_sentence_is_the_last_that_we_said() -> None:
    said = ("lossdoctor: watching a.py", "noise", "lossdoctor: it crashed.", "    Traceback")
    assert Ended(2, "", said, 1.0).sentence == "it crashed.\n    Traceback"
    assert Ended(1, "", ("Boom",), 1.0).sentence == "Boom"


def test_lint_in_words_is_bounded() -> None:
    where = {"file": "train.py", "line": 3, "column": 0, "text": "x"}
    entry = {"id": "a", "cause": "missing-zero-grad", "severity": "error", "confidence": 0.9, "summary": "s " * 200, "where": where}
    text = lint_text({"files": 2, "findings": [entry] * 90, "unread": [{"file": "b.py", "line": 1, "why": "not Python"}]})
    assert len(text) < 4000 and "train.py:3" in text and "more, in" in text and "b.py" in text
