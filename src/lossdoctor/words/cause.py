"""A root cause as a thing that can be explained, without the code that judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage: TypeAlias = Literal["preview", "stable"]

FAMILIES: tuple[str, ...] = ("wiring", "steps", "through_time", "head", "data", "numerics")

HEADINGS: tuple[str, ...] = (
    "What happens",
    "How it looks",
    "Why it keeps the loss from falling",
    "How lossdoctor tells",
    "Not to be confused with",
    "What to do",
    "References",
)


@dataclass(frozen=True, slots=True)
class CausePage:
    """The words of one cause, read from the docstring of its file.

    `title` is the docstring's first line; `sections` holds (heading, Markdown text) in the order of
    `HEADINGS`. `fixes` are fix ids, best first. `needs` names what must have been measured.
    """

    id: str
    family: str
    title: str
    sections: tuple[tuple[str, str], ...]
    fixes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    stage: Stage = "stable"
