"""The command line's shape: options and their words; what they do stands in one file a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="lossdoctor", no_args_is_help=True, add_completion=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Why isn't my loss going down? Names the cause, shows the evidence, and tries the fix.",
)  # fmt: skip

Script = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SCRIPT [ARGS]...", help="A Python script or notebook, and its own arguments.", show_default=False
    ),
]
Module = Annotated[str | None, typer.Option("-m", "--module", metavar="MODULE", help="Run a module, as python -m does.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report and the trace go.")]
Format = Annotated[str, typer.Option("--format", help="text, json, github or markdown.")]
Select = Annotated[str | None, typer.Option("--select", metavar="IDS", help="Only these causes, separated by commas.")]
Ignore = Annotated[str | None, typer.Option("--ignore", metavar="IDS", help="Not these causes, separated by commas.")]

RUNNER = {"allow_interspersed_args": False, "ignore_unknown_options": False}


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from .. import __version__

        typer.echo(f"lossdoctor {__version__}")
        raise typer.Exit(0)


@app.command(context_settings=RUNNER)
def check(
    script: Script = None,
    module: Module = None,
    seconds: Annotated[float, typer.Option(help="Watch the script for at most so long.", min=1)] = 60.0,
    steps: Annotated[int | None, typer.Option(help="Watch at most so many optimizer updates.", min=1)] = None,
    probe_seconds: Annotated[
        float, typer.Option("--probe-seconds", "--panel-seconds", help="Computing time for the what-ifs, over all cores.", min=0)
    ] = 30.0,
    no_panel: Annotated[bool, typer.Option("--no-panel", help="Watch only, ask no what-ifs.")] = False,
    out: Out = Path("lossdoctor-out"),
    format: Format = "text",
    select: Select = None,
    ignore: Ignore = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found.")] = False,
    show_output: Annotated[bool, typer.Option("--show-output", help="Show what the script printed.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the report alone.")] = False,
) -> int:
    """Run the first minute of an unmodified script, watched, and say what keeps it from learning.

    The script writes nowhere that you write: its files go to a scratch place, named in the report.
    """
    from .check import CheckOptions, check_script

    return check_script(
        CheckOptions(
            _program(script, module), seconds, steps, 0.0 if no_panel else probe_seconds, out, format, _ids(select), _ids(ignore) or frozenset(),
            exit_zero, show_output, quiet,
        )
    )  # fmt: skip


@app.command(context_settings=RUNNER)
def run(
    script: Script = None,
    module: Module = None,
    budget: Annotated[str, typer.Option(help="Our share of the run's time, such as 2% or 0.02.")] = "2%",
    apply: Annotated[
        list[str] | None, typer.Option("--apply", metavar="ID[:key=value,...]", help="Run under a fix.")
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Say on stderr what is wrong as soon as it is certain.")] = False,
    stop_on: Annotated[
        str | None, typer.Option("--stop-on", metavar="SEVERITY", help="End a doomed run early, with exit status 3: error or warning.")
    ] = None,
    out: Out = Path("lossdoctor-out"),
    format: Format = "text",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing of our own.")] = False,
) -> int:
    """Run a whole script, watched: same result as without us, exit status its own; the report comes at the end."""
    from .run import RunOptions, run_script

    return run_script(RunOptions(_program(script, module), budget, tuple(apply or ()), out, format, quiet, notify, stop_on))


@app.command()
def lint(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATHS...", help="Python files, notebooks, folders.", show_default=False)
    ] = None,
    format: Annotated[str, typer.Option("--format", help="text, json, sarif, github or pylint.")] = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Make the changes that are safe.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found.")] = False,
) -> int:
    """Look for mistakes that can be seen in the source, without running it."""
    from .lint import LintOptions, lint_sources

    return lint_sources(LintOptions(tuple(paths or ()), format, fix, select, ignore, exit_zero))


@app.command()
def report(
    out: Annotated[Path, typer.Argument(help="The folder of an earlier run, or of one that is still going on.")] = Path(
        "lossdoctor-out"
    ),
    format: Format = "text",
) -> int:
    """Show the report of an earlier run, also of one that was killed or is still running."""
    from .report import show_report

    return show_report(out, format)


@app.command()
def explain(
    cause: Annotated[str | None, typer.Argument(metavar="ID", help="A cause's id, or its beginning.")] = None,
    why_not: Annotated[
        str | None, typer.Option("--why-not", metavar="ID", help="Why this cause was not found in the run in OUT.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("lossdoctor-out"),
    format: Annotated[str, typer.Option("--format", help="text, markdown or json.")] = "text",
    list_all: Annotated[bool, typer.Option("--list", help="List all causes.")] = False,
    folder: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="With --why-not: the folder of the run.")] = None,
) -> int:
    """Explain one cause: signs, why, how it is told, fixes, references."""
    from .explain import explain_cause, list_causes, why_not_found

    if list_all:
        return list_causes(format)
    if why_not is not None:
        return why_not_found(why_not, Path(cause) if cause is not None else (folder or out))
    if cause is None:
        return list_causes(format)
    return explain_cause(cause, format)


@app.command()
def causes(format: Annotated[str, typer.Option("--format", help="text, markdown or json.")] = "text") -> int:
    """List every cause that is known, by family."""
    from .explain import list_causes

    return list_causes(format)


def _program(words: list[str] | None, module: str | None) -> tuple[str, list[str], bool]:
    from ..words import UserError

    words = list(words or [])
    if module is not None:
        return module, words, True
    if not words:
        raise UserError("say which script to run: lossdoctor check train.py")
    return words[0], words[1:], False


def _ids(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    from ..causes import cause_named

    return frozenset(cause_named(name.strip()).id for name in text.split(",") if name.strip())
