"""What a renderer is, and which ones there are.

Renderers are imported when asked for: `--format json` must not pay for the terminal's or the page's
libraries.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

from lossdoctor.words import Report, UserError

__all__ = ["REPORTERS", "Reporter", "render", "reporter"]


@runtime_checkable
class Reporter(Protocol):
    """Turns one `Report` into text. `suffix` is the usual ending of a file that holds it."""

    name: str
    suffix: str

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        """The report as text that ends in a newline. `width` in columns and `colour` matter to a
        terminal alone; the others ignore them."""
        ...


REPORTERS: Mapping[str, str] = {
    "text": "lossdoctor.reports.terminal:TerminalReporter",
    "json": "lossdoctor.reports.json:JsonReporter",
    "github": "lossdoctor.reports.github:GithubReporter",
    "markdown": "lossdoctor.reports.markdown:MarkdownReporter",
    "html": "lossdoctor.reports.html:HtmlReporter",
}
"""Name of a format to the class that renders it, as `module:class`."""


def reporter(name: str) -> Reporter:
    """The renderer of that name; raises `UserError` with the nearest name when there is none."""
    target = REPORTERS.get(name)
    if target is None:
        near = difflib.get_close_matches(name, REPORTERS, n=1)
        hint = f" Try --format {near[0]}." if near else ""
        raise UserError(f'there is no report format "{name}". Formats: {", ".join(REPORTERS)}.{hint}')
    module, _, attribute = target.partition(":")
    return cast(Reporter, getattr(importlib.import_module(module), attribute)())


def render(report: Report, name: str, *, width: int | None = None, colour: bool = False) -> str:
    """`report` in the format `name`; raises `UserError` for an unknown format."""
    return reporter(name).render(report, width=width, colour=colour)
