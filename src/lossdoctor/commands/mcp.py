"""`lossdoctor mcp`: a server that lets an assistant use the other commands."""

from __future__ import annotations

from pathlib import Path

from ..words import UserError

MISSING = "the server for assistants needs the mcp package, 2.0 or newer: pip install 'lossdoctor[mcp]'"


def serve_project(root: Path) -> int:
    """0 once the client has gone. Raises UserError where the SDK is missing or `root` is no folder."""
    if not root.is_dir():
        raise UserError(f"{root} is no folder. Name the project's folder with --root DIR.")
    try:
        from mcp.server import MCPServer  # noqa: F401
    except ImportError:
        raise UserError(MISSING) from None
    from .. import __version__
    from ..integrations.mcp.server import serve

    serve(root, options_by_command(), __version__)
    return 0


def options_by_command() -> dict[str, frozenset[str]]:
    """Every command there is, with the names of its options."""
    import typer

    from .app import app

    group = typer.main.get_command(app)
    return {
        name: frozenset(word for parameter in command.params for word in parameter.opts)
        for name, command in getattr(group, "commands", {}).items()
    }
