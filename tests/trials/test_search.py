"""Which set of changes is kept, what counts as proof, and what is never run twice."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEngine, World, runner, seen, step

from lossdoctor.trials.candidate import Candidate, Step
from lossdoctor.trials.judge import Judge
from lossdoctor.trials.outcome import Seen
from lossdoctor.trials.printed import Metric, detected
from lossdoctor.trials.runner import OutOfTime, Ran
from lossdoctor.trials.search import BASE, Proof, Search

SEEDS = (0, 1, 2)
JUDGED = {field.name for field in fields(Judge)}


def search(world: World, steps: list[Step], folder: Path, **more: object) -> tuple[Search, Proof | None, FakeEngine]:
    engine = FakeEngine()
    judge = Judge(**{name: more.pop(name) for name in list(more) if name in JUDGED})  # type: ignore[arg-type]
    made = Search(runner(world, folder, engine), steps, SEEDS, judge, **more)  # type: ignore[arg-type]
    return made, made.run(), engine


def by(table: dict[str, float | None], otherwise: float = 0.0) -> World:
    """Skill by the fixes' ids, joined by a blank in the order of the alphabet."""

    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(table.get(" ".join(sorted(fixes)), otherwise))

    return world


def ids(proof: Proof | None) -> list[str]:
    assert proof is not None
    return sorted(change.id for change in proof.candidate.changes)


