"""The fault injectors: settings are edited in place, text faults still parse, unreadable ones leave the text alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "casebook" / "faults"))

import base
import make
import source


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("s.json", '{"optim": {"lr": 0.01, "clip": 1.0}, "epochs": 3}', "optim.lr"),
        ("s.toml", "epochs = 3  # passes\n[optim]\nlr = 0.01\nclip = 1.0\n", "optim.lr"),
        ("s.ini", "[run]\nepochs = 3\n[optim]\nlr = 0.01\nclip = 1.0\n", "optim.lr"),
        ("s.cfg", "epochs=3\nlr=0.01\nclip=1.0\n", "lr"),
    ],
)
def test_one_setting_is_changed_and_no_other(tmp_path: Path, name: str, text: str, key: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    before = base.read_settings(path)
    base.write_setting(path, key, 10.0)
    after = base.read_settings(path)
    place, old = after, before
    *above, last = key.split(".")
    for part in above:
        place, old = place[part], old[part]
    assert float(place[last]) == 10.0
    place[last] = old[last]
    assert after == before


def test_a_setting_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("lr = 1\n")
    with pytest.raises(base.NotHere):
        base.write_setting(path, "rate", 2)


def test_every_base_has_what_it_says() -> None:
    bases = base.read_bases()
    assert len(bases) >= 20
    for one in bases:
        settings = base.read_settings(one.folder / one.settings)
        for key in one.roles.values():
            value = settings
            for part in key.split("."):
                value = value[part]
        if one.data.endswith(".npz"):
            with np.load(one.folder / one.data) as stored:
                for role, name in one.arrays.items():
                    assert not isinstance(name, str) or name in stored.files, (one.id, role, name)


def test_mutants_of_one_base(tmp_path: Path) -> None:
    bases = [b for b in base.read_bases() if b.id in ("adding-thirty-steps", "surname-letters")]
    assert len(bases) == 2
    made = {True: 0, False: 0}
    for mutant in make.all_mutants(bases):
        try:
            folder = mutant.make(tmp_path)
        except base.NotHere:
            assert not (tmp_path / mutant.id).exists()
            continue
        text = (folder / "train.py").read_text()
        ast.parse(text)
        assert (text == mutant.base.text) is not mutant.fault.readable
        assert not (folder / "base.toml").exists()
        made[mutant.fault.readable] += 1
    assert made[True] >= 20
    assert made[False] >= 40


def test_verbs_for_text() -> None:
    text = "for x in y:\n    opt.zero_grad()\n    loss.backward()\n    opt.step()\nsched.step()\n"
    assert source.owner_of(text, "zero_grad") == "opt"
    assert "zero_grad" not in source.drop_call(text, "zero_grad")
    dropped = source.drop_call(text, "step", "opt")
    assert "opt.step" not in dropped and "sched.step" in dropped
    assert source.after_call(text, "backward", "opt.zero_grad()").count("zero_grad") == 2
    doubled = source.change_calls("f(a, b=1)", source.named("f"), lambda c: source.with_argument(c, 0, "g({})"))
    assert doubled == "f(g(a), b=1)"
    with pytest.raises(base.NotHere):
        source.owner_of(text, "closure")
