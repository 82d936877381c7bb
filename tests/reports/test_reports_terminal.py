from __future__ import annotations

import dataclasses
import io
import random
import re

import pytest
from nasty import nasty_report
from rich.cells import cell_len

from lossdoctor.reports.demo import demo_report
from lossdoctor.reports.sheet import Column, Sheet
from lossdoctor.reports.terminal import print_report, render_terminal
from lossdoctor.reports.wording import grouped
from lossdoctor.words import Evidence, Finding, Place, Report

WIDTHS = (30, 40, 60, 80, 100, 120, 200)


def empty() -> Report:
    return Report("train.py", "torch", "learning", "It learns.", 10, 1.0)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", [demo_report, nasty_report, empty])
def test_no_line_is_wider_than_the_terminal(width: int, make: object) -> None:
    text = render_terminal(make(), width=width)  # type: ignore[operator]
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert not re.search(r"[ \t]$", text, re.M)
    assert "\n\n\n" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_colour_changes_no_letter(width: int) -> None:
    painted = render_terminal(demo_report(), width=width, colour=True)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    plain = render_terminal(demo_report(), width=width)
    assert "\x1b[" in painted
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_all_words_of_the_first_finding_survive_a_narrow_terminal() -> None:
    report = demo_report()
    squeezed = "".join(render_terminal(report, width=34).split())
    first = report.findings[0]
    for words in (report.answer, first.summary, report.next_command):
        assert "".join(words.split()) in squeezed


def test_markup_and_escapes_of_the_user_stay_text() -> None:
    text = render_terminal(nasty_report(), width=200, colour=True)
    assert "[bold]" in text and "[/bold]" in text
    assert "\x1b[31m\ufffd" not in text  # the user's own escape sequence did not get through
    assert "\u241b[31m" in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("environ", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour_only_where_it_is_wanted(environ: dict[str, str], terminal: bool, coloured: bool) -> None:
    class Stream(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return terminal

    stream = Stream()
    print_report(demo_report(), stream, environ={"COLUMNS": "80", **environ})
    assert ("\x1b[" in stream.getvalue()) is coloured


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_any_encoding_can_take_it(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_report(nasty_report(), stream, environ={})
    stream.seek(0)
    assert "lr-too-high" in stream.read()


@pytest.mark.parametrize("before", ["x = 1; ", "\tx = '\u6f22\u5b57'; ", "a" * 300 + "; "])
@pytest.mark.parametrize("width", [50, 100])
def test_the_caret_stands_under_the_place(before: str, width: int) -> None:
    line = before + "rate=0.5" + ("  # " + "z" * 200)
    finding = Finding("lr-too-high", "error", 0.9, "s", (), Place("t.py", 3, len(before), line))
    report = dataclasses.replace(empty(), findings=(finding,))
    lines = render_terminal(report, width=width).splitlines()
    at = next(k for k, text in enumerate(lines) if "^" in text)
    caret = cell_len(lines[at][: lines[at].index("^")])
    place = cell_len(lines[at - 1][: lines[at - 1].index("rate=0.5")])
    assert caret == place
    assert lines[at].count("^") == len("rate=0.5")


def test_what_explains_comes_before_what_follows() -> None:
    def found(id: str, because: str | None) -> Finding:
        return Finding(id, "warning", 0.5, id, (), id=id, explained_by=because)

    chain = (found("a", None), found("b", "a"), found("c", "b"), found("d", "gone"))
    assert [(g.finding.id, [f.id for f in g.consequences]) for g in grouped(chain)] == [
        ("a", ["b", "c"]),
        ("d", []),
    ]
    circle = (found("a", "b"), found("b", "a"))
    assert sum(1 + len(g.consequences) for g in grouped(circle)) == 2
    dice = random.Random(0)
    for _ in range(200):
        ids = [str(k) for k in range(6)]
        some = tuple(found(i, dice.choice([None, *ids])) for i in ids)
        groups = grouped(some)
        assert sorted(f.id for g in groups for f in (g.finding, *g.consequences)) == ids


def test_a_clean_report_says_what_could_not_be_judged() -> None:
    report = dataclasses.replace(demo_report(), findings=(), arms=())
    text = render_terminal(report)
    assert "No cause was found; 3 causes could not be judged." in text
    assert "8 causes ruled out: lossdoctor explain --why-not ID lossdoctor-out" in text


def test_long_words_as_evidence_are_wrapped_not_lost() -> None:
    value = "lstm.weight_ih_l0 lstm.weight_hh_l0 head.weight head.bias"
    finding = Finding("params-not-in-optimizer", "error", 1.0, "s", (Evidence("left out", value, "none"),))
    text = render_terminal(dataclasses.replace(empty(), findings=(finding,)), width=60)
    for word in value.split():
        assert word in text


def test_a_table_that_cannot_fit_becomes_paragraphs() -> None:
    sheet = Sheet(30)
    sheet.table((Column("a"), Column("b", bends=True)), [("x" * 26, "some words that need room")])
    assert "some words" in sheet.text()
