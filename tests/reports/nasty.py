"""A report in which every string that a user can write tries to be more than text."""

from __future__ import annotations

import dataclasses
from typing import Any

from lossdoctor.reports.demo import demo_report
from lossdoctor.words import Report

NASTY = "<script>alert(1)</script></script>[bold]x[/bold]{{ 7*7 }}`'\"&\x1b[31m\u202e%,:"


def nasty_report() -> Report:
    """The demo report with `NASTY` added to every free string in it, at any depth."""
    return _nasty(demo_report())


_CLOSED = {
    "id", "cause", "severity", "proof", "safety", "verdict", "explained_by", "panels", "kind", "role",
    "outcome", "measure", "fix", "family", "stage", "framework", "version",
}  # fmt: skip


def _nasty(value: Any, name: str = "") -> Any:
    if name in _CLOSED and not (name == "panels" and value and not isinstance(value[0], str)):
        return value
    if isinstance(value, str):
        return value + NASTY
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _nasty(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(_nasty(item) for item in value)
    if isinstance(value, dict):
        keep = name == "pages"
        return {(_nasty(k) if isinstance(k, str) and not keep else k): _nasty(v) for k, v in value.items()}
    return value
