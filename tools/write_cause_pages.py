"""Writes docs/causes/ and the README's table from the docstrings of the cause files; `--check` only compares."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_type_hints

from lossdoctor.causes import Cause, all_causes, page
from lossdoctor.causes.what_if import severity
from lossdoctor.reports.explain import FAMILY_TITLES
from lossdoctor.words import FAMILIES, SEVERITIES, CausePage, Finding

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- causes:begin -->", "<!-- causes:end -->"
MARK = "<!-- Written by tools/write_cause_pages.py from the docstrings of src/lossdoctor/causes/{path}: edit them there. -->"
WRITTEN = MARK.partition("/{")[0]

PROOFS = {
    "structure": "structure (a fact of the graph, the optimizer or the data)",
    "bound": "exact bound (what cannot be reached, whatever happens)",
    "intervention": "intervention (the same steps again with one thing changed)",
    "statistics": "statistics (numbers alone)",
}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a cause's findings may rest on and how severe they may be, strongest first."""

    proofs: tuple[str, ...]
    severities: tuple[str, ...]


def verdicts(cause: Cause) -> Verdicts:
    """Read off the `finding(...)` calls in the cause's file: `proof` and `severity`, with their defaults.

    An argument that is computed counts with every word of the vocabulary that stands in its expression; a call
    of `severity(...)` with every word that stands in that function.
    """
    known = get_args(get_type_hints(Finding)["proof"])
    proofs: set[str] = set()
    severities: set[str] = set()
    for call in _calls(ast.parse(inspect.getsource(inspect.getmodule(cause.judge) or cause.judge)), "finding"):
        given = {k.arg: k.value for k in call.keywords if k.arg}
        proofs |= _named(given["proof"], known) if "proof" in given else {"structure"}
        if "severity" not in given:
            severities.add("error")
        elif any(True for _ in _calls(given["severity"], "severity")):
            severities |= _named(ast.parse(inspect.getsource(severity)), SEVERITIES)
        else:
            severities |= _named(given["severity"], SEVERITIES)
    return Verdicts(tuple(p for p in PROOFS if p in proofs), tuple(s for s in SEVERITIES if s in severities))


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]


def _named(expression: ast.AST, words: tuple[str, ...]) -> set[str]:
    return {n.value for n in ast.walk(expression) if isinstance(n, ast.Constant) and n.value in words}


def cause_page(cause: Cause, known: frozenset[str]) -> str:
    """One cause as Markdown: its facts, then its sections; ids of other causes become links."""
    shown, judged = page(cause), verdicts(cause)
    module = inspect.getmodule(cause.judge)
    path = (module.__name__ if module else "").partition(".causes.")[2].replace(".", "/") + ".py"
    facts = [
        ("Id", f"`{shown.id}`" + (" (preview: never an error yet)" if shown.stage == "preview" else "")),
        ("Family", FAMILY_TITLES.get(shown.family, shown.family)),
        ("Proof", "; ".join(PROOFS[p] for p in judged.proofs) or "none yet"),
        ("Severity", ", ".join(judged.severities) or "none yet"),
        ("Fixes", ", ".join(f"`{fix}`" for fix in shown.fixes) or "none"),
        ("Needs", ", ".join(shown.needs)),
    ]
    out = [MARK.format(path=path), f"# {shown.title}", "\n".join(f"- {name}: {text}" for name, text in facts)]
    for heading, text in shown.sections:
        out += [f"## {heading}", linked(text, known - {shown.id})]
    return "\n\n".join(out) + "\n"


def linked(text: str, known: frozenset[str], folder: str = "") -> str:
    """Ids of causes in backquotes as links to their pages; code blocks stay as they are."""

    def link(found: re.Match[str]) -> str:
        return f"[{found[0]}]({folder}{found[1]}.md)" if found[1] in known else found[0]

    lines = text.splitlines()
    return "\n".join(line if line.startswith("    ") else re.sub(r"`([a-z0-9-]+)`", link, line) for line in lines)


def table(pages: list[CausePage], folder: str = "") -> str:
    """One row a cause: its id as a link, and what is wrong."""
    rows = [f"| [`{p.id}`]({folder}{p.id}.md) | {_cell(p.title)}{_stage(p)} |" for p in pages]
    return "\n".join(["| Cause | What is wrong |", "| --- | --- |", *rows])


def _stage(shown: CausePage) -> str:
    return " (preview)" if shown.stage == "preview" else ""


def _cell(text: str) -> str:
    return text.replace("|", chr(92) + "|")


def index(causes: list[Cause]) -> str:
    """All causes, a table by family."""
    out = [
        WRITTEN + ": edit them there. -->",
        "# Causes",
        f"The {len(causes)} causes that lossdoctor can name. Each answers *finding*, *healthy (why)* or *not judged (what "
        "is missing)*; `lossdoctor explain ID` shows these pages in the terminal.",
    ]
    for family in FAMILIES:
        mine = [c for c in causes if c.family == family]
        if mine:
            rows = []
            for cause in mine:
                shown, judged = page(cause), verdicts(cause)
                fixes = ", ".join(f"`{fix}`" for fix in shown.fixes)
                name = f"[`{shown.id}`]({shown.id}.md){_stage(shown)}"
                rows.append(f"| {name} | {_cell(shown.title)} | {', '.join(judged.proofs)} | {fixes} |")
            out.append(f"## {FAMILY_TITLES.get(family, family)}")
            out.append("\n".join(["| Cause | What is wrong | Proof | Fixes |", "| --- | --- | --- | --- |", *rows]))
    return "\n\n".join(out) + "\n"


def readme_table(causes: list[Cause]) -> str:
    out = []
    for family in FAMILIES:
        pages = [page(c) for c in causes if c.family == family]
        if pages:
            out += [f"**{FAMILY_TITLES.get(family, family)}**", table(pages, "docs/causes/")]
    return "\n\n".join(out)


def between_marks(text: str, new: str) -> str:
    """`text` with what stands between the two marks replaced; unchanged where they are not both there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{new}\n\n{END}{tail}" if begin and end else text


def wanted(root: Path) -> dict[Path, str]:
    """Every file that is written, with its text."""
    causes = list(all_causes().values())
    known = frozenset(c.id for c in causes)
    folder = root / "docs" / "causes"
    files = {folder / f"{cause.id}.md": cause_page(cause, known) for cause in causes}
    files[folder / "index.md"] = index(causes)
    readme = root / "README.md"
    if readme.is_file():
        files[readme] = between_marks(readme.read_text(encoding="utf-8"), readme_table(causes))
    return files


def orphans(root: Path, files: dict[Path, str]) -> list[Path]:
    """Pages that were written for a cause that is no more."""
    pages = sorted((root / "docs" / "causes").glob("*.md"))
    return [p for p in pages if p not in files and p.read_text(encoding="utf-8").startswith(WRITTEN)]


def main(argv: list[str], root: Path = ROOT) -> int:
    """0 when all is written or up to date, 1 when `--check` finds a file that differs."""
    files = wanted(root)
    changed = [p for p, text in files.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    gone = orphans(root, files)
    if "--check" in argv:
        for path in [*changed, *gone]:
            print(f"{path.relative_to(root)} is not up to date: python tools/write_cause_pages.py", file=sys.stderr)
        return 1 if changed or gone else 0
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path.relative_to(root)}")
    for path in gone:
        path.unlink()
        print(f"removed {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
