"""The casebook's own tools, on a made-up book and a made-up lossdoctor that speaks the contract."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

CASEBOOK = Path(__file__).resolve().parents[2] / "casebook"
sys.path.insert(0, str(CASEBOOK))

import cases as casebook  # noqa: E402
import score  # noqa: E402
import score_fix  # noqa: E402
import validate  # noqa: E402

TOML = """id = "{id}"
framework = "torch"
source = "made up"
causes = {causes}
symptom = "s"
fix = "f"
metric = "skill"
direction = "{direction}"
threshold = 0.5
readable = true
verdict = ["stalled"]
"""

SCRIPT = "print('metric skill', {value})\n"

FAKE = """
import json, pathlib, sys
command, out, script = sys.argv[1], pathlib.Path(sys.argv[sys.argv.index("--out") + 1]), pathlib.Path(sys.argv[-1])
out.mkdir(parents=True, exist_ok=True)
(pathlib.Path(__file__).parent / "calls.log").open("a").write(script.parent.name + "/" + script.name + "\\n")
answers = json.loads((pathlib.Path(__file__).parent / "answers.json").read_text())
answer = answers.get(script.parent.name + "/" + script.name)
if answer is None:
    sys.exit("no answer for " + script.name)
if command == "check":
    found = [{"cause": c, "severity": s} for c, s in answer["findings"]]
    report = {"verdict": answer["verdict"], "steps": 7, "findings": found}
    (out / "report.json").write_text(json.dumps(report))
    sys.exit(1 if any(s == "error" for _, s in answer["findings"]) else 0)
