"""Mistakes that can be seen in the source, without running it. Imports no framework."""

from .engine import Looked, known_causes, lint_paths

__all__ = ["Looked", "known_causes", "lint_paths"]
