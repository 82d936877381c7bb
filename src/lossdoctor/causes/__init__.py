"""One file a cause, in a folder a family. A file that defines CAUSE is a cause: nothing is registered."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from functools import cache

from ..words import FAMILIES, UserError
from .cause import Cause, page

__all__ = ["Cause", "all_causes", "cause_named", "page"]


@cache
def all_causes() -> dict[str, Cause]:
    """Every cause by id, in the order of the families."""
    found: dict[str, Cause] = {}
    for family in FAMILIES:
        package = importlib.import_module(f"{__name__}.{family}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            cause = getattr(module, "CAUSE", None)
            if isinstance(cause, Cause):
                found[cause.id] = dataclasses.replace(cause, family=family)
    return found


def cause_named(name: str) -> Cause:
    """The cause of this id, or of this unambiguous beginning. Raises UserError with the nearest names."""
    import difflib

    causes = all_causes()
    if name in causes:
        return causes[name]
    begins = [known for known in causes if known.startswith(name)]
    if len(begins) == 1:
        return causes[begins[0]]
    near = begins or difflib.get_close_matches(name, causes, n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UserError(f'there is no cause "{name}".{hint} `lossdoctor causes` lists them all.')
