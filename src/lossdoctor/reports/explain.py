"""A cause in words: for `lossdoctor explain ID`, and the list of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lossdoctor.words import FAMILIES, CausePage

from .plain import visible
from .sheet import Column, Sheet

__all__ = ["explain_markdown", "explain_terminal", "list_markdown", "list_terminal"]

FAMILY_TITLES = {
    "wiring": "Wiring: the loss never reaches the weights",
    "steps": "Steps: the weights move wrongly",
    "through_time": "Through time and depth",
    "head": "Head and loss",
    "data": "Data",
    "numerics": "Numerics",
}

_BULLET = re.compile(r"^(\s*)(?:[-*]|\d+\.)\s+")
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)")


def explain_markdown(page: CausePage) -> str:
    """The page as Markdown: a title, a line of facts, one section a heading."""
    out = [f"# {page.title}", f"`{page.id}`, {FAMILY_TITLES.get(page.family, page.family)}{_stage(page)}"]
    for heading, text in page.sections:
        out += [f"## {heading}", text.strip()]
    out += [f"{name}: {', '.join(f'`{item}`' for item in items)}" for name, items in _facts(page)]
    return "\n\n".join(out) + "\n"


def explain_terminal(page: CausePage, *, width: int = 100, colour: bool = False, ascii: bool = False) -> str:
    """The page as text of at most `width` columns; Markdown's marks become styles."""
    sheet = Sheet(min(width, 100), colour=colour, ascii=ascii)
    sheet.add((page.title, "bold"))
    sheet.add((f"{page.id} · {FAMILY_TITLES.get(page.family, page.family)}{_stage(page)}", "dim"))
    for heading, text in page.sections:
        sheet.blank()
        sheet.add((heading, "bold cyan"))
        _prose(sheet, text)
    sheet.blank()
    for name, items in _facts(page):
        sheet.add((f"{name}: ", "dim"), ", ".join(items), hang=len(name) + 2)
    return sheet.text()


def list_terminal(pages: Iterable[CausePage], *, width: int = 100, colour: bool = False, ascii: bool = False) -> str:
    """Every cause in one line, by family."""
    sheet = Sheet(min(width, 120), colour=colour, ascii=ascii)
    known = list(pages)
    for family in _families(known):
        sheet.blank()
        sheet.add((FAMILY_TITLES.get(family, family), "bold"))
        rows = [(page.id, page.title + _stage(page)) for page in known if page.family == family]
        sheet.table((Column(style="cyan"), Column(bends=True)), rows, indent=2)
    sheet.blank()
    sheet.add(("one of them in full: lossdoctor explain ID", "dim"))
    return sheet.text()


def list_markdown(pages: Iterable[CausePage]) -> str:
    """Every cause as a row of a table, by family."""
    known = list(pages)
    out = []
    for family in _families(known):
        rows = [f"| `{p.id}` | {p.title.replace('|', chr(92) + '|')}{_stage(p)} |" for p in known if p.family == family]
        out.append("\n".join([f"## {FAMILY_TITLES.get(family, family)}", "", "| id | at work |", "| --- | --- |", *rows]))
    return "\n\n".join(out) + "\n"


def _families(pages: list[CausePage]) -> list[str]:
    named = {page.family for page in pages}
    return [f for f in FAMILIES if f in named] + sorted(named - set(FAMILIES))


def _stage(page: CausePage) -> str:
    return " (preview)" if page.stage == "preview" else ""


def _facts(page: CausePage) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, items) for name, items in (("fixes", page.fixes), ("needs", page.needs)) if items]


def _prose(sheet: Sheet, text: str) -> None:
    """Paragraphs, bullets and fenced or indented code of a section."""
    paragraph: list[str] = []
    fenced = False

    def flush() -> None:
        if paragraph:
            lead = _BULLET.match(paragraph[0])
            if lead:
                mark = paragraph[0][: lead.end()].strip()
                body = " ".join([paragraph[0][lead.end() :], *paragraph[1:]])
                sheet.add(f"{'-' if mark == '*' else mark} ", *_styled(body), indent=2, hang=len(mark) + 1)
            else:
                sheet.add(*_styled(" ".join(paragraph)), indent=2)
            paragraph.clear()

    for line in visible(text).strip("\n").splitlines():
        if line.strip().startswith("```"):
            flush()
            fenced = not fenced
        elif fenced or (line.startswith("    ") and not paragraph and line.strip()):
            sheet.code("", line.strip("\n"), "green", indent=4 if fenced else 0)
        elif not line.strip():
            flush()
        else:
            if _BULLET.match(line):
                flush()
            paragraph.append(line if _BULLET.match(line) else line.strip())
    flush()


def _styled(text: str) -> list[str | tuple[str, str]]:
    out: list[str | tuple[str, str]] = []
    at = 0
    for found in _INLINE.finditer(text):
        out.append(text[at : found.start()])
        code, strong, label, link = found.groups()
        if code:
            out.append((code, "cyan"))
        elif strong:
            out.append((strong, "bold"))
        else:
            out += [label, (f" ({link})", "dim")]
        at = found.end()
    return [*out, text[at:]]
