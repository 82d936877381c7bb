"""The report as one page: a file that opens offline, asks for nothing, and prints."""

from __future__ import annotations

from .page import LIMIT, HtmlReporter, render_html

__all__ = ["LIMIT", "HtmlReporter", "render_html"]
