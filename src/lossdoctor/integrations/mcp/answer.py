"""What a tool answers: text to read, and a small table for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

PAGES = ("report.html", "report.json", "fix.patch", "fix.json", "script-output.txt")
TAIL_LINES, TAIL_CHARACTERS = 12, 1200
LONGEST_ERROR = 2000
MOST_FINDINGS = 20


class Found(BaseModel):
    """One finding, in order of rank."""

    id: str
    cause: str
    severity: str
    confidence: float
    where: str | None = Field(default=None, description="file:line")
    explained_by: str | None = Field(default=None, description="id of the finding whose consequence this one is")


class Answer(BaseModel):
    """A call's answer in short; everything else lies in the files that `paths` names."""

    exit_status: int | None = Field(default=None, description="of the command; none where its time was over")
    out_of_time: bool = False
    seconds: float = 0.0
    verdict: str | None = None
    answer: str | None = None
    findings: list[Found] = []
    more_findings: int = 0
    verified: bool | None = Field(default=None, description="of fix: whether paired runs on at least three seeds prove the patch")
    paths: dict[str, str] = Field(default={}, description="files to read on, relative to the project folder")


def result(text: str, answer: Answer, *more: str) -> CallToolResult:
    """`text` first, then what else there is to read, each a block of its own."""
    blocks = [text.strip(), *(block for block in more if block), _files(answer)]
    return CallToolResult(
        content=[TextContent(type="text", text=block) for block in blocks if block],
        structured_content=answer.model_dump(mode="json"),
    )


def refusal(sentence: str) -> CallToolResult:
    """A tool error: the one sentence."""
    text = sentence if len(sentence) <= LONGEST_ERROR else sentence[:LONGEST_ERROR].rstrip() + " ..."
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def paths_in(root: Path, out: str, fix: bool) -> dict[str, str]:
    """The files of a run's folder that are there, by name; of an earlier `fix` only where one was asked for."""
    files = {name: root / out / name for name in PAGES if fix or not name.startswith("fix.")}
    return {name: f"{out}/{name}" for name, file in files.items() if file.is_file() and file.stat().st_size}


def filled(answer: Answer, body: dict[str, Any]) -> Answer:
    """`answer` with what report.json (or what lint prints) holds."""
    answer.verdict, answer.answer = body.get("verdict"), body.get("answer")
    found = [_found(entry) for entry in body.get("findings", [])]
    answer.findings, answer.more_findings = found[:MOST_FINDINGS], max(0, len(found) - MOST_FINDINGS)
    return answer


def loaded(file: Path) -> dict[str, Any]:
    """A JSON file of ours; empty where it is missing or damaged."""
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def last_lines(printed: str) -> str:
    """The end of what a script printed, fenced."""
    lines = printed.rstrip().splitlines()
    kept = lines[-TAIL_LINES:]
    while len(kept) > 1 and sum(map(len, kept)) > TAIL_CHARACTERS:
        del kept[0]
    if not kept:
        return ""
    text = "\n".join(kept)[-TAIL_CHARACTERS:].replace("```", "'''")
    return f"The last {len(kept)} of {len(lines)} lines that the script printed:\n```\n{text}\n```"


def _found(entry: dict[str, Any]) -> Found:
    where = entry.get("where") or {}
    return Found(
        id=entry.get("id") or entry["cause"], cause=entry["cause"], severity=entry["severity"], confidence=entry["confidence"],
        where=f"{where['file']}:{where['line']}" if where else None, explained_by=entry.get("explained_by"),
    )  # fmt: skip


def _files(answer: Answer) -> str:
    return "Files: " + ", ".join(answer.paths.values()) if answer.paths else ""
