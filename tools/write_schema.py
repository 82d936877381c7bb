"""Writes schema/*.json from the dataclasses; `--check` only says whether they are up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lossdoctor.reports.schema import panels_schema, report_schema
from lossdoctor.words import SCHEMA_VERSION

FOLDER = Path(__file__).resolve().parent.parent / "schema"


def main(argv: list[str]) -> int:
    """0 when all is written or up to date, 1 when `--check` finds a file that differs."""
    stale = 0
    for name, schema in (("report", report_schema()), ("panels", panels_schema())):
        file = FOLDER / f"{name}-{SCHEMA_VERSION}.json"
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        if "--check" in argv:
            print(f"{file.name} is not up to date: python tools/write_schema.py", file=sys.stderr)
            stale = 1
        else:
            FOLDER.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"wrote {file.name}")
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
