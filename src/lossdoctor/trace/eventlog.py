"""The events of a trace: lines in one file, thinned by kind when there are too many."""

from __future__ import annotations

from array import array

from .disk import GrowingFile
from .intake import Intake
from .thinning import SHRINK, thinned

ENDS = 32
"""The first and last events of a kind that stay when it is thinned."""


class EventLog:
    """Waiting and written lines. Of each line on disk its kind and its number within the kind are known."""

    __slots__ = ("_counts", "_file", "_intake", "_kinds", "_levels", "_numbers", "_of", "_thin", "pending")

    def __init__(self, intake: Intake, file: GrowingFile) -> None:
        self.pending: list[tuple[int, int, bytes]] = []
        self._intake = intake
        self._file = file
        self._of: dict[str, int] = {}
        self._thin: list[bool] = []
        self._counts: list[int] = []
        self._levels: list[int] = []
        self._kinds: array[int] = array("i")
        self._numbers: array[int] = array("q")

    @property
    def size(self) -> int:
        return self._file.size

    def add(self, kind: str, thin: bool, line: bytes) -> None:
        of = self._of.get(kind)
        if of is None:
            of = self._of[kind] = len(self._thin)
            self._thin.append(thin)
            self._counts.append(0)
            self._levels.append(0)
        self.pending.append((of, self._counts[of], line))
        self._counts[of] += 1
        self._intake.took(len(line))

    def write(self, *, sync: bool = False) -> None:
        """Puts what waits on disk. Raises OSError, and then it goes on waiting."""
        lines = len(self.pending)
        if not lines:
            return
        waiting = self.pending[:lines]
        self._file.append(b"".join([line for _, _, line in waiting]), sync=sync)
        self._kinds.extend([kind for kind, _, _ in waiting])
        self._numbers.extend([number for _, number, _ in waiting])
        self.forget(lines)

    def forget(self, lines: int) -> None:
        """The oldest waiting lines wait no more."""
        self._intake.waiting -= sum(len(line) for _, _, line in self.pending[:lines])
        del self.pending[:lines]

    def thin(self, *, sync: bool = False) -> str | None:
        """Writes the file anew with at most 5/8 of its bytes, waiting lines included.

        Kinds that may be thinned go first; if that is not enough, whatever repeats; at last the middle of
        the file. Returns a sentence where more had to go than the kinds allow. Raises OSError, and then
        nothing has changed.
        """
        waiting = self.pending[:]
        lines = self._file.read().splitlines(keepends=True) + [line for _, _, line in waiting]
        kinds = list(self._kinds) + [kind for kind, _, _ in waiting]
        numbers = list(self._numbers) + [number for _, number, _ in waiting]
        target = SHRINK * sum(map(len, lines))
        levels = list(self._levels)
        kept, note = list(range(len(lines))), None
        for allowed in (self._thin, [True] * len(self._thin)):
            kept = _thin_kinds(kept, lines, kinds, numbers, levels, allowed, target)
            if sum(len(lines[index]) for index in kept) <= target:
                break
            note = "there were more events than the trace may hold: some of those that repeat were left out"
        else:
            kept = _ends(kept, lines, target)
            note = "there were more events than the trace may hold: the middle ones were left out"
        self._file.rewrite(b"".join([lines[index] for index in kept]), sync=sync)
        self._kinds = array("i", [kinds[index] for index in kept])
        self._numbers = array("q", [numbers[index] for index in kept])
        self._levels = levels
        self.forget(len(waiting))
        return note

    def sync(self) -> None:
        if self._file.size:
            self._file.sync()


def _thin_kinds(
    kept: list[int],
    lines: list[bytes],
    kinds: list[int],
    numbers: list[int],
    levels: list[int],
    allowed: list[bool],
    target: float,
) -> list[int]:
    """Thins the kind that takes most bytes, again and again, until the target or until none gives way."""
    of_kind: dict[int, list[int]] = {}
    for index in kept:
        of_kind.setdefault(kinds[index], []).append(index)
    bytes_of = {kind: sum(len(lines[index]) for index in rows) for kind, rows in of_kind.items()}
    open_kinds = {kind for kind in of_kind if allowed[kind]}
    while open_kinds and sum(bytes_of.values()) > target:
        kind = max(open_kinds, key=bytes_of.__getitem__)
        rows = of_kind[kind]
        stay, levels[kind] = thinned([numbers[index] for index in rows], levels[kind], ENDS)
        if len(stay) == len(rows):
            open_kinds.discard(kind)
            continue
        of_kind[kind] = [rows[position] for position in stay]
        bytes_of[kind] = sum(len(lines[index]) for index in of_kind[kind])
    return sorted(index for rows in of_kind.values() for index in rows)


def _ends(kept: list[int], lines: list[bytes], target: float) -> list[int]:
    """As much of the beginning and of the end as fits, half each."""
    first, last, room = 0, len(kept), target / 2
    while first < last and (room := room - len(lines[kept[first]])) >= 0:
        first += 1
    room = target / 2
    while last > first and (room := room - len(lines[kept[last - 1]])) >= 0:
        last -= 1
    return kept[:first] + kept[last:]