best = {"fixes": [{"id": "more"}], "verified": True}
(out / "fix.json").write_text(json.dumps({"best": best}))
(out / "fix.patch").write_text(answer["patch"])
"""


def write_case(
    root: Path, name: str, causes: str = '["lr-too-high"]', train: float = 0.1, fixed: float = 0.9,
    direction: str = "higher",
) -> Path:  # fmt: skip
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "case.toml").write_text(TOML.format(id=name, causes=causes, direction=direction))
    (folder / "train.py").write_text(SCRIPT.format(value=train))
    if "healthy" not in causes:
        (folder / "fixed.py").write_text(SCRIPT.format(value=fixed))
    return folder


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (casebook, score, score_fix):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    root = tmp_path / "book"
    root.mkdir()
    return root


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "src" / "lossdoctor"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(FAKE)
    for module in (score, score_fix):
        monkeypatch.setattr(module, "SOURCE", tmp_path / "src")
    return package


def answer(package: Path, **answers: object) -> None:
    table = {key.replace("__", "/") + ".py": value for key, value in answers.items()}
    (package / "answers.json").write_text(json.dumps(table))


def said(verdict: str, *findings: tuple[str, str]) -> dict[str, object]:
    return {"verdict": verdict, "findings": findings}


def test_a_case_that_keeps_its_word_is_right(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(book, "sick")
    write_case(book, "sound", '["healthy"]', train=0.8)
    assert validate.main(["--root", str(book), "--seeds", "0"]) == 0
    assert "2 of 2 cases right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("train", "fixed", "direction", "right"),
    [(0.1, 0.9, "higher", True), (0.6, 0.9, "higher", False), (0.1, 0.4, "higher", False),
     (0.9, 0.1, "lower", True), (0.1, 0.1, "lower", False)],
)  # fmt: skip
def test_sick_misses_and_fixed_meets(book: Path, train: float, fixed: float, direction: str, right: bool) -> None:
    write_case(book, "sick", train=train, fixed=fixed, direction=direction)
    assert validate.main(["--root", str(book), "--seeds", "0"]) == (0 if right else 1)


def test_a_sick_run_may_crash_and_a_fixed_one_may_not(book: Path) -> None:
    folder = write_case(book, "sick")
    (folder / "train.py").write_text("raise SystemExit(3)\n")
    assert validate.main(["--root", str(book), "--seeds", "0"]) == 0
    (folder / "fixed.py").write_text("raise SystemExit(3)\n")
    assert validate.main(["--root", str(book), "--seeds", "0"]) == 1


def test_every_case_of_our_own_has_the_form() -> None:
    assert len(casebook.find_cases(CASEBOOK)) >= 198


def test_only_the_last_line_is_the_metric() -> None:
    assert casebook.metric_of("metric skill 0.1\nmetric skill 0.25\n", "skill") == 0.25
    assert casebook.metric_of("metric skill 0.1\ndone\n", "skill") is None
    assert casebook.metric_of("metric mae 0.1\n", "skill") is None
    assert casebook.metric_of("", "skill") is None


def test_results_are_remembered_until_the_script_changes(book: Path, tmp_path: Path) -> None:
    folder = write_case(book, "sick")
    mark = tmp_path / "runs"
    (folder / "train.py").write_text(f"open({str(mark)!r}, 'a').write('x')\n" + SCRIPT.format(value=0.1))
    case = casebook.read_case(folder)
    for _ in range(2):
        assert casebook.run_plain(case, "train.py", 0, 30.0).value == 0.1
    assert mark.read_text() == "x"
    (folder / "train.json").write_text("{}")
    casebook.run_plain(case, "train.py", 0, 30.0)
    assert mark.read_text() == "xx"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [('causes = ["lr-too-high"]', 'causes = ["healthy", "lr-too-high"]', "causes"),
     ("threshold = 0.5\n", "", "threshold"), ('"stalled"', '"sleepy"', "sleepy"), ('"sick"', '"other"', "other")],
)  # fmt: skip
def test_a_case_without_the_form_is_told(book: Path, old: str, new: str, said: str) -> None:
    toml = write_case(book, "sick") / "case.toml"
    toml.write_text(toml.read_text().replace(old, new))
    with pytest.raises(casebook.CaseError, match=said):
        casebook.find_cases(book)


def test_the_score_counts_first_three_and_false_alarms(
    book: Path, fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("first", "second", "missed"):
        write_case(book, name)
    write_case(book, "sound", '["healthy"]', train=0.8)
    good = said("learning")
    answer(
        fake,
        first__train=said("stalled", ("lr-too-high", "error"), ("dead-relu", "warning")),
        first__fixed=good,
        second__train=said("stalled", ("dead-relu", "warning"), ("lr-too-high", "error")),
        second__fixed=said("learning", ("dead-relu", "warning")),
        missed__train=said("learning"),
        missed__fixed=said("learning", ("dead-relu", "error")),
        sound__train=said("stalled"),
    )
    out = tmp_path / "score.json"
    status = score.main(["--root", str(book), "--json", str(out), "--require-first", "0.5"])
    totals = json.loads(out.read_text())["totals"]
    assert status == 1
    assert totals["first"] == pytest.approx(1 / 3)
    assert totals["three"] == pytest.approx(2 / 3)
    assert totals["false_alarms"] == 1
    assert totals["sound"] == 4
    assert totals["verdicts"] == pytest.approx(6 / 7)
    assert score.main(["--root", str(book), "--require-first", "0.3", "--max-false-alarms", "1"]) == 0
    assert score.main(["--root", str(book), "--max-false-alarms", "0"]) == 1
    assert "missed" in capsys.readouterr().out


def test_a_check_that_fails_is_a_miss_and_no_silence(book: Path, fake: Path, tmp_path: Path) -> None:
    write_case(book, "sound", '["healthy"]', train=0.8)
    answer(fake)
    out = tmp_path / "score.json"
    assert score.main(["--root", str(book), "--json", str(out)]) == 0
    assert json.loads(out.read_text())["totals"]["failures"] == 1
    assert score.main(["--root", str(book), "--max-false-alarms", "0"]) == 1


def test_a_stopped_score_goes_on_and_a_new_lossdoctor_is_asked_again(book: Path, fake: Path) -> None:
    write_case(book, "sound", '["healthy"]', train=0.8)
    answer(fake, sound__train=said("learning"))
    calls = fake / "calls.log"
    score.main(["--root", str(book)])
    score.main(["--root", str(book)])
    assert len(calls.read_text().splitlines()) == 1
    (fake / "__init__.py").write_text("# newer\n")
    score.main(["--root", str(book), "--resume"])
    assert len(calls.read_text().splitlines()) == 1
    score.main(["--root", str(book)])
    assert len(calls.read_text().splitlines()) == 2


def test_spread_takes_every_cause_before_a_second_of_one(book: Path) -> None:
    for i in range(4):
        write_case(book, f"a{i}", '["lr-too-high"]')
    write_case(book, "b0", '["dead-relu"]')
    write_case(book, "c0", '["too-deep"]')
    write_case(book, "h0", '["healthy"]')
    write_case(book, "h1", '["healthy"]')
    chosen = score.spread(casebook.find_cases(book), "spread:4")
    assert [case.causes[0] for case in chosen].count("healthy") == 1
    assert {case.causes[0] for case in chosen} == {"lr-too-high", "dead-relu", "too-deep", "healthy"}
    assert len(score.spread(casebook.find_cases(book), "spread:99")) == 8
    with pytest.raises(casebook.CaseError, match="spread:N"):
        score.spread([], "first:3")


PATCH = """--- a/train.py
+++ b/train.py
@@ -1 +1 @@
-print('metric skill', 0.1)
+print('metric skill', {value})
"""


@pytest.mark.parametrize(("value", "cured"), [(0.9, True), (0.2, False)])
def test_a_patch_counts_only_when_the_patched_script_meets_the_threshold(
    book: Path, fake: Path, tmp_path: Path, value: float, cured: bool
) -> None:
    folder = write_case(book, "sick")
    answer(fake, sick__train={"patch": PATCH.format(value=value)})
    out = tmp_path / "fix.json"
    status = score_fix.main(["--root", str(book), "--json", str(out), "--require-fixed", "1"])
    assert status == (0 if cured else 1)
    assert json.loads(out.read_text())["cases"]["sick"]["values"] == [value] * 3
    assert (folder / "train.py").read_text() == SCRIPT.format(value=0.1)
