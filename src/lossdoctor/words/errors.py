"""The one exception that a user sees as a sentence."""

from __future__ import annotations


class UserError(Exception):
    """Bad input: one clear sentence that says what is wrong and what to do; exit status 2."""
