"""Which arms are asked for: those that the signs point to first, and none where nothing is left to find out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from made import replay, signs_of, targets

from lossdoctor.diagnosis.engine import Diagnosis, examine
from lossdoctor.diagnosis.questions import PROVEN, Question, questions, worth_asking
from lossdoctor.fixes import all_fixes
from lossdoctor.signs import Signs
from lossdoctor.signs.arms import PROBES
from lossdoctor.trace.events import ClipSeen, RecurrentCall
from lossdoctor.words import Evidence, Finding

RNG = np.random.default_rng
FLAT = 1 + 0.05 * RNG(0).normal(size=120)


def asked(signs: Signs) -> dict[str, Question]:
    listed = questions(examine(signs))
    order = [q.suspicion for q in listed]
    assert order == sorted(order, reverse=True), "the most suspected first"
    names = [q.name for q in listed]
    assert len(names) == len(set(names)), "an arm's folder is named for its question"
    return {q.name: q for q in listed}


def pairs(mean: float = 0.0, std: float = 1.0) -> list[tuple[Any, Any, Any]]:
    made = RNG(0)
    return [(made.normal(mean, std, (32, 6, 2)), made.normal(size=(32, 1)), None) for _ in range(8)]


def test_the_rate_is_always_asked_about() -> None:
    listed = asked(signs_of(FLAT, targets()))
    assert {"lower-lr-0.1", "raise-lr-10"} <= set(listed)
    assert listed["raise-lr-10"].args == {"factor": 10.0}


def test_a_loss_that_blew_up_asks_for_lower_rates_first() -> None:
    curve = FLAT.copy()
    curve[60:] = np.nan
    listed = asked(signs_of(curve, targets(), optimizer="SGD"))
    assert listed["lower-lr-0.1"].suspicion == 3
    assert listed["lower-lr-0.1"].suspicion > listed["raise-lr-10"].suspicion


def test_raw_inputs_are_asked_about_with_their_own_statistics() -> None:
    question = asked(signs_of(FLAT, pairs(100.0, 20.0)))["scale-inputs"]
    assert question.suspicion == 3
    assert question.args["mean"] == pytest.approx([100, 100], rel=0.02)
    assert question.args["std"] == pytest.approx([20, 20], rel=0.1)
    assert "scale-inputs" not in asked(signs_of(FLAT, pairs())), "standardised inputs need no arm"


def test_raw_targets_are_asked_about() -> None:
    raw = [(x, 5000 + 100 * y, p) for x, y, p in pairs()]
    assert asked(signs_of(FLAT * 1e4, raw))["scale-targets"].suspicion == 3
    assert "scale-targets" not in asked(signs_of(FLAT, pairs()))


def test_decay_is_asked_about_where_there_is_any() -> None:
    assert asked(signs_of(FLAT, targets(), decay=0.1))["set-weight-decay"].args == {"value": 0.0}
    assert "set-weight-decay" not in asked(signs_of(FLAT, targets(), decay=0.0))


def test_a_rate_that_fell_is_asked_about() -> None:
    assert "drop-scheduler" in asked(signs_of(FLAT, targets(), lr=1e-2 * 0.9 ** np.arange(120)))
    assert "drop-scheduler" not in asked(signs_of(FLAT, targets()))


@pytest.mark.parametrize(
    ("optimizer", "how", "wanted"),
    [("SGD", "clip_grad_norm_", True), ("Adam", "clip_grad_norm_", False), ("Adam", "clip_grad_value_", True)],
)
def test_a_clip_is_asked_about_where_it_can_matter(optimizer: str, how: str, wanted: bool) -> None:
    signs = signs_of(FLAT, targets(), optimizer=optimizer, more=[ClipSeen(0, how, 1e-3, -1)])
    assert ("loosen-clip" in asked(signs)) is wanted


def test_another_optimizer_is_asked_about_where_it_adapts_nothing() -> None:
    assert "swap-optimizer" in asked(signs_of(FLAT, targets(), optimizer="SGD"))
    assert "swap-optimizer" not in asked(signs_of(FLAT, targets(), optimizer="AdamW"))
    assert "swap-optimizer" not in asked(signs_of(FLAT, targets(), optimizer="LBFGS"))


def test_a_gradient_that_grows_is_clipped_in_an_arm() -> None:
    growing = replay(np.linspace(3, 0, 30).tolist(), growth=1.27, horizon=30.0)
    question = asked(signs_of(FLAT, targets(), samples=[growing], norms=np.full(120, 50.0)))["add-clip"]
    assert question.suspicion == 3 and 0 < question.args["max_norm"] <= 1.0
    shrinking = replay(np.linspace(-5, 0, 30).tolist(), growth=0.7, horizon=10.0)
    assert "add-clip" not in asked(signs_of(FLAT, targets(), samples=[shrinking])), "under Adam, without any growth"


def test_a_short_memory_is_asked_about_by_its_cell() -> None:
    short = replay(np.linspace(-6, 0, 30).tolist(), growth=0.6, horizon=9.0)
    assert asked(signs_of(FLAT, targets(), samples=[short]))["chrono"].args["chrono"] == 30.0
    plain = dataclasses.replace(short, cell="rnn_tanh")
    listed = asked(signs_of(FLAT, targets(), samples=[plain]))
    assert "orthogonal" in listed and "chrono" not in listed
    long = dataclasses.replace(short, horizon=29.0)
    assert not {"chrono", "orthogonal"} & set(asked(signs_of(FLAT, targets(), samples=[long])))


def test_rare_classes_are_weighted_by_their_rarity() -> None:
    truth = np.array([0] * 29 + [1] * 3)
    silent = np.tile([2.0, 0.0], (32, 1))
    question = asked(signs_of(FLAT, [(None, truth, silent)] * 30, fn="cross_entropy"))["weight-classes"]
    common, rare = question.args["weights"]
    assert rare == pytest.approx(common * 29 / 3, rel=0.05)
    found = np.eye(2)[truth] * 4
    assert "weight-classes" not in asked(signs_of(FLAT, [(None, truth, found)] * 30, fn="cross_entropy"))


def test_every_question_is_a_fix_that_is_known() -> None:
    signs = signs_of(FLAT, pairs(100.0, 20.0), optimizer="SGD", decay=0.1, more=[ClipSeen(0, "clip_grad_norm_", 1.0, -1)])
    for question in asked(signs).values():
        assert question.fix in {*all_fixes(), *PROBES}
        assert question.title


def proven(cause: str, signs: Signs) -> Diagnosis:
    finding = Finding(cause, "error", 0.97, "x", (Evidence("x", 1),), proof="structure")
    return dataclasses.replace(examine(signs), findings=(finding,))


def test_a_run_that_has_learned_is_left_alone() -> None:
    done = 0.02 + 0.98 * np.exp(-np.arange(120) / 8)
    assert not worth_asking(examine(signs_of(done, targets())))
    assert worth_asking(examine(signs_of(FLAT, targets())))


def test_good_in_training_and_poor_on_held_back_data_is_worth_asking_about() -> None:
    done = 0.02 + 0.98 * np.exp(-np.arange(120) / 8)
    assert worth_asking(examine(signs_of(done, targets(), held=[(110, 0.9)])))


@pytest.mark.parametrize("cause", sorted(PROVEN))
def test_what_is_proven_by_structure_needs_no_arm(cause: str) -> None:
    signs = signs_of(FLAT, targets())
    assert not worth_asking(proven(cause, signs))


def test_of_gaps_only_the_rest_of_the_samples_is_asked_about() -> None:
    found = proven("nan-in-data", signs_of(FLAT, targets()))
    assert worth_asking(found)
    assert [(q.name, q.fix) for q in questions(found)] == [("leave-out-gaps", "impute")]


def test_a_net_that_knows_by_heart_is_asked_about_with_fewer_units() -> None:
    call = RecurrentCall(0, "lstm", "LSTM", (16, 20, 1), True, False, 1, False, 64)
    asked_of = asked(signs_of(np.linspace(1.0, 0.3, 120), targets(), held=[(110, 0.95)], more=[call]))
    assert asked_of["narrow"].args == {"factor": 0.25}


def test_a_proof_that_leaves_room_is_followed_up() -> None:
    assert worth_asking(proven("frozen-params", signs_of(FLAT, targets())))


def test_nothing_is_asked_of_nothing() -> None:
    assert not worth_asking(examine(signs_of([])))
