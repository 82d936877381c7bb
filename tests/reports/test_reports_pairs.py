"""Which runs stand beside each other in a proof."""

from __future__ import annotations

from lossdoctor.words import Change, Cure, CureReport, Trial

FIX = Change("lower-lr", {"factor": 0.1}, "lower", "safe", "source")
OTHER = Change("add-clip", {}, "clip", "safe", "source")


def trial(changes: tuple[Change, ...], seed: int, skill: float, steps: int = 100, held: float | None = None) -> Trial:
    return Trial(changes, seed, steps, 1.0, skill, held, None, "learns")


def report(*trials: Trial, measure: str = "training skill") -> CureReport:
    best = Cure((FIX,), True, 0.9, None, 0.9, None, measure, (0, 1), None)
    return CureReport("train.py", True, "", (0, 1), 0.0, trials, best, (), (), (), (), 1.0, 6.0)


def test_each_seed_beside_itself_and_nothing_else() -> None:
    made = report(trial((), 0, 0.0), trial((OTHER,), 0, 0.4), trial((FIX,), 0, 0.9), trial((FIX,), 1, 0.8), trial((), 1, 0.1))
    assert [(a.skill, b.skill) for a, b in made.pairs] == [(0.0, 0.9), (0.1, 0.8)]


def test_of_runs_that_were_cut_later_the_cut_ones_count() -> None:
    made = report(trial((), 0, 0.0, 500), trial((), 0, 0.05, 90), trial((FIX,), 0, 0.9, 90))
    assert [(a.steps, b.steps) for a, b in made.pairs] == [(90, 90)]


def test_skill_is_shown_as_the_proof_compares_it() -> None:
    both = trial((FIX,), 0, 0.9, held=0.7)
    assert report(both, measure="held-back skill").measured(both) == 0.7
    assert report(both).measured(both) == 0.9
