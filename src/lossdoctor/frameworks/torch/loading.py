"""The pass over a DataLoader that is under way: an arm may begin in the middle of one."""

from __future__ import annotations

import weakref
from typing import Any

_under_way: list[weakref.ref[Any]] = []


def began(loader: Any, iterator: Any) -> None:
    """A pass has begun. Only weak references are kept."""
    _under_way[:] = [weakref.ref(loader), weakref.ref(iterator)]


def under_way() -> tuple[Any, Any] | None:
    """(loader, its iterator) of the pass that began last, if both still live."""
    if not _under_way:
        return None
    loader, iterator = (reference() for reference in _under_way)
    return None if loader is None or iterator is None else (loader, iterator)
