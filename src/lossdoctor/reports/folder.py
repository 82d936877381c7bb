"""What a run leaves in its folder: report.json, panels.json, report.html."""

from __future__ import annotations

import os
from pathlib import Path

from lossdoctor.words import Report

from .json import PANELS_FILE, REPORT_FILE, panels_json, report_json

__all__ = ["PAGE_FILE", "write_folder"]

PAGE_FILE = "report.html"


def write_folder(report: Report, out: Path | str, *, html: bool = True) -> tuple[Path, ...]:
    """Writes the report's files into `out` (made if need be) and returns them. report.json comes first,
    and each file is replaced whole or not at all, so that a full disk or a kill leaves the old one or
    the new one. Raises `OSError` where a file cannot be written."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    written = [_replace(folder / REPORT_FILE, report_json(report))]
    written.append(_replace(folder / PANELS_FILE, panels_json(report)))
    if html:
        from .html import render_html

        written.append(_replace(folder / PAGE_FILE, render_html(report)))
    return tuple(written)


def _replace(file: Path, text: str) -> Path:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file
