"""The tools: typed arguments in, one command run, the evidence first in the answer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult
from pydantic import Field

from .answer import Answer, filled, last_lines, loaded, paths_in, refusal, result
from .call import Budget, Folders, run_command
from .child import Ended
from .lint import lint_text
from .project import OUT, Project, Refused

Script = Annotated[str, Field(description="the training script or notebook, relative to the project folder")]
Args = Annotated[list[str], Field(description="the script's own arguments")]
Module = Annotated[bool, Field(description="`script` is the name of a module of the project, as for python -m")]
Out = Annotated[str, Field(description=f"where report and trace go: {OUT}, or a folder below it")]
Earlier = Annotated[str, Field(description="the folder of an earlier call")]
Seconds = Annotated[float, Field(ge=10, le=86400, description="the call is over after so many seconds, with what was seen until then")]
Ctx = Context[Any, Any]
Answered = Annotated[CallToolResult, Answer]


class Tools:
    """`options` holds each command that this lossdoctor has, with the names of its options."""

    def __init__(self, project: Project, options: Mapping[str, frozenset[str]]) -> None:
        self.project = project
        self.options = options
        self.folders = Folders()

    async def check(
        self, ctx: Ctx, script: Script, args: Args = [], module: Module = False,  # noqa: B006
        steps: Annotated[int | None, Field(ge=1, description="watch at most so many optimizer updates")] = None,
        what_ifs: Annotated[bool, Field(description="ask forks of the live run what would have helped")] = True,
        out: Out = OUT, budget_seconds: Seconds = 120.0,
    ) -> Answered:  # fmt: skip
        """Why does this training not learn? Runs the first stretch of the unmodified PyTorch script, watched, asks what-ifs of
        forks of it, and names the cause with numbers, healthy ranges, the source line and the change. What the script writes
        goes to a scratch folder. Start here.
        """
        budget = Budget(budget_seconds)
        watch, probes = min(60.0, 0.5 * budget.usable), min(30.0, 0.3 * budget.usable) if what_ifs else 0.0
        words = ["--seconds", f"{watch:.1f}", "--probe-seconds", f"{probes:.1f}", *(["--steps", str(steps)] if steps else [])]
        return await self._watched(ctx, budget, "check", words, script, args, module, out, frozenset({0, 1}))

    async def run(
        self, ctx: Ctx, script: Script, args: Args = [], module: Module = False,  # noqa: B006
        apply: Annotated[list[str], Field(description="fixes to run under, each as ID or ID:key=value,...")] = [],  # noqa: B006
        stop_on: Annotated[
            Literal["error", "warning"] | None, Field(description="end the run as soon as something so severe is certain")
        ] = None,
        out: Out = OUT, budget_seconds: Seconds = 600.0,
    ) -> Answered:  # fmt: skip
        """Run the whole script for real, watched: same result as without us, and it writes what it always writes. Use it when
        `check` is too short to show the trouble. What is certain is told as progress while it runs.
        """
        budget = Budget(budget_seconds)
        # Looking on from beside needs a system that can fork.
        words = ["--quiet", *(["--notify"] if os.name == "posix" else []), *(f"--apply={fix}" for fix in apply)]
        words += ["--stop-on", stop_on] if stop_on else []
        return await self._watched(ctx, budget, "run", words, script, args, module, out, None)

    async def fix(
        self, ctx: Ctx, script: Script, args: Args = [], module: Module = False,  # noqa: B006
        metric: Annotated[
            str | None, Field(description="judge by a number that the script prints: a regular expression with one group")
        ] = None,
        higher: Annotated[bool, Field(description="a higher metric is better")] = True,
        resume: Annotated[bool, Field(description="go on with what an earlier call into the same folder has tried")] = False,
        out: Out = OUT, budget_seconds: Seconds = 900.0,
    ) -> Answered:  # fmt: skip
        """Prove a fix: re-run the script under candidate fixes in a sandbox, keep the smallest that works on every seed, answer
        with a patch and the paired gain. Changes no file of the project: apply the patch with `git apply`.
        """
        budget = Budget(budget_seconds)
        words = [
            "--minutes", f"{max(0.1, 0.95 * budget.usable / 60):.2f}", "--seconds", f"{min(60.0, 0.2 * budget.usable):.1f}",
            "--probe-seconds", f"{min(30.0, 0.1 * budget.usable):.1f}",
        ]  # fmt: skip
        words += [f"--metric={metric}", "--higher" if higher else "--lower"] if metric else []
        words += ["--resume"] if resume else []
        return await self._watched(ctx, budget, "fix", words, script, args, module, out, frozenset({0, 1}))

    async def report(self, ctx: Ctx, out: Earlier = OUT, budget_seconds: Seconds = 60.0) -> Answered:
        """The report of an earlier call again, also of a run that was ended or is still going on."""
        budget = Budget(budget_seconds)
        try:
            out = self.project.earlier(out)
        except Refused as why:
            return refusal(str(why))
        ended = await run_command(self.project, ctx, budget, ["report", "--format", "markdown", "--", out], budget.left)
        if ended.status != 0:
            return refusal(_why(ended, budget))
        return result(ended.out, self._answer(ended, budget, out, fix=True))

    async def explain(
        self, ctx: Ctx,
        cause: Annotated[str | None, Field(description="a cause's id; none lists them all")] = None,
        why_not: Annotated[bool, Field(description="say instead why it was not found in the run in `out`")] = False,
        out: Earlier = OUT, budget_seconds: Seconds = 60.0,
    ) -> Answered:  # fmt: skip
        """One cause in full: how it looks, why, how it is told, with what it is confused, what to do."""
        budget = Budget(budget_seconds)
        try:
            if cause is None:
                words = ["causes", "--format", "json"]
            elif why_not:
                words = ["explain", f"--why-not={cause}", "--", self.project.earlier(out)]
            else:
                words = ["explain", "--format", "markdown", "--", cause]
        except Refused as why:
            return refusal(str(why))
        ended = await run_command(self.project, ctx, budget, words, budget.left)
        if ended.status != 0:
            return refusal(_why(ended, budget))
        text = _listed(ended.out) if cause is None else ended.out
        return result(text, Answer(exit_status=ended.status, seconds=round(budget.spent, 1)))

    async def lint(
        self, ctx: Ctx,
        paths: Annotated[list[str], Field(min_length=1, description="files and folders of the project")],
        budget_seconds: Seconds = 60.0,
    ) -> Answered:  # fmt: skip
        """Mistakes that can be seen in the source, without running it."""
        budget = Budget(budget_seconds)
        try:
            words = ["lint", "--format", "json", "--", *map(self.project.inside, paths)]
        except Refused as why:
            return refusal(str(why))
        ended = await run_command(self.project, ctx, budget, words, budget.left)
        try:
            body = json.loads(ended.out)
        except ValueError:
            return refusal(_why(ended, budget))
        answer = Answer(exit_status=ended.status, seconds=round(budget.spent, 1))
        return result(lint_text(body), filled(answer, body))

    async def data(
        self, ctx: Ctx,
        path: Annotated[str, Field(description="the data file, relative to the project folder")],
        target: Annotated[str | None, Field(description="the column (or array) that is to be predicted")] = None,
        window: Annotated[int | None, Field(ge=1, description="rows that the net is to see")] = None,
        horizon: Annotated[int | None, Field(ge=0, description="how many rows after the window's last one the target lies")] = None,
        out: Out = OUT, budget_seconds: Seconds = 60.0,
    ) -> Answered:  # fmt: skip
        """Is this data fit for a recurrent network? Looks at the data alone, trains nothing."""
        budget = Budget(budget_seconds)
        has = self.options["data"]
        try:
            path, out = self.project.inside(path), self.project.out(out)
            if target is not None and "--target" not in has:
                raise Refused("this lossdoctor's data command takes no target.")
            words = [f"--target={target}"] if target is not None else []
            words += [f"{name}={value}" for name, value in (("--window", window), ("--horizon", horizon)) if value is not None and name in has]
            for name, value in (("--format", "markdown"), ("--out", out)):
                words += [name, value] if name in has else []
            with self.folders.held(out):
                ended = await run_command(self.project, ctx, budget, ["data", *words, "--", path], budget.left)
        except Refused as why:
            return refusal(str(why))
        if ended.status not in (0, 1):
            return refusal(_why(ended, budget))
        return result(ended.out, self._answer(ended, budget, out))

    async def _watched(
        self, ctx: Ctx, budget: Budget, command: str, words: Sequence[str], script: str, args: Sequence[str], module: bool, out: str,
        said_itself: frozenset[int] | None,
    ) -> CallToolResult:  # fmt: skip
        """Run a command that watches a script. With an exit status in `said_itself` its own words are the answer; else (and for
        `run`, whose words are the script's) the report is made of what its folder holds."""
        try:
            target = ["-m", self.project.module(script)] if module else [self.project.inside(script)]
            out = self.project.out(out)
            with self.folders.held(out):
                before = _mark(self.project.root / out)
                form = ["--format", "markdown"] if said_itself is not None else []
                line = [command, *words, *form, "--out", out, *target, "--", *args]
                ended = await run_command(self.project, ctx, budget, line, budget.usable - budget.spent)
                if said_itself is not None and ended.status in said_itself:
                    return result(ended.out, self._answer(ended, budget, out, fix=command == "fix"))
                fresh = _mark(self.project.root / out) != before
                if not fresh or (ended.status is not None and said_itself is not None):
                    return refusal(_why(ended, budget))
                return await self._seen(ctx, budget, ended, out, command)
        except Refused as why:
            return refusal(str(why))

    async def _seen(self, ctx: Ctx, budget: Budget, ended: Ended, out: str, command: str) -> CallToolResult:
        """What the folder holds of a run that came to its end, or was ended."""
        told = None
        if budget.left > 0:
            told = await run_command(self.project, ctx, budget, ["report", "--format", "markdown", "--", out], budget.left)
        if told is None or told.status != 0:
            return refusal(_why(ended, budget) + (f"\nWhat it had seen: report, out {out}." if ended.status is None else ""))
        head = f"The script ended with status {ended.status} after {ended.seconds:.0f} s."
        if ended.status is None:
            head = _why(ended, budget) + " What was seen until then:"
            head += " (call fix again with resume to go on)" if command == "fix" else ""
        printed = last_lines(ended.out) if command == "run" else ""
        return result(told.out, self._answer(ended, budget, out, fix=command == "fix"), head, printed)

    def _answer(self, ended: Ended, budget: Budget, out: str, fix: bool = False) -> Answer:
        folder: Path = self.project.root / out
        answer = Answer(exit_status=ended.status, out_of_time=ended.status is None, seconds=round(budget.spent, 1))
        filled(answer, loaded(folder / "report.json"))
        answer.paths = paths_in(self.project.root, out, fix)
        if fix and (cure := loaded(folder / "fix.json")):
            answer.verified = bool((cure.get("best") or {}).get("verified"))
        return answer


def _why(ended: Ended, budget: Budget) -> str:
    if ended.status is None:
        return f"The time of this call ({budget.seconds:g} s) was over before it came to its end."
    return ended.sentence or f"lossdoctor ended with status {ended.status} and said nothing."


def _mark(folder: Path) -> tuple[int, int] | None:
    """Tells the trace of one run from that of the next into the same folder."""
    try:
        found = (folder / "trace").stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _listed(text: str) -> str:
    families: dict[str, list[str]] = {}
    for entry in json.loads(text):
        families.setdefault(entry["family"], []).append(entry["id"])
    return "\n".join(f"- {family}: {', '.join(ids)}" for family, ids in families.items())
