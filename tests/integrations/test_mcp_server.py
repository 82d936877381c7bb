"""The server for assistants, asked by the SDK's own client over stdio."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from mcp_talk import alive, at_work_in, made_project, pids_of, talk

pytest.importorskip("mcp.client.client")

import anyio

from lossdoctor.commands.mcp import options_by_command

TOOLS = {"check", "run", "fix", "lint", "data", "explain", "report"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made_project(tmp_path / "project")


def text(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


async def until(true: Any, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        await anyio.sleep(0.05)
    return False


def test_check_explain_report(project: Path) -> None:
    before = set(project.rglob("*"))
    heard: list[tuple[float, float | None, str | None]] = []

    async def told(done: float, of: float | None, message: str | None) -> None:
        heard.append((done, of, message))

    async def words(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == TOOLS & set(options_by_command())
        for tool in tools.values():
            assert tool.description and tool.output_schema
            assert tool.input_schema["properties"]["budget_seconds"]["type"] == "number"
        assert tools["check"].input_schema["required"] == ["script"]

        found = await client.call_tool(
            "check", {"script": "train.py", "what_ifs": False, "steps": 60, "budget_seconds": 200}, progress_callback=told
        )
        assert not found.is_error, text(found)
        answer = found.structured_content
        assert answer["findings"][0]["cause"] == "missing-optimizer-step" and answer["findings"][0]["confidence"] > 0.8
        assert answer["exit_status"] == 1 and not answer["out_of_time"] and answer["verdict"]
        said = found.content[0].text
        assert len(said) < 4000 and "missing-optimizer-step" in said and "| evidence | measured | healthy |" in said
        assert "**Ruled out**" in said and "lossdoctor-out/report.html" in text(found)
        assert all((project / file).is_file() for file in answer["paths"].values())

        assert any("watching train.py" in (message or "") for _, _, message in heard)
        assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard) and heard[0][1] == 200

        again = await client.call_tool("report", {})
        assert again.content[0].text == said and again.structured_content["findings"] == answer["findings"]
        page = await client.call_tool("explain", {"cause": "missing-optimizer-step"})
        assert "## What to do" in text(page)
        why = await client.call_tool("explain", {"cause": "frozen-params", "why_not": True})
        assert "Ruled out" in text(why)
        every = await client.call_tool("explain", {})
        assert "lr-too-high" in text(every) and len(text(every)) < 4000

    talk(project, words)
    new = {path for path in project.rglob("*") if path not in before}
    assert {path.relative_to(project).parts[0] for path in new} == {"lossdoctor-out"}


def test_fix_answers_with_a_proven_patch(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    async def words(client: Any) -> None:
        found = await client.call_tool("fix", {"script": "train.py", "budget_seconds": 280})
        assert not found.is_error, text(found)
        answer = found.structured_content
        assert answer["verified"] and answer["exit_status"] == 0 and answer["seconds"] <= 280
        said = found.content[0].text
        assert len(said) < 4000 and "Verified on 3 of 3 seeds" in said and "+" in said and "step()" in said
        assert "step()" in (project / answer["paths"]["fix.patch"]).read_text()

    talk(project, words)
    assert {path: path.read_bytes() for path in before} == before
    assert {path.relative_to(project).parts[0] for path in project.rglob("*") if path.is_file() and path not in before} == {"lossdoctor-out"}


def test_run_answers_with_the_report_and_what_was_printed(project: Path) -> None:
    async def words(client: Any) -> None:
        ran = await client.call_tool("run", {"script": "train.py", "out": "lossdoctor-out/a", "budget_seconds": 200})
        assert not ran.is_error, text(ran)
        assert ran.structured_content["exit_status"] == 0
        assert ran.structured_content["findings"][0]["cause"] == "missing-optimizer-step"
        assert "status 0" in text(ran) and "step 199" in text(ran)
        assert ran.structured_content["paths"]["report.json"] == "lossdoctor-out/a/report.json"

    talk(project, words)


def test_data_answers_with_what_the_file_holds(project: Path) -> None:
    rows = [f"{k},{(k * 7) % 12},{'' if k == 50 else (k * 7 + 7) % 12}" for k in range(400)]
    (project / "series.csv").write_text("\n".join(["n,load,heat", *rows]))

    async def words(client: Any) -> None:
        told = await client.call_tool("data", {"path": "series.csv", "target": "heat", "window": 12, "horizon": 2})
        assert not told.is_error, text(told)
        answer = told.structured_content
        assert answer["verdict"] == "fit" and answer["exit_status"] == 0 and answer["findings"][0]["cause"] == "nan-in-data"
        assert "heat, 2 rows on, from the last 12 rows of load, heat" in text(told) and len(told.content[0].text) < 4000
        lost = await client.call_tool("data", {"path": "series.csv", "target": "het"})
        assert lost.is_error and "did you mean heat" in text(lost)

    talk(project, words)


@pytest.mark.parametrize("tool", ["check", "run"])
def test_cancelled_calls_leave_no_process(project: Path, tool: str) -> None:
    async def words(client: Any) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, tool, {"script": "endless.py", "budget_seconds": 600})
            assert await until(lambda: pids_of(project))
            busy = await client.call_tool(tool, {"script": "train.py"})
            assert busy.is_error and "another call is writing" in text(busy)
            tasks.cancel_scope.cancel()
        doomed = pids_of(project)
        assert await until(lambda: not any(map(alive, doomed)) and not at_work_in(project), 10), at_work_in(project)
        assert not (await client.call_tool("explain", {"cause": "lr-too-high"})).is_error

    talk(project, words)


def test_a_client_that_goes_takes_everything_with_it(project: Path) -> None:
    async def words(client: Any) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "run", {"script": "endless.py", "budget_seconds": 600})
            assert await until(lambda: pids_of(project))
            raise RuntimeError("gone")

    with pytest.raises(BaseException):  # noqa: B017
        talk(project, words)
    doomed = pids_of(project)
    deadline = time.monotonic() + 10
    while (any(map(alive, doomed)) or at_work_in(project)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, doomed)) and not at_work_in(project)


def test_the_budget_is_kept(project: Path) -> None:
    async def words(client: Any) -> None:
        began = time.monotonic()
        ran = await client.call_tool("run", {"script": "endless.py", "budget_seconds": 20})
        assert time.monotonic() - began < 22
        assert "was over" in text(ran)
        if not ran.is_error:
            assert ran.structured_content["out_of_time"] and ran.structured_content["exit_status"] is None
        assert not any(map(alive, pids_of(project)))

    talk(project, words)


def test_what_is_outside_is_refused_in_a_sentence(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("print(1)\n")
    (project / "link.py").symlink_to(tmp_path / "other.py")
    (project / "notes").mkdir()
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("check", {"script": "../other.py"}, "outside of the project folder"),
        ("check", {"script": str(tmp_path / "other.py")}, "outside of the project folder"),
        ("run", {"script": "link.py"}, "outside of the project folder"),
        ("run", {"script": "json.tool", "module": True}, "no module of the project"),
        ("run", {"script": "../other", "module": True}, "no module's name"),
        ("fix", {"script": "train.py", "out": "notes"}, "is not inside"),
        ("check", {"script": "train.py", "out": "lossdoctor-out/../.."}, "is not inside"),
        ("check", {"script": "train.py", "out": "/tmp/elsewhere"}, "is not inside"),
        ("report", {"out": ".."}, "outside of the project folder"),
        ("report", {"out": "notes"}, "no folder of a run"),
        ("check", {"script": "missing.py"}, "No such file"),
        ("check", {}, "script is missing"),
        ("check", {"script": "train.py", "budget_seconds": 1}, "greater than or equal to 10"),
        ("check", {"script": "train.py", "file": "x"}, "no argument file"),
        ("explain", {"cause": "nonsense"}, "no cause"),
    ]

    async def words(client: Any) -> None:
        for tool, arguments, expected in asked:
            answered = await client.call_tool(tool, arguments)
            assert answered.is_error and expected in text(answered), (tool, arguments, text(answered))
            assert "\n" not in text(answered).strip() and len(text(answered)) < 400

    talk(project, words)
    assert not (project / "lossdoctor-out").exists()


@pytest.mark.skipif("lint" not in options_by_command(), reason="this lossdoctor has no lint")
def test_lint_answers_in_words(project: Path) -> None:
    (project / "sick.py").write_text((project / "train.py").read_text().replace("    optimizer.zero_grad()\n", ""))

    async def words(client: Any) -> None:
        seen = await client.call_tool("lint", {"paths": ["sick.py", "endless.py"]})
        assert not seen.is_error, text(seen)
        assert "2 files" in text(seen) and seen.structured_content["exit_status"] in (0, 1)
        for finding in seen.structured_content["findings"]:
            assert f"`{finding['cause']}`" in text(seen) and finding["where"].startswith("sick.py:")
        outside = await client.call_tool("lint", {"paths": ["sick.py", ".."]})
        assert outside.is_error and "outside of the project folder" in text(outside)

    talk(project, words)
