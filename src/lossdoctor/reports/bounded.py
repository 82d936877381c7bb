"""Markdown that keeps to a number of characters: blocks by their worth, lists row by row, patches hunk by hunk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .plain import clip, one_line, visible

__all__ = ["LIMIT", "Page", "fenced", "first_hunks", "plain_text", "quoted"]

LIMIT = 3_990
"""Characters; a little under the 4,000 that chats and forms commonly take."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


class Page:
    """Blocks of text with a common budget of characters."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._reserved = 0
        self._blocks: list[str] = []

    @property
    def room(self) -> int:
        """Characters that a block may have now."""
        return max(0, self._room - self._reserved - 2)

    def reserve(self, size: int) -> None:
        """Keep so many characters from what comes next; a negative number gives them back."""
        self._reserved = max(0, self._reserved + size)

    def put(self, block: str, *, keep: bool = False) -> bool:
        """Adds a block if there is room (or in any case, with `keep`)."""
        if len(block) > self.room and not keep:
            return False
        self._room -= len(block) + 2
        self._blocks.append(block)
        return True

    def rows(self, head: str, rows: Sequence[str], where: str = "") -> None:
        """As many rows as fit under a heading, and how many did not and where they are; their number alone where none fits."""
        place = f", in {where}" if where else ""
        for shown in range(len(rows), 0, -1):
            left = f"\n\nand {len(rows) - shown} more{place}" if shown < len(rows) else ""
            if self.put("\n".join([*([head] if head else []), *rows[:shown]]) + left):
                return
        if rows:
            title = head.partition("\n")[0]
            self.put(f"{title}{' ' if title else ''}{len(rows)} left out{place}")

    def diff(self, title: str, diff: str, most: int, where: str) -> bool:
        """A patch: whole, or its first hunks, or at the least where it is. No hunk is ever cut. At most `most` characters."""
        text, left = first_hunks(diff, min(most, self.room - len(title) - 120))
        if not text:
            return self.put(f"{title}\n{_hunks(left)}, in {where}")
        rest = f"\n{_hunks(left)} more, in {where}" if left else ""
        return self.put(f"{title}\n{fenced(text, 'diff')}{rest}")

    def text(self) -> str:
        return "\n\n".join(self._blocks) + "\n"


def first_hunks(diff: str, most: int) -> tuple[str, int]:
    """(the first hunks of a unified diff that fit into `most` characters, under the names of their files; how many did not)."""
    shown: list[str] = []
    size, left, head = 0, 0, list[str]()
    for part in _parts(visible_code(diff)):
        if part[0].startswith(("--- ", "diff ", "Index: ")) and not any(line.startswith("@@") for line in part):
            head = part
            continue
        need = sum(len(line) + 1 for line in [*head, *part])
        if left or size + need > most:
            left += 1
            continue
        shown += [*head, *part]
        size += need
        head = []
    return "\n".join(shown), left


def _parts(diff: str) -> list[list[str]]:
    """File headers and hunks, each as its lines. A diff without any is one hunk."""
    parts: list[list[str]] = []
    lines = diff.strip("\n").split("\n")
    for number, line in enumerate(lines):
        ahead = lines[number + 1] if number + 1 < len(lines) else ""
        in_head = bool(parts) and not parts[-1][0].startswith("@@") and _is_head(parts[-1][0])
        begins_file = line.startswith(("diff ", "Index: ")) or (line.startswith("--- ") and ahead.startswith("+++ ") and not in_head)
        if not parts or line.startswith("@@") or begins_file:
            parts.append([line])
        else:
            parts[-1].append(line)
    return parts


def _is_head(line: str) -> bool:
    return line.startswith(("diff ", "Index: ", "--- "))


def _hunks(count: int) -> str:
    return f"{count} hunk{'' if count == 1 else 's'}"


def visible_code(code: str) -> str:
    """Code with nothing hidden in it. Tabs stay: a patch must still apply."""
    return "\t".join(visible(part) for part in code.replace("\r\n", "\n").split("\t"))


def fenced(code: str, language: str = "") -> str:
    """Code between fences longer than any inside it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([ticks + language, code, ticks])


def plain_text(text: str, size: int) -> str:
    """A user's words inside Markdown: on one line, at most `size` characters, none of them active. Names
    with a single underscore inside a word stay as they are."""
    escaped = _SPECIAL.sub(r"\\\1", clip(one_line(text), size))
    return re.sub(r"(?<=\w)\\_(?=\w)", "_", escaped)


def quoted(text: str, size: int) -> str:
    """A path or a command in backticks."""
    return f"`{clip(one_line(text), size).replace('`', chr(39))}`"
