"""One file a fix. A file that defines FIX is a fix: nothing is registered."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .fix import Fix

__all__ = ["Fix", "all_fixes"]


@cache
def all_fixes() -> dict[str, Fix]:
    """Every fix by id."""
    found: dict[str, Fix] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        fix = getattr(importlib.import_module(f"{__name__}.{info.name}"), "FIX", None)
        if isinstance(fix, Fix):
            found[fix.id] = fix
    return found
