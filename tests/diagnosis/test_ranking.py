"""The order of findings: roots first, and the same whatever order they come in."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.causes import all_causes
from lossdoctor.diagnosis.ranking import EXPLAINS, STAGES, SYMPTOMS, rank
from lossdoctor.words import SEVERITIES, Evidence, Finding
from lossdoctor.words.finding import Severity

CAUSES = sorted(all_causes())


def finding(cause: str, confidence: float = 0.9, severity: Severity = "error", training: int = 0) -> Finding:
    return Finding(cause, severity, confidence, cause, (Evidence("x", 1.0),), training=training, proof="structure")


findings = st.lists(
    st.builds(
        finding, st.sampled_from(CAUSES), st.floats(0, 1).map(lambda v: round(v, 2)), st.sampled_from(SEVERITIES),
        st.integers(0, 1),
    ),
    max_size=8, unique_by=lambda f: (f.cause, f.training),
)  # fmt: skip


@given(findings, st.randoms())
@settings(max_examples=100, deadline=None)
def test_shuffling_changes_nothing(given_: list[Finding], chance: random.Random) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)
    assert rank(given_) == rank(shuffled)


@given(findings)
@settings(max_examples=100, deadline=None)
def test_what_holds_of_every_ranking(given_: list[Finding]) -> None:
    ranked = rank(given_)
    assert sorted((f.cause, f.training) for f in ranked) == sorted((f.cause, f.training) for f in given_), "none is lost"
    assert len({f.id for f in ranked}) == len(ranked)
    explained = [f.explained_by is not None for f in ranked]
    assert explained == sorted(explained), "consequences come last"
    by_id = {f.id: f for f in ranked}
    for f in ranked:
        if f.explained_by is not None:
            root = by_id[f.explained_by]
            assert root.cause != f.cause and root.training == f.training
            assert root.severity == "error", "a mere suspicion explains nothing"
            assert f.cause in EXPLAINS.get(root.cause, frozenset()) | SYMPTOMS
    free = [SEVERITIES.index(f.severity) for f in ranked if f.explained_by is None]
    assert free == sorted(free), "errors come before warnings"


def test_a_root_comes_before_what_it_explains() -> None:
    ranked = rank([finding("nan-loss", 0.95), finding("lr-too-high", 0.86)])
    first, second = ranked
    assert (first.cause, first.explained_by, second.explained_by) == ("nan-loss", None, "nan-loss")
    first, second = rank([finding("nan-loss", 0.6), finding("lr-too-high", 0.95)])
    assert (first.cause, second.cause, second.explained_by) == ("lr-too-high", "nan-loss", "lr-too-high")
    data, loss = rank([finding("nan-loss", 0.99), finding("nan-in-data", 0.9)])
    assert (data.cause, loss.cause, loss.explained_by) == ("nan-in-data", "nan-loss", "nan-in-data")


def test_an_unlikely_root_does_not_come_before_what_is_proven() -> None:
    first, second = rank([finding("missing-zero-grad", 0.98), finding("loss-shape-broadcast", 0.4)])
    assert first.cause == "missing-zero-grad"
    first, second = rank([finding("missing-zero-grad", 0.4), finding("loss-shape-broadcast", 0.97)])
    assert (first.cause, second.cause) == ("loss-shape-broadcast", "missing-zero-grad")


def test_a_warning_explains_no_error() -> None:
    ranked = rank([finding("nan-in-data", 0.9, "warning"), finding("nan-loss", 0.9)])
    assert [f.cause for f in ranked] == ["nan-loss", "nan-in-data"]
    assert all(f.explained_by is None for f in ranked)


def test_what_went_wrong_in_one_training_explains_nothing_in_another() -> None:
    ranked = rank([finding("nan-in-data", 0.97, training=0), finding("nan-loss", 0.9, training=1)])
    assert all(f.explained_by is None for f in ranked)
    assert {f.id for f in ranked} == {"nan-in-data", "nan-loss-1"}


def test_stages_and_explanations_name_causes_once_and_in_order() -> None:
    named = [cause for stage in STAGES for cause in stage]
    assert len(named) == len(set(named))
    for root, consequences in EXPLAINS.items():
        assert root not in consequences


@pytest.mark.parametrize("root", sorted(EXPLAINS))
def test_no_two_causes_explain_each_other_at_once(root: str) -> None:
    """Some pairs may go either way; in one report one of the two is the root, and it alone."""
    for other in EXPLAINS[root] & set(EXPLAINS):
        ranked = rank([finding(root), finding(other)])
        assert sum(f.explained_by is not None for f in ranked) <= 1
        assert ranked[0].explained_by is None
