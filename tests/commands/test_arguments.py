"""Whose argument is it? Ours before the script; behind it the script's, unless it takes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossdoctor.commands.arguments import rearranged, takes_arguments


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.py").write_text("import torch\n")
    (tmp_path / "args.py").write_text("import argparse\n")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("check plain.py", "check -- plain.py"),
        ("check --steps 5 plain.py", "check --steps 5 -- plain.py"),
        ("check plain.py --steps 5", "check --steps 5 -- plain.py"),
        ("check plain.py --steps=5 --no-panel", "check --steps=5 --no-panel -- plain.py"),
        ("check args.py --steps 5", "check -- args.py --steps 5"),
        ("check --no-panel args.py --lr 1", "check --no-panel -- args.py --lr 1"),
        ("check plain.py -- --steps 5", "check -- plain.py --steps 5"),
        ("check args.py -- -x", "check -- args.py -x"),
        ("run -q args.py --help", "run -q -- args.py --help"),
        ("check -m pkg.mod --steps 5", "check -m pkg.mod -- --steps 5"),
        ("check --help", "check --help"),
        ("explain lr-too-high", "explain lr-too-high"),
    ],
)
def test_words_find_their_owner(scripts: Path, typed: str, understood: str) -> None:
    assert rearranged(typed.split()) == understood.split()


def test_what_a_script_reads(scripts: Path) -> None:
    assert takes_arguments("args.py")
    assert not takes_arguments("plain.py")
    assert not takes_arguments("missing.py")
