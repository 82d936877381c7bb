"""The server: the tools of the commands that this lossdoctor has, over stdio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from .answer import refusal
from .project import Project
from .tools import Tools

INSTRUCTIONS = """lossdoctor runs a PyTorch training script under probes and measures why it does not learn: gradients through
time, updates, gates, data, what-ifs on forks of the live run. Call check first; it needs no change to the script. Then fix
proves a change on paired runs and answers with a patch, explain tells of one cause, run watches a whole training. Skill is
1 - loss / loss of the best constant prediction: 0 knows nothing, 1 is perfect. Each call keeps to its budget_seconds."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
SANDBOXED = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
FOR_REAL = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=True)

ANNOTATIONS: Mapping[str, ToolAnnotations] = {
    "check": SANDBOXED, "run": FOR_REAL, "fix": SANDBOXED, "lint": READS, "data": SANDBOXED, "explain": READS, "report": READS,
}  # fmt: skip


class Server(MCPServer[Any]):
    """Bad arguments are answered in one sentence, and one that there is not is not passed over."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        known = next((list(tool.input_schema["properties"]) for tool in await self.list_tools() if tool.name == name), None)
        if known is not None and (strange := [word for word in arguments if word not in known]):
            return refusal(f"{name} has no argument {strange[0]}; it has {', '.join(known)}.")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            return refusal(f"{name}: {'; '.join(map(_complaint, error.__cause__.errors()))}.")


def _complaint(error: Mapping[str, Any]) -> str:
    spot = ".".join(str(part) for part in error["loc"])
    return f"{spot} is missing" if error["type"] == "missing" else f"{spot}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def made_server(root: Path, options: Mapping[str, frozenset[str]], version: str) -> Server:
    """A server for the project in `root`. `options`: each command there is, with the names of its options."""
    server = Server(name="lossdoctor", instructions=INSTRUCTIONS, version=version, log_level="WARNING")
    tools = Tools(Project(root), options)
    for name, hints in ANNOTATIONS.items():
        if name in options:
            server.add_tool(getattr(tools, name), name=name, annotations=hints)
    return server


def serve(root: Path, options: Mapping[str, frozenset[str]], version: str) -> None:
    """Answer on stdin and stdout until the client goes."""
    made_server(root, options, version).run("stdio")
