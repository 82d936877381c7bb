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
    """The parser's own complaints in one sentence; anything else is our fault and is shown as it is.

    Typer carries its own copy of Click (or uses the installed one, by version): told by form, not by class.
    """
    kind = type(error).__name__
    if kind == "Exit":
        return int(getattr(error, "exit_code", 0))
    if kind == "Abort":
        sys.stderr.write("lossdoctor: interrupted\n")
        return 130
    say = getattr(error, "format_message", None)
    if not callable(say):
        raise error
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", None) or "lossdoctor"
    sys.stderr.write(f"lossdoctor: {str(say()).rstrip('.')}. `{path} --help` lists what there is.\n")
    return 2
