"""The pages that are written from the causes, and the way to a new cause, in a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHES = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
README = "# Title\n\nBefore.\n\n<!-- causes:begin -->\nold\n<!-- causes:end -->\n\nAfter.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the recipe touches; nothing of the real tree is written."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=CACHES)
    (tmp_path / "tools").mkdir()
    for tool in ("new_cause.py", "write_cause_pages.py"):
        shutil.copy(ROOT / "tools" / tool, tmp_path / "tools")
    (tmp_path / "tests" / "causes").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "causes" / "checked.py", tmp_path / "tests" / "causes")
    (tmp_path / "casebook").mkdir()
    shutil.copy(ROOT / "casebook" / "cases.py", tmp_path / "casebook")
    (tmp_path / "README.md").write_text(README)
    return tmp_path


def python(tree: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *args], cwd=tree, env=env, capture_output=True, text=True, timeout=120)


def contents(tree: Path) -> dict[str, bytes]:
    return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


def test_a_new_cause_is_known_and_shown(tree: Path) -> None:
    assert python(tree, "tools/write_cause_pages.py").returncode == 0
    done = python(tree, "tools/new_cause.py", "labels-flipped", "--family", "data")
    assert done.returncode == 0, done.stderr
    listed = python(tree, "-c", "from lossdoctor.causes import all_causes; print(all_causes()['labels-flipped'].family)")
    assert listed.stdout.strip() == "data", listed.stderr
    assert python(tree, "tools/write_cause_pages.py", "--check").returncode == 1
    assert python(tree, "tools/write_cause_pages.py").returncode == 0
    assert python(tree, "tools/write_cause_pages.py", "--check").returncode == 0
    written = (tree / "docs/causes/labels-flipped.md").read_text()
    assert "\n# Labels flipped\n" in written
    assert "preview" in written
    assert "\n## How lossdoctor tells\n" in written
    assert "(labels-flipped.md)" in (tree / "docs/causes/index.md").read_text()
    assert "(docs/causes/labels-flipped.md)" in (tree / "README.md").read_text()
    listing = "import sys; sys.path.insert(0, 'casebook'); import cases; print(cases.find_cases(cases.CASEBOOK))"
    read = python(tree, "-c", listing)
    assert "causes=('labels-flipped',)" in read.stdout, read.stderr


def test_what_the_recipe_writes_fails_until_it_is_filled_in(tree: Path) -> None:
    assert python(tree, "tools/new_cause.py", "labels-flipped", "--family", "data").returncode == 0
    done = python(tree, *PYTEST, "tests/causes/test_labels_flipped.py")
    assert "3 failed" in done.stdout, done.stdout + done.stderr
    shutil.copy(ROOT / "tests" / "causes" / "test_pages.py", tree / "tests" / "causes")
    shutil.copy(ROOT / "tests" / "causes" / "contract_ids.txt", tree / "tests" / "causes")
    done = python(tree, *PYTEST, "tests/causes/test_pages.py", "-k", "labels-flipped and says")
    assert "nothing is said under 'What happens'" in done.stdout, done.stdout + done.stderr
    for script in ("train.py", "fixed.py"):
        assert "to be written" in python(tree, f"casebook/labels-flipped-new/{script}").stderr


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["lr-too-high", "--family", "data"], "already"),
        (["labels-flipped"], "which family"),
        (["labels-flipped", "--family", "weather"], "which family"),
        (["Labels_Flipped", "--family", "data"], "is no id"),
        (["../../oops", "--family", "data"], "is no id"),
        ([], "is no id"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_is_written(tree: Path, args: list[str], why: str) -> None:
    before = contents(tree)
    done = python(tree, "tools/new_cause.py", *args)
    assert done.returncode == 2
    assert why in done.stderr
    assert contents(tree) == before


def test_nothing_is_overwritten(tree: Path) -> None:
    assert python(tree, "tools/new_cause.py", "labels-flipped", "--family", "data").returncode == 0
    (tree / "src/lossdoctor/causes/data/labels_flipped.py").unlink()
    before = contents(tree)
    done = python(tree, "tools/new_cause.py", "labels-flipped", "--family", "data")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert contents(tree) == before


def test_pages_are_written_once_and_checked(tree: Path) -> None:
    assert python(tree, "tools/write_cause_pages.py", "--check").returncode == 1
    assert not (tree / "docs").exists(), "--check writes nothing"
    first = python(tree, "tools/write_cause_pages.py")
    assert "wrote docs/causes/lr-too-high.md" in first.stdout, first.stderr
    readme = (tree / "README.md").read_text()
    assert readme.startswith("# Title\n\nBefore.\n\n<!-- causes:begin -->\n")
    assert readme.endswith("\n<!-- causes:end -->\n\nAfter.\n")
    assert "old" not in readme.splitlines()
    assert "[`lr-too-high`](docs/causes/lr-too-high.md)" in readme
    again = python(tree, "tools/write_cause_pages.py")
    assert (again.returncode, again.stdout) == (0, "")


def test_check_sees_every_difference(tree: Path) -> None:
    assert python(tree, "tools/write_cause_pages.py").returncode == 0
    spots = [tree / "docs/causes/lr-too-high.md", tree / "docs/causes/index.md"]
    for spot in spots:
        kept = spot.read_text()
        spot.write_text(kept.replace("rate", "speed"))
        done = python(tree, "tools/write_cause_pages.py", "--check")
        assert done.returncode == 1
        assert f"docs/causes/{spot.name} is not up to date" in done.stderr
        spot.write_text(kept)
    (tree / "README.md").write_text(README)
    assert "README.md is not up to date" in python(tree, "tools/write_cause_pages.py", "--check").stderr
    (tree / "README.md").write_text("no marks here\n")
    assert python(tree, "tools/write_cause_pages.py", "--check").returncode == 0


def test_a_page_without_its_cause_goes_and_other_pages_stay(tree: Path) -> None:
    assert python(tree, "tools/write_cause_pages.py").returncode == 0
    (tree / "docs/causes/by-hand.md").write_text("# Written by hand\n")
    (tree / "src/lossdoctor/causes/steps/clip_too_tight.py").unlink()
    assert python(tree, "tools/write_cause_pages.py", "--check").returncode == 1
    assert "removed docs/causes/clip-too-tight.md" in python(tree, "tools/write_cause_pages.py").stdout
    assert not (tree / "docs/causes/clip-too-tight.md").exists()
    assert (tree / "docs/causes/by-hand.md").exists()


def test_links_lead_somewhere_and_code_is_left_alone(tree: Path) -> None:
    assert python(tree, "tools/write_cause_pages.py").returncode == 0
    folder = tree / "docs" / "causes"
    for file in folder.glob("*.md"):
        for line in file.read_text().splitlines():
            assert not (line.startswith("    ") and "](" in line and ".md)" in line)
            for part in line.split("](")[1:]:
                assert (folder / part.split(")")[0]).is_file(), f"{file.name}: {line}"
    assert "- [`lr-too-low`](lr-too-low.md)" in (folder / "too-few-epochs.md").read_text()
