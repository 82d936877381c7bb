"""What was seen in the text of some files, without running them."""

from __future__ import annotations

from dataclasses import dataclass

from .finding import Finding


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be looked at, and why."""

    file: str
    why: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LintReport:
    """Findings in the order of files and lines. `ignored` counts those that a comment in the text hides, `fixed` those
    that `--fix` put right."""

    findings: tuple[Finding, ...]
    files: int
    unread: tuple[Unread, ...] = ()
    ignored: int = 0
    fixed: int = 0
    version: str = ""
