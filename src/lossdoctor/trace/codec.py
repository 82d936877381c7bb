"""One event, one line of JSON: written fast, read back by the type hints of its dataclass.

NaN and the infinities are not JSON: they are written as `{"nonfinite": "nan"}` and read back as floats
wherever the hint allows a float. What a newer version added (kinds, fields) is skipped, what an older one
did not know takes the default, and what makes no sense is no event; reading never raises.
"""

from __future__ import annotations

import collections.abc
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from .events import EVENTS

_MARK = "nonfinite"
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

Decoder = Callable[[Any], Any]


class _Misfit(Exception):
    """A value does not fit its type hint."""


# ---------------------------------------------------------------------------------------------- writing


@cache
def _getter(cls: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in fields(cls))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda event: tuple(getattr(event, name) for name in names)


def _facts(value: Any) -> dict[str, Any]:
    cls: Any = type(value)
    names, get = _getter(cls)
    return dict(zip(names, get(value), strict=True))


def _foreign(value: Any) -> Any:
    """What json does not know: nested facts, sets, NumPy's scalars and arrays; anything else as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return _facts(value)
    if isinstance(value, (set, frozenset, collections.abc.Mapping)):
        return dict(value) if isinstance(value, collections.abc.Mapping) else sorted(value, key=str)
    tolist = getattr(value, "tolist", None)
    if tolist is not None and type(value).__module__ == "numpy":
        return tolist()
    return str(value)


_ENCODE = json.JSONEncoder(
    allow_nan=False, check_circular=False, separators=(",", ":"), default=_foreign
).encode


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return {_MARK: "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return _finite(_foreign(value))


def encode(event: Any) -> bytes:
    """The event as one line of ASCII JSON with its newline; `kind` comes first.

    Raises ValueError or RecursionError only for values that contain themselves.
    """
    facts = {"kind": type(event).kind, **_facts(event)}
    try:
        text = _ENCODE(facts)
    except (ValueError, TypeError):  # a number that is not finite, a key that is no string: the slow road
        text = _ENCODE(_finite(facts))
    return text.encode("ascii") + b"\n"


# ---------------------------------------------------------------------------------------------- reading


def _real(value: Any) -> float:
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            raise _Misfit from None
    if isinstance(value, dict) and len(value) == 1:
        name = value.get(_MARK)
        if isinstance(name, str) and name in _NONFINITE:
            return _NONFINITE[name]
    raise _Misfit


def _whole(value: Any) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _Misfit


def _exactly(kind: type) -> Decoder:
    def decode_exactly(value: Any) -> Any:
        if type(value) is not kind:
            raise _Misfit
        return value

    return decode_exactly


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise _Misfit


_SIMPLE: dict[Any, Decoder] = {
    Any: lambda value: value,
    object: lambda value: value,
    float: _real,
    int: _whole,
    str: _exactly(str),
    bool: _exactly(bool),
    type(None): _exactly(type(None)),
    None: _exactly(type(None)),
}


def _either(hints: tuple[Any, ...]) -> Decoder:
    by_type = {hint: _decoder(hint) for hint in hints if hint in (bool, int, float, str, type(None))}
    others = [_decoder(hint) for hint in hints if hint not in by_type]
    decoders = [*others, *by_type.values()]  # a marked float only fits once nothing richer does

    def decode_either(value: Any) -> Any:
        exact = by_type.get(type(value))
        if exact is not None:
            return exact(value)
        for decoder in decoders:
            try:
                return decoder(value)
            except _Misfit:
                continue
        raise _Misfit

    return decode_either


def _each(make: Callable[[Any], Any], item: Decoder) -> Decoder:
    def decode_each(value: Any) -> Any:
        if not isinstance(value, list):
            raise _Misfit
        return make([item(element) for element in value])

    return decode_each


def _row(items: tuple[Decoder, ...]) -> Decoder:
    def decode_row(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(items):
            raise _Misfit
        return tuple(item(element) for item, element in zip(items, value, strict=True))

    return decode_row


def _mapping(key: Any, item: Decoder) -> Decoder:
    whole_keys = key is int

    def decode_mapping(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Misfit
        try:
            return {int(name) if whole_keys else name: item(element) for name, element in value.items()}
        except ValueError:
            raise _Misfit from None

    return decode_mapping


def _nested(cls: type) -> Decoder:
    def decode_nested(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Misfit
        return _build(cls, value)

    return decode_nested


@cache
def _decoder(hint: Any) -> Decoder:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return _nested(hint)
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return _either(args)
    if origin is typing.Literal:
        return _plain
    if origin is tuple and args and args[-1] is not Ellipsis:
        return _row(tuple(_decoder(arg) for arg in args))
    first = _decoder(args[0] if args else Any)
    if origin in (tuple, list, collections.abc.Sequence, collections.abc.Iterable):
        return _each(list if origin is list else tuple, first)
    if origin in (set, frozenset):
        return _each(origin, first)
    if origin in (dict, collections.abc.Mapping):
        return _mapping(args[0] if args else str, _decoder(args[1] if args else Any))
    return _SIMPLE[Any]


@cache
def _plan(cls: type) -> tuple[tuple[str, Decoder, bool], ...]:
    """For each field: its name, its decoder, and whether it must be there."""
    hints = typing.get_type_hints(cls)
    return tuple(
        (field.name, _decoder(hints[field.name]), field.default is field.default_factory is MISSING)
        for field in fields(cls)
        if field.init
    )


def _build(cls: type, facts: dict[str, Any]) -> Any:
    chosen: dict[str, Any] = {}
    for name, decoder, needed in _plan(cls):
        if name not in facts:
            if needed:
                raise _Misfit
            continue
        try:
            chosen[name] = decoder(facts[name])
        except _Misfit:
            if needed:
                raise
    return cls(**chosen)


def parse(line: bytes | str) -> dict[str, Any] | None:
    """The line as a JSON object, or None where it is none."""
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def build(facts: Mapping[str, Any], kinds: Mapping[str, type] | None = None) -> Any | None:
    """The event of a parsed line, or None: an unknown kind, or facts that do not make one."""
    kind = facts.get("kind")
    cls = (EVENTS if kinds is None else kinds).get(kind) if isinstance(kind, str) else None
    if cls is None:
        return None
    try:
        return _build(cls, dict(facts))
    except Exception:  # an event that cannot be made is no event, whatever its class thinks of it
        return None


def decode(line: bytes | str, kinds: Mapping[str, type] | None = None) -> Any | None:
    """The event of one line, or None for an unknown kind or garbage. Never raises.

    `kinds` maps kind to dataclass; without it, the trace's own `EVENTS`.
    """
    facts = parse(line)
    return None if facts is None else build(facts, kinds)
