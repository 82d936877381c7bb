"""The published JSON Schema of report.json and panels.json, written from the dataclasses.

Objects stay open (`additionalProperties` is not forbidden): a report may grow and never shrinks. What
lossdoctor itself always writes is required, so that a reader may rely on it.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from lossdoctor.words import SCHEMA_VERSION, CausePage, CureReport, Panel, Report

from .codec import PANEL_KINDS, Json, field_names, hints_of
from .json import APART

__all__ = ["panels_schema", "report_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SHARES = {"confidence"}
"""Fields that are probabilities."""


def report_schema() -> dict[str, Json]:
    """The schema of report.json."""
    defs: dict[str, Json] = {}
    body = _object(Report, defs, leave_out=APART)
    properties = body["properties"]
    assert isinstance(properties, dict)
    properties["schema"] = {"const": SCHEMA_VERSION}
    properties["not_finite"] = {
        "type": "array",
        "description": "Each number that is null because it was not finite: a JSON pointer, and what it was.",
        "items": {
            "type": "object",
            "required": ["at", "was"],
            "properties": {
                "at": {"type": "string"},
                "was": {"enum": ["NaN", "inf", "-inf"]},
                "why": {"type": "string"},
            },
        },
    }
    required = body["required"]
    assert isinstance(required, list)
    required.append("not_finite")
    return _document("lossdoctor report.json", body, defs)


def panels_schema() -> dict[str, Json]:
    """The schema of panels.json."""
    defs: dict[str, Json] = {}
    body: dict[str, Json] = {
        "type": "object",
        "required": ["schema", "panels", "pages"],
        "properties": {
            "schema": {"const": SCHEMA_VERSION},
            "panels": {"type": "array", "items": _schema(Panel, defs)},
            "pages": {"type": "object", "additionalProperties": _schema(CausePage, defs)},
            "cure": _schema(CureReport | None, defs),
        },
    }
    return _document("lossdoctor panels.json", body, defs)


def _document(title: str, body: dict[str, Json], defs: dict[str, Json]) -> dict[str, Json]:
    return {"$schema": DIALECT, "title": title, **body, "$defs": dict(sorted(defs.items()))}


def _object(kind: type, defs: dict[str, Json], leave_out: tuple[str, ...] = ()) -> dict[str, Json]:
    hints = hints_of(kind)
    properties: dict[str, Json] = {}
    for panel_kind, panel in PANEL_KINDS.items():
        if panel is kind:
            properties["kind"] = {"const": panel_kind}
    for name, key in field_names(kind).items():
        if name not in leave_out:
            properties[key] = _schema(hints[name], defs)
            if name in _SHARES:
                properties[key] = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "type": "object",
        "description": _first_paragraph(kind),
        "required": list(properties),
        "properties": properties,
    }


def _schema(kind: Any, defs: dict[str, Json]) -> dict[str, Json]:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in defs:
            defs[kind.__name__] = None  # keeps a recursive type from going round
            defs[kind.__name__] = _object(kind, defs)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (Union, types.UnionType):
        return _union(args, defs)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return {"type": "array", "items": _schema(args[0], defs)}
        return {
            "type": "array",
            "prefixItems": [_schema(arg, defs) for arg in args],
            "minItems": len(args),
            "maxItems": len(args),
        }
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], defs)}
    if kind is float:
        # Any required number may have been non-finite, and is null then (see not_finite).
        return {"type": ["number", "null"]}
    return {"type": _PLAIN[kind]}


_PLAIN: Mapping[Any, str] = {str: "string", int: "integer", bool: "boolean", type(None): "null"}


def _union(args: tuple[Any, ...], defs: dict[str, Json]) -> dict[str, Json]:
    parts = [_schema(arg, defs) for arg in args]
    names: list[Json] = []
    for part in parts:
        if set(part) != {"type"}:
            return {"anyOf": list(parts)}
        named = part["type"]
        names.extend(n for n in (named if isinstance(named, list) else [named]) if n not in names)
    if "number" in names and "integer" in names:
        names.remove("integer")
    return {"type": names}


def _first_paragraph(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())
