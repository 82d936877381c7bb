"""Renderers: each turns one `lossdoctor.words.Report` into text, and knows nothing else."""

from __future__ import annotations

from .base import REPORTERS, Reporter, render, reporter

__all__ = ["REPORTERS", "Reporter", "render", "reporter"]
