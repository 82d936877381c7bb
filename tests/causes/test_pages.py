"""The words of the causes: complete, unique, true to their files, and the same wherever they are shown."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

from lossdoctor import causes
from lossdoctor.causes import Cause, all_causes, page
from lossdoctor.fixes import all_fixes
from lossdoctor.reports.explain import explain_markdown, explain_terminal
from lossdoctor.words import FAMILIES, HEADINGS, CausePage

CONTRACT = frozenset((Path(__file__).parent / "contract_ids.txt").read_text().split())
"""Ids by which reports are scored: they are never renamed, and others may be added."""

CAUSES = list(all_causes().values())


def by_id(cause: Cause) -> str:
    return cause.id


def files() -> list[tuple[str, str, Cause]]:
    """(family, module name, cause) of each file that defines one, without the dict that hides doubles."""
    found = []
    for family in FAMILIES:
        package = importlib.import_module(f"{causes.__name__}.{family}")
        for info in pkgutil.iter_modules(package.__path__):
            cause = getattr(importlib.import_module(f"{package.__name__}.{info.name}"), "CAUSE", None)
            if isinstance(cause, Cause):
                found.append((family, info.name, cause))
    return found


def section(shown: CausePage, heading: str) -> str:
    return dict(shown.sections)[heading]


def codes(text: str) -> list[str]:
    """The indented code blocks of a section."""
    blocks = re.findall(r"(?:^ {4}.*\n?|^\n(?= {4}))+", text, flags=re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if block.strip()]


def as_docstring(shown: CausePage) -> str:
    return f"{shown.title}.\n\n" + "\n\n".join(f"## {heading}\n{text}" for heading, text in shown.sections) + "\n"


def test_ids_are_unique_and_are_the_files_names() -> None:
    seen: dict[str, str] = {}
    for family, name, cause in files():
        assert cause.id not in seen, f"{cause.id} stands in {family}/{name}.py and in {seen[cause.id]}"
        seen[cause.id] = f"{family}/{name}.py"
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cause.id), cause.id
        assert name == cause.id.replace("-", "_"), f"{family}/{name}.py holds {cause.id}"
        assert all_causes()[cause.id].family == family
    assert set(seen) == set(all_causes())


@pytest.mark.parametrize("cause", CAUSES, ids=by_id)
def test_every_heading_is_there_in_order_and_says_something(cause: Cause) -> None:
    shown = page(cause)
    assert tuple(heading for heading, _ in shown.sections) == HEADINGS
    for heading, text in shown.sections:
        said = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()
        assert len(said) > 20, f"{cause.id}: nothing is said under {heading!r}"
    assert cause.doc.split("\n", 1)[0].endswith("."), "the first line is one sentence"
    assert 10 < len(shown.title) <= 100


@pytest.mark.parametrize("cause", CAUSES, ids=by_id)
def test_what_to_do_names_the_fixes_and_shows_code_that_is_python(cause: Cause) -> None:
    text = section(page(cause), "What to do")
    for fix in cause.fixes:
        assert f"`{fix}`" in text, f"{cause.id} proposes {fix}, and its words do not mention it"
    blocks = codes(text)
    assert blocks, f"{cause.id}: no code example"
    for block in blocks:
        ast.parse(block)


@pytest.mark.parametrize("cause", CAUSES, ids=by_id)
def test_neighbours_are_causes(cause: Cause) -> None:
    text = section(page(cause), "Not to be confused with")
    bullets = [line for line in text.splitlines() if line.startswith("- `")]
    named = [name for line in bullets for name in re.findall(r"`([^`]+)`", line.partition(":")[0])]
    assert named, f"{cause.id}: no neighbour is named"
    unknown = [n for n in named if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", n) and n not in CONTRACT | set(all_causes())]
    assert not unknown, f"{cause.id}: no such cause: {unknown}"
    assert cause.id not in named


@pytest.mark.parametrize("cause", CAUSES, ids=by_id)
def test_the_fixes_exist(cause: Cause) -> None:
    missing = [fix for fix in cause.fixes if fix not in all_fixes()]
    assert not missing, f"{cause.id} proposes fixes that nobody has written: {', '.join(missing)}"


@pytest.mark.parametrize("cause", CAUSES, ids=by_id)
def test_a_page_goes_round(cause: Cause) -> None:
    shown = page(cause)
    assert page(dataclasses.replace(cause, doc=as_docstring(shown))) == shown
    written = explain_markdown(shown)
    printed = explain_terminal(shown, width=100)
    for heading, text in shown.sections:
        assert f"## {heading}\n\n{text}" in written
        assert heading in printed
        for block in codes(text):
            for line in block.splitlines():
                assert line.strip() in re.sub(r"\s*\n\s*", " ", printed) or line.strip() in printed


def test_a_page_keeps_the_shape_of_its_code() -> None:
    doc = "Something.\n\n## What to do\nDo this.\n\n    for x in y:\n        step(x)\n\nThen that.\n"
    shown = page(dataclasses.replace(CAUSES[0], doc=doc))
    assert shown.title == "Something"
    assert section(shown, "What to do") == "Do this.\n\n    for x in y:\n        step(x)\n\nThen that."


def test_an_indented_docstring_is_read_alike() -> None:
    doc = "Something.\n\n    ## What to do\n    Do this.\n\n        step(x)\n    "
    assert section(page(dataclasses.replace(CAUSES[0], doc=doc)), "What to do") == "Do this.\n\n    step(x)"


def test_an_unknown_heading_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lr-too-high: no such heading: What to drink"):
        page(dataclasses.replace(all_causes()["lr-too-high"], doc="Something.\n\n## What to drink\nTea.\n"))
