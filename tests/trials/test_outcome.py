"""A trial that left little or nothing is read all the same."""

from __future__ import annotations

from pathlib import Path

from lossdoctor.frameworks.sampling import SPARING
from lossdoctor.session.trial import BUDGET
from lossdoctor.trials.candidate import Job
from lossdoctor.trials.engine import Ended
from lossdoctor.trials.outcome import Seen, read_trial


def test_a_trial_that_ended_before_it_trained_says_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "output.txt").write_text("loading\nFileNotFoundError: no data here\n")
    seen, diagnosis = read_trial(Ended(Job("", "base", 0, None, 1.0, str(tmp_path), {}, ()), 1, 2.5), 0)
    assert diagnosis is None and not seen.works
    assert (seen.skill, seen.verdict, seen.steps, seen.seconds) == (None, "never-started", 0, 2.5)
    assert seen.crashed == "FileNotFoundError: no data here"


def test_every_update_of_a_trial_is_seen() -> None:
    """Within a sparing budget updates may pass unmeasured, the last ones too: two runs would be compared at different steps."""
    assert BUDGET > SPARING


def test_what_was_seen_comes_back_from_the_journal(tmp_path: Path) -> None:
    seen, _ = read_trial(Ended(Job("", "base", 0, None, 1.0, str(tmp_path), {}, ()), 1, 2.5), 0)
    assert Seen.load(seen.stored(), seen.printed) == seen
