"""One file a cause: each yields the faults that it can put into a healthy script."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from base import Base
from fault import Fault


def all_faults(base: Base) -> Iterator[Fault]:
    """Every fault that may be tried on a script, injector by injector."""
    for found in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        yield from importlib.import_module(f"{__name__}.{found}").faults(base)
