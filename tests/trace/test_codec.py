from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossdoctor.trace.codec import decode, encode
from lossdoctor.trace.events import EVENTS


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    size: float = 0.0
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    kind: ClassVar[str] = "sample"
    thin: ClassVar[bool] = True
    step: int
    loss: float
    name: str = "n"
    flag: bool = False
    rate: float | None = None
    value: float | int | str | bool | None = None
    norms: tuple[float, ...] = ()
    pair: tuple[str, int] = ("a", 1)
    gates: dict[str, tuple[float, ...]] = field(default_factory=dict)
    counts: dict[int, float] = field(default_factory=dict)
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    words: list[str] = field(default_factory=list)
    way: Literal["up", "down"] = "up"


KINDS = {"sample": Sample}

floats = st.floats(allow_nan=True, allow_infinity=True)
texts = st.text()
inners = st.builds(Inner, texts, floats, st.lists(st.integers()).map(tuple))
samples = st.builds(
    Sample,
    step=st.integers(),
    loss=floats,
    name=texts,
    flag=st.booleans(),
    rate=st.none() | floats,
    value=st.none() | floats | st.integers() | texts | st.booleans(),
    norms=st.lists(floats, max_size=4).map(tuple),
    pair=st.tuples(texts, st.integers()),
    gates=st.dictionaries(texts, st.lists(floats, max_size=3).map(tuple), max_size=3),
    counts=st.dictionaries(st.integers(), floats, max_size=3),
    inner=st.none() | inners,
    inners=st.lists(inners, max_size=3).map(tuple),
    words=st.lists(texts, max_size=3),
    way=st.sampled_from(["up", "down"]),
)


def same(one: Any, other: Any) -> bool:
    """Equal, of equal type, and NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


@given(samples)
def test_what_is_encoded_is_decoded(sample: Sample) -> None:
    line = encode(sample)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert same(decode(line, KINDS), sample)


@given(samples)
def test_a_line_is_strict_json(sample: Sample) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    assert next(iter(json.loads(encode(sample), parse_constant=refuse))) == "kind"


@given(samples, st.data())
def test_no_beginning_of_a_line_is_an_event(sample: Sample, data: st.DataObject) -> None:
    line = encode(sample)
    cut = data.draw(st.integers(0, len(line) - 2))
    assert decode(line[:cut], KINDS) is None


@given(st.binary() | st.text())
def test_garbage_is_no_event(garbage: bytes | str) -> None:
    decode(garbage)
    decode(garbage, KINDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Sample)]), json_values))
def test_facts_of_the_wrong_type_never_raise_and_never_come_through(facts: dict[str, Any]) -> None:
    event = decode(json.dumps({"kind": "sample", **facts}), KINDS)
    if event is not None:
        assert isinstance(event.step, int) and isinstance(event.loss, float) and isinstance(event.name, str)
        assert all(isinstance(norm, float) for norm in event.norms)
        assert event.inner is None or isinstance(event.inner, Inner)


@pytest.mark.parametrize("line", [b"[" * 100_000, b"9" * 10_000, b'{"kind": ["sample"]}', b"null", b""])
def test_hostile_lines_are_no_events(line: bytes) -> None:
    assert decode(line, KINDS) is None


def test_what_a_newer_version_added_is_skipped() -> None:
    assert decode(b'{"kind":"sample","step":3,"loss":1.5,"new":[1]}', KINDS) == Sample(3, 1.5)
    assert decode(b'{"kind":"other","step":3}', KINDS) is None


def test_a_missing_field_takes_its_default_or_there_is_no_event() -> None:
    assert decode(b'{"kind":"sample","step":3,"loss":2}', KINDS) == Sample(3, 2.0)
    assert decode(b'{"kind":"sample","step":3}', KINDS) is None


def test_a_field_of_the_wrong_type_takes_its_default_or_there_is_no_event() -> None:
    assert decode(b'{"kind":"sample","step":3,"loss":2,"norms":["x"]}', KINDS) == Sample(3, 2.0)
    assert decode(b'{"kind":"sample","step":"x","loss":2}', KINDS) is None


def test_numbers_of_numpy_are_numbers() -> None:
    sample = Sample(
        step=np.int64(3),  # type: ignore[arg-type]
        loss=np.float32(0.5),  # type: ignore[arg-type]
        rate=np.float64("nan"),
        flag=np.bool_(True),  # type: ignore[arg-type]
        norms=np.array([1.0, np.inf]),  # type: ignore[arg-type]
        value=np.float32("-inf"),  # type: ignore[arg-type]
    )
    back = decode(encode(sample), KINDS)
    assert same(back, Sample(3, 0.5, rate=math.nan, flag=True, norms=(1.0, math.inf), value=-math.inf))


def test_a_value_that_is_no_fact_becomes_text() -> None:
    assert decode(encode(Sample(1, 2.0, value=1j)), KINDS).value == "1j"  # type: ignore[arg-type, union-attr]


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_every_event_of_the_schema_comes_back(kind: str) -> None:
    cls = EVENTS[kind]

    @given(st.from_type(cls))
    def check(event: Any) -> None:
        assert same(decode(encode(event)), event)

    check()
