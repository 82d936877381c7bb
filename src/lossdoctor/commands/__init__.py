"""The command line: one file a command. Importing it imports no framework."""

from __future__ import annotations

import sys

__all__ = ["run_cli"]


def run_cli(argv: list[str]) -> int:
    """Run one command; bad input is one sentence and status 2."""
    from ..words import UserError
    from .app import app
    from .arguments import rearranged

    try:
        result = app(args=rearranged(argv), prog_name="lossdoctor", standalone_mode=False)
    except UserError as error:
        sys.stderr.write(f"lossdoctor: {error}\n")
        return 2
    except Exception as error:
        return _usage(error)
    return int(result) if isinstance(result, int) else 0


def _usage(error: Exception) -> int:
    """Click's own complaints in one sentence; anything else is our fault and says so."""
    import click

    if isinstance(error, click.exceptions.Abort):
        sys.stderr.write("lossdoctor: interrupted\n")
        return 130
    if isinstance(error, click.exceptions.Exit):
        return int(error.exit_code)
    if isinstance(error, click.ClickException):
        message = error.format_message().rstrip(".")
        where = getattr(error, "ctx", None)
        hint = f" Try `{where.command_path} --help`." if where is not None else ""
        sys.stderr.write(f"lossdoctor: {message}.{hint}\n")
        return 2
    raise error
