"""What is pasted: Markdown and GitHub's annotations; and the registry of formats."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nasty import nasty_report

from lossdoctor.reports import REPORTERS, Reporter, render, reporter
from lossdoctor.reports.bounded import first_hunks
from lossdoctor.reports.cure_markdown import render_cure_markdown
from lossdoctor.reports.demo import demo_report, main
from lossdoctor.reports.explain import explain_terminal, list_markdown, list_terminal
from lossdoctor.reports.github import render_github
from lossdoctor.reports.markdown import render_markdown
from lossdoctor.reports.sparkline import resampled, sparkline
from lossdoctor.words import CausePage, Finding, Healthy, NotJudged, Place, Report, UserError
from lossdoctor.words.cure import Change, Cure, CureReport, Trial


def huge() -> Report:
    report = nasty_report()
    return dataclasses.replace(
        report,
        script="s" * 5000,
        answer="a" * 5000,
        findings=tuple(dataclasses.replace(f, summary="long " * 900) for f in report.findings * 9),
        healthy=tuple(Healthy(f"cause-{k}", "why " * 200) for k in range(80)),
        not_judged=tuple(NotJudged(f"cause-{k}", "needs " * 200) for k in range(80)),
        notes=("note " * 500,) * 40,
        baselines={"b" * 500: 0.1, "c": 0.2},
        next_command="n" * 9000,
    )


@pytest.mark.parametrize("make", [demo_report, nasty_report, huge])
def test_markdown_is_never_longer_than_a_message(make: object) -> None:
    text = render_markdown(make())  # type: ignore[operator]
    assert len(text) < 4000
    assert "lr-too-high" in text and "stalled" in text


def test_markdown_says_how_much_it_left_out() -> None:
    report = dataclasses.replace(demo_report(), healthy=tuple(Healthy(f"c-{k}", "w " * 40) for k in range(80)))
    text = render_markdown(report)
    shown = text.count("- `c-")
    assert 0 < shown < 80 and f"and {80 - shown} more" in text


def test_markdown_of_the_user_is_text() -> None:
    text = render_markdown(nasty_report())
    outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.S | re.M)
    outside = re.sub(r"\\[!-/:-@\[-`{-~]|`[^`\n]*`", "", outside)  # escapes and code, from left to right
    assert "<" not in outside and "[" not in outside and "`" not in outside
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert rows and all(row.count("|") == 4 for row in rows)


def test_code_that_holds_a_fence_is_fenced_by_a_longer_one() -> None:
    finding = Finding("lr-too-high", "error", 0.9, "s", (), Place("a.py", 1, 0, "x = '''```'''"))
    text = render_markdown(dataclasses.replace(demo_report(), findings=(finding,)))
    assert "````python\nx = '''```'''\n````" in text


@pytest.mark.parametrize("make", [demo_report, nasty_report])
def test_github_lines_can_be_read_back(make: object) -> None:
    report: Report = make()  # type: ignore[operator]
    lines = render_github(report).splitlines()
    assert len(lines) == len(report.findings) + 1
    for line in lines:
        _, properties, message = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line).groups()  # type: ignore[union-attr]
        table = dict(part.split("=", 1) for part in properties.split(","))
        assert set(table) <= {"file", "line", "col", "title"} and table["title"]
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", properties + message)
    assert lines[0].startswith("::error file=") and "line=41,col=50" in lines[0]


def test_formats_are_found_by_name() -> None:
    for name in REPORTERS:
        one = reporter(name)
        assert isinstance(one, Reporter) and one.name == name and one.suffix.startswith(".")
        assert one.render(demo_report()).endswith("\n")
    with pytest.raises(UserError, match=r'no report format "jsn".*Try --format json\.'):
        render(demo_report(), "jsn")


def test_no_format_pays_for_another() -> None:
    code = "import sys, lossdoctor.reports as r; r.reporter('json'); print(sorted({'rich', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == []


def test_the_demo_writes_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["all", str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == len(REPORTERS)
    assert main([]) == 0
    assert "lr-too-high" in capsys.readouterr().out


def test_explain_keeps_code_and_lists() -> None:
    text = "Words `a_b` here.\n\n- one\n  two\n- three\n\n```\nfor x in y:\n    pass\n```\n\n1. first"
    page = CausePage("x", "steps", "T", (("What to do", text),), stage="preview")
    shown = explain_terminal(page, width=60)
    assert "  - one two\n  - three\n" in shown and "    for x in y:\n        pass\n" in shown
    assert "  1. first" in shown and "(preview)" in shown and "`" not in shown
    assert "x" in list_terminal([page]) and "| `x` | T (preview) |" in list_markdown([page])


def test_sparklines() -> None:
    assert sparkline([0.0, 0.5, 1.0, None, float("nan"), 9.0], 0.0, 1.0) == "▁▅█  █"
    assert sparkline([], 0, 1) == "" and sparkline([1.0], 1.0, 1.0) == "▁"
    assert resampled([1.0, 3.0, None, None, 5.0, None], 3) == [2.0, None, 5.0]
    assert resampled([1.0], 8) == [1.0]


TWO_FILES = """\
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
--- a comment of SQL
++++ b comment of SQL
 x
