"""One file a check. A file that defines CHECK is a check: nothing is registered."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ..check import Check


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of its file's name."""
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        check = getattr(importlib.import_module(f"{__name__}.{info.name}"), "CHECK", None)
        if isinstance(check, Check):
            found.append(check)
    return tuple(found)