def test_a_right_first_answer_costs_six_runs(tmp_path: Path) -> None:
    _, proof, engine = search(by({"good": 0.95}), [step("good", proven=True), step("other"), step("third")], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["good"]
    assert len(engine.jobs) == 6


def test_the_run_that_was_diagnosed_is_the_first_baseline(tmp_path: Path) -> None:
    engine = FakeEngine()
    ready = runner(by({"good": 0.95}), tmp_path, engine)
    ready.take(Ran(BASE, SEEDS[0], seen(0.0)))
    proof = Search(ready, [step("good", proven=True), step("other")], SEEDS).run()
    assert proof is not None and proof.verified and [run.seed for run in proof.plain] == list(SEEDS)
    assert sorted((len(job.live), job.seed) for job in engine.jobs) == [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_a_run_that_learned_while_it_was_diagnosed_costs_no_trial(tmp_path: Path) -> None:
    engine = FakeEngine()
    ready = runner(by({}), tmp_path, engine)
    ready.take(Ran(BASE, SEEDS[0], seen(0.97)))
    assert Search(ready, [step("any")], SEEDS).run() is None and not engine.jobs


def test_the_fix_that_learns_best_is_kept_not_the_first_that_helps(tmp_path: Path) -> None:
    _, proof, _ = search(by({"helps": 0.35, "cures": 0.9}), [step("helps"), step("cures", 1)], tmp_path)
    assert ids(proof) == ["cures"]


def test_two_faults_need_two_changes(tmp_path: Path) -> None:
    world = by({"one": 0.1, "two": 0.15, "one two": 0.93, "idle": 0.0, "idle one": 0.1})
    _, proof, _ = search(world, [step("one"), step("idle", 1), step("two", 2)], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["one", "two"]


def test_a_change_that_is_not_needed_is_taken_out(tmp_path: Path) -> None:
    # Neither alone is enough by the rule, together they are; but one alone is as good as both.
    world = by({"a": 0.49, "b": 0.1, "a b": 0.51})
    _, proof, _ = search(world, [step("a"), step("b", 1)], tmp_path)
    assert ids(proof) == ["a"]


def test_three_changes_where_pairs_only_help(tmp_path: Path) -> None:
    world = by({"a": 0.1, "b": 0.1, "c": 0.1, "a b": 0.15, "a c": 0.15, "b c": 0.15, "a b c": 0.9})
    _, proof, _ = search(world, [step("a"), step("b", 1), step("c", 2)], tmp_path)
    assert ids(proof) == ["a", "b", "c"]


def test_what_still_rises_at_the_end_is_also_tried_for_longer(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        skill = {"": 0.0, "good": 0.6, "train-longer": 0.0, "good train-longer": 0.93}[" ".join(sorted(fixes))]
        return seen(skill, reference=0.95)

    _, proof, _ = search(world, [step("good", proven=True), step("train-longer", 9)], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["good", "train-longer"]


def test_a_rate_that_does_best_at_the_end_of_the_grid_is_taken_further(tmp_path: Path) -> None:
    rates = {"lower-lr": 0.6, "lower": 0.8, "lowest": 0.7}
    following = {"lower-lr": "lower", "lower": "lowest"}

    def stronger(given: Step) -> list[Step]:
        name = following.get(given.change.id)
        return [] if name is None else [step(name, 1, proven=True)]

    _, proof, engine = search(by(dict(rates)), [step("lower-lr", proven=True)], tmp_path, further=stronger)
    assert proof is not None and proof.verified and ids(proof) == ["lower"]
    assert len(engine.jobs) == 8


def test_what_goes_too_far_is_taken_half_the_way_back(tmp_path: Path) -> None:
    both = [step("further", 1, proven=True), step("back", 1, proven=True)]
    _, proof, engine = search(by({"lower-lr": 0.7, "further": 0.4, "back": 0.88}), [step("lower-lr", proven=True)], tmp_path, further=lambda _: both)
    assert ids(proof) == ["back"]
    assert len(engine.jobs) == 8


@pytest.mark.parametrize(("others", "expected"), [(0.6, ["asked", "more"]), (0.85, ["asked"])])
def test_what_was_picked_by_luck_is_weighed_against_what_did_best(others: float, expected: list[str], tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        skill = {"": 0.3, "asked": 0.86 if seed == 0 else others, "more": 0.8, "asked more": 0.96}[" ".join(sorted(fixes))]
        return seen(skill)

    _, proof, _ = search(world, [step("asked", cause="one"), replace(step("more", 1), backed=True)], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == expected


def test_what_fails_on_another_seed_is_weighed_against_what_does_best_there(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        skill = {"": 0.0, "lucky": 0.97 if seed == 0 else 0.6, "sure": 0.9, "lucky sure": 0.95}[" ".join(sorted(fixes))]
        return seen(skill)

    _, proof, _ = search(world, [step("lucky", proven=True), replace(step("sure", 1), backed=True)], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["lucky", "sure"]


def test_what_can_be_written_goes_before_what_is_to_be_put_in_by_hand(tmp_path: Path) -> None:
    world = by({"knob": 0.75, "text": 0.7})
    steps = [step("knob", cause="one", how="live"), step("text", 1, cause="two")]
    _, proof, _ = search(world, steps, tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["text"]


def test_what_no_finding_asks_for_must_win_clearly(tmp_path: Path) -> None:
    steps = [step("asked", cause="one"), step("usual", 1)]
    _, proof, _ = search(by({"asked": 0.7, "usual": 0.75}), steps, tmp_path / "a")
    assert ids(proof) == ["asked"]
    _, proof, _ = search(by({"asked": 0.55, "usual": 0.85}), steps, tmp_path / "b")
    assert ids(proof) == ["usual"]


def test_a_run_that_learns_is_changed_only_for_a_clear_gain(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        printed = {"eval": "test accuracy 0.95", "other": "test accuracy 0.65"}
        return seen(0.97, printed=printed.get(" ".join(fixes), "test accuracy 0.60"))

    steps = [step("other", cause="one"), step("eval", 1, cause="two")]
    _, proof, _ = search(world, steps, tmp_path / "a", learns_already=True)
    assert proof is not None and proof.verified and ids(proof) == ["eval"]
    _, proof, _ = search(world, steps[:1], tmp_path / "b", learns_already=True)
    assert proof is None
    _, proof, _ = search(world, steps, tmp_path / "c")
    assert proof is None


def test_what_cured_a_what_if_too_is_tried_where_much_is_left_to_win(tmp_path: Path) -> None:
    steps = [step("first", proven=True, cause="one"), replace(step("rival", 1), backed=True), step("usual", 2)]
    world = by({"first": 0.6, "rival": 0.85, "first rival": 0.95, "usual": 0.99})
    _, proof, engine = search(world, steps, tmp_path / "a")
    assert proof is not None and proof.verified and ids(proof) == ["first", "rival"]
    assert not any(job.name.startswith("usual") for job in engine.jobs)
    _, proof, engine = search(by({"first": 0.92, "rival": 0.99}), steps, tmp_path / "b")
    assert ids(proof) == ["first"] and len(engine.jobs) == 6


def test_learning_by_heart_is_no_cure(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        table = {"": (0.6, 0.1), "by-heart": (0.98, 0.2), "stop": (0.7, 0.7)}
        skill, metric = table[" ".join(fixes)]
        return seen(skill, printed=f"test r2 {metric}")

    steps = [step("by-heart", cause="one"), step("stop", 1, cause="one")]
    _, proof, _ = search(world, steps[:1], tmp_path / "a", by_heart=True)
    assert proof is None
    _, proof, _ = search(world, steps, tmp_path / "b", by_heart=True)
    assert proof is not None and proof.verified and ids(proof) == ["stop"]


def test_held_back_data_that_are_told_a_little_are_enough_where_the_rest_is_known_by_heart(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.96, held=0.05) if fixes else seen(0.96, held=-2.2)

    _, proof, engine = search(world, [step("early-stop", proven=True), step("b", 1), step("c", 2)], tmp_path, by_heart=True)
    assert proof is not None and proof.verified and ids(proof) == ["early-stop"] and len(engine.jobs) == 6


def test_a_run_that_knows_its_training_data_by_heart_is_not_done(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.7, printed="test r2 0.7") if fixes else seen(0.99, printed="test r2 -0.2")

    made, proof, _ = search(world, [step("stop", cause="one")], tmp_path / "a", by_heart=True)
    assert not made.needs_none and proof is not None and proof.verified and ids(proof) == ["stop"]
    made, proof, _ = search(world, [step("stop", cause="one")], tmp_path / "b")
    assert made.needs_none and proof is None


def test_a_second_finding_is_mended_too_where_the_first_cure_leaves_room(tmp_path: Path) -> None:
    world = by({"a": 0.6, "b": 0.1, "a b": 0.85})
    _, proof, _ = search(world, [step("a", proven=True, cause="one"), step("b", 1, cause="two")], tmp_path)
    assert ids(proof) == ["a", "b"]


def test_a_second_change_that_adds_nothing_is_left_out(tmp_path: Path) -> None:
    world = by({"a": 0.6, "b": 0.1, "a b": 0.61})
    _, proof, _ = search(world, [step("a", proven=True, cause="one"), step("b", 1, cause="two")], tmp_path)
    assert ids(proof) == ["a"]


def test_what_was_hidden_behind_the_first_fault_is_mended_on_top(tmp_path: Path) -> None:
    from dataclasses import replace

    first, second = step("guard", proven=True), step("hidden")
    first = replace(first, change=replace(first.change, how="source"))
    made = Search(runner(by({"guard": 0.1, "guard hidden": 0.9}), tmp_path), [first], SEEDS)
    made.runner.read = _with_diagnosis(made.runner.read)
    made.deeper = lambda ran: [Candidate((*ran.candidate.steps, second))]
    proof = made.run()
    assert proof is not None and proof.verified and ids(proof) == ["guard", "hidden"]


def _with_diagnosis(read: Any) -> Any:
    return lambda ended, training: (read(ended, training)[0], object())


def test_one_seed_on_which_it_fails_is_no_proof(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.9 if fixes and seed != 2 else 0.0)

    _, proof, _ = search(world, [step("lucky", proven=True)], tmp_path)
    assert proof is not None and not proof.verified and "seed 2" in proof.why_not


def test_less_bad_is_not_learning(tmp_path: Path) -> None:
    _, proof, _ = search(by({"a": 0.15}, -0.9), [step("a", proven=True)], tmp_path)
    assert proof is not None and not proof.verified and "does not learn" in proof.why_not


def test_a_fix_whose_own_trace_still_shows_an_error_is_not_verified(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.8, errors=("wrong-mode",)) if fixes else seen(0.0)

    _, proof, _ = search(world, [step("a", proven=True)], tmp_path)
    assert proof is not None and not proof.verified and "wrong-mode" in proof.why_not


def test_short_of_what_a_simple_learner_gets_is_not_verified(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.3 if fixes else 0.0, reference=0.85)

    _, proof, _ = search(world, [step("a", proven=True)], tmp_path)
    assert proof is not None and not proof.verified and "simple learner" in proof.why_not


def test_fewer_than_three_seeds_are_no_proof(tmp_path: Path) -> None:
    made = Search(runner(by({"a": 0.9}), tmp_path), [step("a", proven=True)], (0, 1))
    proof = made.run()
    assert proof is not None and not proof.verified and "three seeds" in proof.why_not


def test_a_run_that_learns_to_its_end_needs_nothing(tmp_path: Path) -> None:
    made, proof, _ = search(by({}, 0.95), [step("a")], tmp_path)
    assert proof is None and made.needs_none


def test_a_run_with_something_shown_to_be_wrong_is_tried_though_a_simple_learner_gets_no_more(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.75 if fixes else 0.55, reference=0.45)

    assert search(world, [step("a")], tmp_path / "statistics")[1] is None
    _, proof, _ = search(world, [step("a")], tmp_path / "shown", backed=True)
    assert proof is not None and proof.verified


def test_held_back_skill_decides_where_both_measure_it(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        table = {"by heart": (0.99, 0.0), "": (0.3, 0.0), "general": (0.9, 0.85)}
        skill, held = table[" ".join(fixes)]
        return seen(skill, held=held, verdict="learning")

    _, proof, _ = search(world, [step("by heart"), step("general", 1)], tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["general"]


def test_the_printed_metric_has_a_veto(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.9, printed="test accuracy 0.41") if fixes else seen(0.0, printed="test accuracy 0.55")

    _, proof, _ = search(world, [step("a", proven=True)], tmp_path)
    assert proof is None or not proof.verified


def test_the_printed_metric_decides_where_the_loss_was_fine(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        accuracy = 0.9 if fixes else 0.5
        return seen(0.7, printed=f"test accuracy {accuracy}", errors=() if fixes else ("wrong-mode",))

    _, proof, _ = search(world, [step("set-mode", proven=True)], tmp_path)
    assert proof is not None and proof.verified


@pytest.mark.parametrize(("text", "name", "higher", "value"), [
    ("epoch 3 loss 0.33 val acc 0.91\nmetric accuracy 0.8812", "metric accuracy", True, 0.8812),
    ("step 10: train loss=0.1, test rmse: 3.21", "test rmse", False, 3.21),
    ("metric r2 -0.3", "metric r2", True, -0.3),
    ("epoch 1 | val_acc=0.3 | loss=0.2\nepoch 2 | val_acc=0.5 | loss=0.2", "val_acc", True, 0.5),
    ("Accuracy of 87.5%", "Accuracy", True, 87.5),
    ("metric mse nan", "metric mse", False, None),
])  # fmt: skip
def test_the_number_that_a_script_prints(text: str, name: str, higher: bool, value: float | None) -> None:
    found = detected(text)
    assert found is not None and (found.name, found.higher, found.read(text)) == (name, higher, value)


@pytest.mark.parametrize("text", ["epoch 1/10 loss 0.3", "done in 3.2 s", "parameters: 12345", ""])
def test_no_metric_where_none_is_named(text: str) -> None:
    assert detected(text) is None


def test_an_error_in_other_units_is_not_compared(tmp_path: Path) -> None:
    metric = detected("test rmse 3.5")
    assert metric is not None and not metric.higher
    assert not metric.comparable(frozenset({"scale-targets"})) and metric.comparable(frozenset({"lower-lr"}))


def test_the_users_own_metric_decides(tmp_path: Path) -> None:
    import re

    given = Metric("score", re.compile(r"score=([0-9.]+)"), True, given=True)

    def world(fixes: frozenset[str], seed: int) -> Seen:
        table = {"": (0.3, 1.0), "a": (0.6, 1.1), "b": (0.5, 9.0)}
        skill, printed = table[" ".join(fixes)] if len(fixes) < 2 else (0.5, 2.0)
        return seen(skill, printed=f"score={printed}")

    _, proof, _ = search(world, [step("a"), step("b", 1)], tmp_path, metric=given)
    assert proof is not None and proof.verified and ids(proof) == ["b"]


def test_where_several_changes_come_to_the_same_the_data_allow_no_more(tmp_path: Path) -> None:
    """None is good enough by the rule, and three of them get equally far: combining them is not worth its cost."""
    table = {"": -0.1, "a": 0.3, "b": 0.31, "c": 0.3, "d": 0.1}

    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(table.get(" ".join(sorted(fixes)), 0.31))

    _, proof, engine = search(world, [step("a", proven=True), step("b", 1), step("c", 2), step("d", 3)], tmp_path)
    assert ids(proof) == ["b"] and proof is not None and proof.verified
    assert len(engine.jobs) == 1 + 4 + 4


def test_half_as_far_on_held_back_data_is_learning(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.31, held=0.18) if fixes else seen(0.06, held=-0.15)

    _, proof, _ = search(world, [step("a", proven=True)], tmp_path)
    assert proof is not None and proof.verified


@pytest.mark.parametrize(("live", "left", "verified"), [(0.30, (), True), (0.45, (), False), (0.30, ("leakage",), False)])
def test_a_leak_is_mended_at_the_cost_of_skill(tmp_path: Path, live: float, left: tuple[str, ...], verified: bool) -> None:
    """By the number that the script prints of its use, and only where the leak is told no more."""

    def world(fixes: frozenset[str], seed: int) -> Seen:
        if fixes:
            return seen(0.63, held=0.65, printed=f"metric live_mse {live}", warned=left)
        return seen(0.999, held=0.999, printed="metric live_mse 0.43", warned=("leakage",))

    _, proof, _ = search(world, [step("drop-leak", cause="leakage")], tmp_path, learns_already=True)
    assert (proof is not None and proof.verified) == verified


def test_of_two_that_learn_the_printed_number_tells_which_knows_less_by_heart(tmp_path: Path) -> None:
    table = {"": (0.5, 0.04), "by-heart": (0.98, 0.4), "cures": (0.87, 0.56), "by-heart cures": (0.99, 0.36)}

    def world(fixes: frozenset[str], seed: int) -> Seen:
        skill, printed = table[" ".join(sorted(fixes))]
        return seen(skill, printed=f"test f1 {printed}")

    steps = [step("cures", cause="class-imbalance"), step("by-heart", 1, cause="too-few-epochs")]
    _, proof, _ = search(world, steps, tmp_path)
    assert proof is not None and proof.verified and ids(proof) == ["cures"]


def test_harder_held_back_data_are_no_shortfall(tmp_path: Path) -> None:
    """A simple learner is asked about samples like those of the training."""

    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.85, held=0.4, reference=0.8) if fixes else seen(0.0, held=-0.2, reference=0.8)

    _, proof, _ = search(world, [step("a", proven=True)], tmp_path)
    assert proof is not None and proof.verified


def test_a_script_that_is_not_repeatable_gets_more_seeds(tmp_path: Path) -> None:
    starts = iter(range(1000))

    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.9 if fixes else 0.0, start=1.0 + next(starts))

    made, proof, _ = search(world, [step("lower-lr", proven=True)], tmp_path)
    assert proof is not None and proof.verified and len(proof.fixed) == 5
    assert any("not the same twice" in note for note in made.notes)


def test_windows_are_cut_where_one_run_takes_too_long(tmp_path: Path) -> None:
    def world(fixes: frozenset[str], seed: int) -> Seen:
        return seen(0.9 if fixes else 0.0, whole=False, steps=200)

    made, proof, engine = search(world, [step("a", proven=True)], tmp_path)
    assert made.runner.limit == 180 and engine.jobs[-1].steps == 180
    assert proof is not None and proof.verified and any("cut at 180" in note for note in made.notes)


def test_nothing_is_run_twice_after_a_kill(tmp_path: Path) -> None:
    world = by({"a": 0.3, "b": 0.9})
    steps = [step("a"), step("b", 1)]
    first = Search(runner(world, tmp_path, FakeEngine()), steps, SEEDS)
    first.run()
    engine = FakeEngine()
    again = Search(runner(world, tmp_path, engine, resume=True), steps, SEEDS)
    proof = again.run()
    assert proof is not None and proof.verified and not engine.jobs


def test_a_torn_line_of_the_journal_costs_one_trial(tmp_path: Path) -> None:
    world = by({"a": 0.95})
    Search(runner(world, tmp_path), [step("a", proven=True)], SEEDS).run()
    path = tmp_path / "trials.jsonl"
    path.write_text(path.read_text()[:-20])
    engine = FakeEngine()
    proof = Search(runner(world, tmp_path, engine, resume=True), [step("a", proven=True)], SEEDS).run()
    assert proof is not None and proof.verified and len(engine.jobs) == 1


def test_trials_whose_machine_was_lost_are_run_again(tmp_path: Path) -> None:
    engine = FakeEngine(lost={BASE.key: 2})
    proof = Search(runner(by({"a": 0.95}), tmp_path, engine), [step("a", proven=True)], SEEDS).run()
    assert proof is not None and proof.verified and len(engine.jobs) == 8


def test_no_time_for_one_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutOfTime):
        Search(runner(by({}), tmp_path, minutes=-1), [step("a")], SEEDS).run()
