from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossdoctor.trace.thinning import SHRINK, kept_rows, survives, thinned


@pytest.mark.parametrize("level", range(8))
def test_exactly_one_of_each_block_survives(level: int) -> None:
    for block in range(200):
        assert sum(survives(unit, level) for unit in range(block << level, (block + 1) << level)) == 1


@given(st.integers(0, 1 << 40), st.integers(1, 30))
def test_a_level_keeps_a_part_of_the_one_below(unit: int, level: int) -> None:
    assert survives(unit, level - 1) or not survives(unit, level)


@pytest.mark.parametrize("period", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("level", [1, 2, 3, 5])
def test_what_takes_turns_stays_represented(period: int, level: int) -> None:
    rests = [unit % period for unit in range(40_000) if survives(unit, level)]
    for rest in range(period):
        assert rests.count(rest) > 0.6 * len(rests) / period


@given(st.lists(st.integers(1, 5), min_size=1, max_size=300), st.integers(0, 6), st.integers(1, 50))
def test_ends_are_kept_and_units_are_whole(sizes: list[int], level: int, ends: int) -> None:
    units = [unit for unit, size in enumerate(sizes) for _ in range(size)]
    kept = kept_rows(units, level, ends)
    assert kept == sorted(set(kept))
    assert set(range(min(ends, len(units)))) <= set(kept)
    assert set(range(max(0, len(units) - ends), len(units))) <= set(kept)
    for unit, size in enumerate(sizes):
        assert sum(units[row] == unit for row in kept) in (0, size)


@given(st.integers(16, 20_000))
def test_enough_rows_go_and_gaps_are_bounded(rows: int) -> None:
    kept, level = thinned(range(rows), 0)
    assert len(kept) <= SHRINK * rows
    assert {0, rows - 1} <= set(kept)
    assert max(after - before for before, after in pairwise(kept)) < 2 << level
