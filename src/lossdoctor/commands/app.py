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


@app.command(context_settings=RUNNER)
def fix(
    script: Script = None,
    module: Module = None,
    minutes: Annotated[float, typer.Option(help="Time for everything together.", min=0.1)] = 15.0,
    seeds: Annotated[int, typer.Option(help="Pairs of runs for the proof; a proof takes at least three.", min=1)] = 3,
    jobs: Annotated[int | None, typer.Option(help="Trials side by side (default: the cores, at most 4).", min=1)] = None,
    only: Annotated[str | None, typer.Option("--only", metavar="FIXES", help="Only these fixes, separated by commas.")] = None,
    never: Annotated[str | None, typer.Option("--never", metavar="FIXES", help="Not these fixes, separated by commas.")] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="REGEX", help="Judge by a number that the script prints: 'val_acc=([0-9.]+)'.")
    ] = None,
    higher: Annotated[bool, typer.Option("--higher/--lower", help="Which way --metric is better.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what an earlier fix into the same folder has tried.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Apply the patch once it is verified.")] = False,
    engine: Annotated[str, typer.Option("--engine", help="Where trials run: local or ray.")] = "local",
    address: Annotated[str | None, typer.Option("--address", help="The Ray cluster's address.")] = None,
    seconds: Annotated[float, typer.Option(help="Watch the script for at most so long before anything is tried.", min=1)] = 60.0,
    probe_seconds: Annotated[float, typer.Option("--probe-seconds", help="Computing time for the what-ifs.", min=0)] = 30.0,
    out: Out = Path("lossdoctor-out"),
    format: Format = "text",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the result alone.")] = False,
) -> int:
    """Try what the diagnosis suggests on re-runs of the script, keep the smallest change that works on every seed, and
    print it as a patch. No file of yours is written, but with --write.
    """
    from .fix import FixOptions, fix_script

    return fix_script(
        FixOptions(
            _program(script, module), minutes, seeds, jobs, _fixes(only), _fixes(never) or frozenset(), metric, higher, resume, write, engine,
            address, seconds, probe_seconds, out, format, quiet,
        )
    )  # fmt: skip


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
def data(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A series as .csv, .tsv, .txt, .json, .npy, .npz; or x and y in one .npz.", show_default=False)
    ],
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="The column (or array) that is to be told.")] = None,
    window: Annotated[int | None, typer.Option("--window", help="Rows that the net is to see (default: 24, or what there is).", min=1)] = None,
    horizon: Annotated[
        int | None, typer.Option("--horizon", help="How many rows on the target lies (default: 1; 0 for classes beside inputs).", min=0)
    ] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="The time column, if it is not found by itself.")] = None,
    out: Out = Path("lossdoctor-out"),
    format: Format = "text",
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found.")] = False,
) -> int:
    """Is this data fit for a recurrent network? Looks at the file alone: gaps, scale, order, what its windows tell."""
    from .data import DataOptions, look_at_data

    return look_at_data(DataOptions(file, target, window, horizon, time, out, format, exit_zero))


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


@app.command()
def mcp(
    root: Annotated[
        Path, typer.Option("--root", metavar="DIR", help="The project's folder: nothing outside it is run or written.")
    ] = Path(),
) -> int:
    """Serve check, run, fix, explain and report to an assistant (Model Context Protocol, over stdin and stdout)."""
    from .mcp import serve_project

    return serve_project(root)


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


def _fixes(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    from .run import parse_fix

    return frozenset(parse_fix(name.strip())[0] for name in text.split(",") if name.strip())
