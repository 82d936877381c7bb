"""Which way a what-if goes, where its fix goes two, and of which causes it says something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ONLY_FOR = {"narrow": "overfitting", "longer-window": "sequence-too-short", "set-window": "sequence-too-long"}
"""What-ifs whose fix is that of several causes, and which of these they speak for."""


def key_of(fix: str, args: Mapping[str, Any]) -> str:
    """The fix, and which of the two ways it goes where there are two."""
    if fix == "reinit" and args.get("keep"):
        return "memory"
    if fix == "set-window" and args.get("longer"):
        return "longer-window"
    return "narrow" if fix == "widen" and float(args.get("factor") or 4.0) < 1 else fix


def speaks_for(fix: str, args: Mapping[str, Any], cause: str) -> bool:
    """Does a what-if with this fix say anything of this cause?"""
    return ONLY_FOR.get(key_of(fix, args), cause) == cause
