"""`lossdoctor lint`: what can be seen in the source without running it."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass

from ..lint import known_causes, lint_paths
from ..reports.lint import LINT_FORMATS, render_lint
from ..words import LintReport, UserError
from .show import wants_colour


@dataclass(frozen=True, slots=True)
class LintOptions:
    paths: tuple[str, ...]
    format: str
    fix: bool
    select: str | None
    ignore: str | None
    exit_zero: bool


def lint_sources(options: LintOptions) -> int:
    """0: nothing wrong; 1: a finding of severity error; 2: a file could not be looked at, and nothing else is wrong."""
    if options.format not in LINT_FORMATS:
        raise UserError(f'lint has no format "{options.format}". Formats: {", ".join(LINT_FORMATS)}.')
    if not options.paths:
        raise UserError("say which files or folders to look at: lossdoctor lint train.py")
    select = _ids(options.select)
    looked = list(lint_paths(options.paths, select=select, ignore=_ids(options.ignore) or (), fix=options.fix))
    if not looked:
        raise UserError(f"there is no Python file or notebook in {', '.join(options.paths)}.")
    report = LintReport(
        findings=tuple(f for one in looked for f in one.findings), files=len(looked),
        unread=tuple(one.unread for one in looked if one.unread is not None), ignored=sum(one.ignored for one in looked),
        fixed=sum(one.fixed for one in looked), version=_version(),
    )  # fmt: skip
    titles = _titles(report) if options.format == "sarif" else None
    sys.stdout.write(render_lint(report, options.format, colour=wants_colour(sys.stdout), titles=titles))
    sys.stdout.flush()
    return _status(report, options.exit_zero)


def _status(report: LintReport, exit_zero: bool) -> int:
    if any(f.severity == "error" for f in report.findings) and not exit_zero:
        return 1
    return 2 if report.unread else 0


def _ids(text: str | None) -> Collection[str] | None:
    """Causes by id. The cause files are asked only for a name that no check has."""
    if text is None:
        return None
    found = set()
    for name in (part.strip() for part in text.split(",") if part.strip()):
        if name not in known_causes():
            from ..causes import cause_named

            name = cause_named(name).id
            if name not in known_causes():
                raise UserError(f"{name} cannot be seen in the source alone; `lossdoctor check` can tell.")
        found.add(name)
    return found


def _titles(report: LintReport) -> dict[str, str]:
    from ..causes import all_causes, page

    found = {f.cause for f in report.findings}
    return {name: page(cause).title for name, cause in all_causes().items() if name in found}


def _version() -> str:
    from .. import __version__

    return __version__
