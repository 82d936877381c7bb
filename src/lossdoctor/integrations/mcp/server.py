"""The server: the tools of the commands that this lossdoctor has, over stdio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

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
    "check": SANDBOXED, "run": FOR_REAL, "fix": ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False),
    "lint": READS, "data": SANDBOXED, "explain": READS, "report": READS,
}  # fmt: skip


def made_server(root: Path, options: Mapping[str, frozenset[str]], version: str) -> MCPServer[Any]:
    """A server for the project in `root`. `options`: each command there is, with the names of its options."""
    server: MCPServer[Any] = MCPServer(name="lossdoctor", instructions=INSTRUCTIONS, version=version, log_level="WARNING")
    tools = Tools(Project(root), options)
    for name, hints in ANNOTATIONS.items():
        if name in options:
            server.add_tool(getattr(tools, name), name=name, annotations=hints)
    return server


def serve(root: Path, options: Mapping[str, frozenset[str]], version: str) -> None:
    """Answer on stdin and stdout until the client goes."""
    made_server(root, options, version).run("stdio")
