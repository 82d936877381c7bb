"""A fault: what it is called, which causes may be named for it, and how it is put into a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from base import Base, Copy, NotHere


@dataclass(frozen=True)
class Fault:
    """`causes`: accepted ids, best first; `("healthy",)` for what only looks wrong. `readable`: it stands in the
    script's text; otherwise the text is the healthy script's, byte for byte."""

    name: str
    causes: tuple[str, ...]
    put: Callable[[Copy], None]
    readable: bool = False
    lost: bool = False
    """What the targets hang on is in no file any more: no change of the script brings it back."""


@dataclass(frozen=True)
class Mutant:
    base: Base
    fault: Fault

    @property
    def id(self) -> str:
        return f"{self.base.id}--{self.fault.name}"

    def make(self, root: Path) -> Path:
        """The mutant's folder under `root`. Raises NotHere where the fault does not fit the script."""
        folder = root / self.id
        copy = Copy.make(self.base, folder)
        try:
            self.fault.put(copy)
            if self.fault.readable == (copy.text == self.base.text):
                raise NotHere("the text is " + ("the same" if self.fault.readable else "another"))
        except NotHere:
            shutil.rmtree(folder)
            raise
        return folder
