"""What lint printed as JSON, as text to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...reports.bounded import LIMIT, Page, plain_text
from ...words import SEVERITIES


def lint_text(body: Mapping[str, Any]) -> str:
    """The worst first, then in the order of files and lines; and what could not be looked at. Under 4,000 characters."""
    page = Page(LIMIT - 120)
    found = sorted(body.get("findings", []), key=lambda entry: SEVERITIES.index(entry["severity"]))
    unread = body.get("unread", [])
    page.put(f"**lossdoctor lint: {body.get('files', 0)} files, {len(found)} findings.**", keep=True)
    page.rows("**Could not be looked at**\n", [f"- {plain_text(u['file'], 120)}: {plain_text(u['why'], 160)}" for u in unread])
    page.rows("", [_row(entry) for entry in found], where="`lossdoctor lint`")
    return page.text()


def _row(entry: Mapping[str, Any]) -> str:
    where = entry.get("where") or {}
    spot = f"{plain_text(str(where['file']), 120)}:{where['line']}: " if where else ""
    return f"- {spot}{entry['severity']} `{entry['cause']}`: {plain_text(entry['summary'], 300)}"
