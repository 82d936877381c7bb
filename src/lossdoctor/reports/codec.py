"""Dataclasses to JSON and back, by their type hints alone.

JSON has no NaN and no infinity. A gap in a curve or a matrix is null anyway; every other number that is
not finite becomes null and is named, with what it was, in a list of its own, so that reading gives back
what was written.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from lossdoctor.words import HeatPanel, LinePanel, Report, TablePanel

__all__ = ["PANEL_KINDS", "Json", "Misfit", "NotFinite", "decode", "encode", "field_names", "hints_of"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
NotFinite: TypeAlias = "list[tuple[str, str]]"

RENAMED: Mapping[type, Mapping[str, str]] = {Report: {"version": "lossdoctor"}}
"""Field to key, where the published key is another word."""

PANEL_KINDS: Mapping[str, type] = {"line": LinePanel, "heat": HeatPanel, "table": TablePanel}
"""The tag `kind` tells the members of the union apart."""

_FINITE = {"NaN": math.nan, "inf": math.inf, "-inf": -math.inf}


class Misfit(Exception):
    """JSON that does not fit the type: `where` is a path such as `findings[0].severity`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where or 'the file'} {why}")
        self.where = where


def hints_of(kind: type) -> dict[str, Any]:
    """The resolved type hints of a dataclass, by field."""
    return get_type_hints(kind)


def field_names(kind: type) -> dict[str, str]:
    """Field name to JSON key, in the dataclass's order."""
    renamed = RENAMED.get(kind, {})
    return {field.name: renamed.get(field.name, field.name) for field in dataclasses.fields(kind)}


def encode(value: object, not_finite: NotFinite, at: str = "") -> Json:
    """`value` as JSON. Appends (JSON pointer, what it was) to `not_finite` for each number that had to
    become null. Raises `TypeError` for what no report may hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        if math.isfinite(number):
            return number
        not_finite.append((at, "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"))
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value, not_finite, at)
    if isinstance(value, Mapping):
        return {_key(k): encode(v, not_finite, f"{at}/{_pointer(_key(k))}") for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item, not_finite, f"{at}/{k}") for k, item in enumerate(value)]
    item = getattr(value, "item", None)
    if callable(item):  # a scalar of an array library that is no registered number, numpy.bool_ above all
        return encode(item(), not_finite, at)
    raise TypeError(f"{at}: cannot write a {type(value).__name__} into a report")


def _encode_fields(value: Any, not_finite: NotFinite, at: str) -> Json:
    out: dict[str, Json] = {}
    for kind, panel in PANEL_KINDS.items():
        if isinstance(value, panel):
            out["kind"] = kind
    for name, key in field_names(type(value)).items():
        found = getattr(value, name)
        where = f"{at}/{key}"
        # In these three a gap is written as None by their own definition.
        gaps: NotFinite = [] if name in ("curve", "y", "values") else not_finite
        out[key] = encode(found, gaps, where)
    return out


def _key(key: object) -> str:
    return _text(str(key))


def _text(text: str) -> str:
    """A file name that is no UTF-8 carries lone surrogates, which JSON readers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def restore(value: Json, not_finite: object) -> None:
    """Puts the numbers that were null back in place, as `encode` listed them; ignores what it cannot."""
    if not isinstance(not_finite, list):
        return
    for entry in not_finite:
        if not isinstance(entry, dict) or entry.get("was") not in _FINITE:
            continue
        *path, last = [p.replace("~1", "/").replace("~0", "~") for p in str(entry.get("at")).split("/")[1:]]
        here: Any = value
        try:
            for part in path:
                here = here[int(part)] if isinstance(here, list) else here[part]
            here[int(last) if isinstance(here, list) else last] = _FINITE[str(entry["was"])]
        except (LookupError, TypeError, ValueError):
            continue


def decode(kind: Any, value: Any, where: str = "") -> Any:
    """`value`, as JSON gave it, as the type `kind`. Keys that are not known are passed over, for a report
    may grow. Raises `Misfit` where a required key is missing or a value is of another type."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_fields(kind, value, where)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        if value not in args:
            raise Misfit(where, f"is {value!r}, and not one of {', '.join(map(str, args))}")
        return value
    if origin in (Union, types.UnionType):
        return _decode_union(args, value, where)
    if origin is tuple:
        items = _expect(value, list, where)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(decode(args[0], item, f"{where}[{k}]") for k, item in enumerate(items))
        if len(items) != len(args):
            raise Misfit(where, f"has {len(items)} entries, and not {len(args)}")
        return tuple(decode(part, item, f"{where}[{k}]") for k, (part, item) in enumerate(zip(args, items, strict=True)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        table = _expect(value, dict, where)
        return {_decode_key(args[0], k, where): decode(args[1], v, f"{where}.{k}") for k, v in table.items()}
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Misfit(where, f"is {value!r}, and not a number")
        return float(value)
    if kind is type(None):
        return _expect(value, type(None), where)
    if kind is int and isinstance(value, bool):
        raise Misfit(where, f"is {value!r}, and not a number")
    return _expect(value, kind, where)


def _decode_fields(kind: type, value: Any, where: str) -> Any:
    table = _expect(value, dict, where)
    hints = hints_of(kind)
    found: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        key = field_names(kind)[field.name]
        at = f"{where}.{key}" if where else key
        if key in table:
            found[field.name] = decode(hints[field.name], table[key], at)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise Misfit(at, "is missing")
    return kind(**found)


def _decode_union(args: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in args:
        return None
    tagged = [arg for arg in args if arg in PANEL_KINDS.values()]
    if tagged:
        table = _expect(value, dict, where)
        kind = PANEL_KINDS.get(str(table.get("kind")))
        if kind is None:
            raise Misfit(f"{where}.kind", f"is {table.get('kind')!r}, and not one of {', '.join(PANEL_KINDS)}")
        return decode(kind, value, where)
    rest = [arg for arg in args if arg is not type(None)]
    for arg in rest:
        if type(value) is arg:
            return value
    misfit: Misfit | None = None
    for arg in rest:
        try:
            return decode(arg, value, where)
        except Misfit as why:
            misfit = why
    raise misfit or Misfit(where, "fits no type")


def _decode_key(kind: Any, key: str, where: str) -> Any:
    if kind is not int:
        return key
    try:
        return int(key)
    except ValueError:
        raise Misfit(where, f"has the key {key!r}, and not a number") from None


_NAMES: Mapping[type, str] = {
    list: "a list",
    dict: "an object",
    str: "text",
    int: "a whole number",
    bool: "true or false",
    type(None): "null",
}


def _expect(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        raise Misfit(where, f"is {type(value).__name__}, and not {_NAMES.get(kind, kind.__name__)}")
    return value