@@ -9 +9 @@
-old
+\tnew `code`
--- a/b.py
+++ b/b.py
@@ -1 +1 @@
-one
+two"""


def test_patches_lose_whole_hunks_only() -> None:
    assert first_hunks(TWO_FILES, 10_000) == (TWO_FILES, 0)
    for most in range(len(TWO_FILES) + 2):
        text, left = first_hunks(TWO_FILES, most)
        assert len(text) <= most and TWO_FILES.startswith(text)
        assert text.count("\n@@") + left == 3 and (not text or TWO_FILES[len(text) :][:1] in ("", "\n"))
    assert first_hunks("-a\n+b", 100) == ("-a\n+b", 0) and first_hunks("-a\n+b", 3) == ("", 1)


def cure(diff: str, **more: object) -> CureReport:
    change = Change("lower-lr", {"lr": 0.01}, "learning rate 0.01", "safe", "source", "lr-too-high")
    trials = tuple(
        Trial(changes, seed, 300, 2.0, skill, None, None, "learns")
        for seed in (0, 1, 2) for changes, skill in (((), 0.1), ((change,), 0.9))
    )  # fmt: skip
    best = Cure((change,), True, 0.9, (0.85, 0.95), 0.8, (0.7, 0.9), "training skill", (0, 1, 2), "fix.patch")
    report = CureReport(
        script="train.py", needed=True, answer="Learns with learning rate 0.01.", seeds=(0, 1, 2), baseline=0.1, trials=trials, best=best,
        confirmed=("lr-too-high",), taken_back=(), ruled_out=tuple(f"cause-{k}: its fix changes nothing" for k in range(40)), notes=(),
        plain_seconds=2.0, trial_seconds=12.0, diff=diff, out="lossdoctor-out",
    )  # fmt: skip
    return dataclasses.replace(report, **more)  # type: ignore[arg-type]


def test_a_cure_to_paste_has_its_proof_and_its_patch() -> None:
    text = render_cure_markdown(cure(TWO_FILES), demo_report())
    assert len(text) < 4000 and TWO_FILES in text and "| seed 2 | 0.1 | 0.9 |" in text
    assert "0.8 (95 % interval 0.7 to 0.9)" in text and "lossdoctor-out/fix.patch" in text
    assert "| evidence | measured | healthy |" in text and "Ruled out by trials" in text and "Could not be judged" in text


@pytest.mark.parametrize("lines", [10, 200])
def test_a_cure_to_paste_is_never_longer_than_a_message(lines: int) -> None:
    hunks = "".join(f"@@ -{k},1 +{k},{lines} @@\n-x\n" + f"+{'y' * 30}\n" * lines for k in range(1, 40))
    long = cure(f"--- a/a.py\n+++ b/a.py\n{hunks}", answer="a*" * 3000, notes=("n" * 900,) * 30, script="s" * 500)
    text = render_cure_markdown(long, huge())
    assert len(text) < 4000 and "hunks" in text and "lossdoctor-out/fix.patch" in text
    shown = [line for line in text.splitlines() if line.startswith("+y")]
    assert all(line == f"+{'y' * 30}" for line in shown) and len(shown) % lines == 0
    assert "Ruled out" in text


def test_what_is_left_out_is_named_with_its_place() -> None:
    text = render_markdown(huge())
    assert "**Ruled out**" in text and "**Could not be judged**" in text and "left out, in `" in text
