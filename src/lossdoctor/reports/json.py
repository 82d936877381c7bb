"""report.json: the published contract, written and read back.

Pictures and the pages of the causes go to a second file, `panels.json`: whoever reads report.json with a
program, or pastes it to an assistant, wants the findings and not ten thousand points.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from lossdoctor.words import SCHEMA_VERSION, CausePage, CureReport, Panel, Report, UserError

from .codec import Json, Misfit, NotFinite, decode, encode, restore

__all__ = [
    "CONTRACT_ORDER",
    "PANELS_FILE",
    "REPORT_FILE",
    "JsonReporter",
    "panels_json",
    "read_report",
    "report_json",
]

REPORT_FILE = "report.json"
PANELS_FILE = "panels.json"

APART = ("panels", "pages", "cure")
"""Fields of a report that are kept in panels.json."""

CONTRACT_ORDER = (
    "schema",
    "lossdoctor",
    "script",
    "framework",
    "versions",
    "seed",
    "verdict",
    "answer",
    "skill",
    "skill_held_back",
    "steps",
    "seconds",
    "overhead",
    "findings",
    "healthy",
    "not_judged",
    "notes",
)
"""Keys in the order that people read; the rest follow in the order of the dataclass."""

_FINDING_ORDER = (
    "id",
    "cause",
    "severity",
    "confidence",
    "explained_by",
    "summary",
    "evidence",
    "where",
    "since_step",
    "certain_step",
    "fixes",
)


class JsonReporter:
    """Renders report.json."""

    name = "json"
    suffix = ".json"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return report_json(report)


def report_json(report: Report) -> str:
    """The text of report.json. `not_finite` lists each number that is null because JSON cannot say it:
    `{"at": JSON pointer, "was": "NaN" | "inf" | "-inf", "why": ...}`. Raises `TypeError` if the report
    holds what is no number, text or dataclass of ours."""
    lost: NotFinite = []
    body = encode(replace(report, panels=(), pages={}, cure=None), lost)
    assert isinstance(body, dict)
    for name in APART:
        del body[name]
    found = body["findings"]
    assert isinstance(found, list)
    body["findings"] = [_ordered(f, _FINDING_ORDER) for f in found if isinstance(f, dict)]
    body["not_finite"] = [
        {"at": at, "was": was, "why": "not a number that JSON can hold, so it is null there"} for at, was in lost
    ]
    return _text(_ordered(body, CONTRACT_ORDER))


def panels_json(report: Report) -> str:
    """The text of panels.json: what the page shows beyond report.json."""
    lost: NotFinite = []
    body: dict[str, Json] = {"schema": report.schema}
    body["panels"] = [encode(panel, lost, f"/panels/{k}") for k, panel in enumerate(report.panels)]
    body["pages"] = encode(dict(report.pages), lost, "/pages")
    body["cure"] = encode(report.cure, lost, "/cure")
    body["not_finite"] = [{"at": at, "was": was} for at, was in lost]
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def read_report(path: Path | str) -> Report:
    """The report that lies in a folder, or in a file report.json; with its pictures, where panels.json
    lies beside it. Raises `UserError` where there is none, or it is damaged, or newer than we are."""
    path = Path(path)
    file = path / REPORT_FILE if path.is_dir() else path
    body = _load(file)
    schema = body.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise UserError(f'cannot read {file}: it has no number under "schema", so it is no lossdoctor report.')
    if schema > SCHEMA_VERSION:
        by = body.get("lossdoctor")
        raise UserError(
            f"cannot read {file}: it was written by a newer lossdoctor"
            f"{f' ({by})' if isinstance(by, str) and by else ''}, schema {schema}; this one knows "
            f"{SCHEMA_VERSION}. Try pip install --upgrade lossdoctor."
        )
    restore(body, body.get("not_finite"))
    try:
        report: Report = decode(Report, {k: v for k, v in body.items() if k not in APART})
    except Misfit as why:
        raise UserError(f"cannot read {file}: {why}.") from None
    return _with_panels(report, file.with_name(PANELS_FILE))


def _with_panels(report: Report, file: Path) -> Report:
    """Pictures are a help, no ground: where they cannot be read, the report says so and stands."""
    if not file.is_file():
        return report
    try:
        body = _load(file)
        restore(body, body.get("not_finite"))
        panels = decode(tuple[Panel, ...], body.get("panels", []), "panels")
        pages = decode(dict[str, CausePage], body.get("pages", {}), "pages")
        cure = decode(CureReport | None, body.get("cure"), "cure")
    except (Misfit, UserError) as why:
        return replace(report, notes=(*report.notes, f"pictures left out: {why}"))
    return replace(report, panels=panels, pages=pages, cure=cure)


def _load(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"cannot read {file}: there is no such file. Try lossdoctor check SCRIPT first.") from None
    except (OSError, UnicodeDecodeError) as why:
        raise UserError(f"cannot read {file}: {why}.") from None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise UserError(f"cannot read {file}: it is damaged or cut off ({why}).") from None
    if not isinstance(body, dict):
        raise UserError(f"cannot read {file}: it holds no lossdoctor report.")
    return body


def _ordered(table: dict[str, Json], first: tuple[str, ...]) -> dict[str, Json]:
    return {key: table[key] for key in (*(k for k in first if k in table), *(k for k in table if k not in first))}


def _text(body: dict[str, Json]) -> str:
    """Indented, but a list of plain numbers stays on one line."""
    return _pretty(body, 0) + "\n"


def _pretty(value: Json, depth: int) -> str:
    inner = "  " * (depth + 1)
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {_pretty(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        rows = [inner + _pretty(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + "  " * depth + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
