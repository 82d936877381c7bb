"""Settings files: each value is found where it stands, and a number in a script is led back to it."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

from lossdoctor.source import Script, calls, replace_node
from lossdoctor.source.choices import other_magnitudes, other_values
from lossdoctor.source.settings_file import settings_beside, settings_of
from lossdoctor.source.values import argument, origin, starred

JSON = '{\n  "optim": {"lr": 1e-2, "names": ["a", "b"]},\n  "layers": [{"lr": 3}],\n  "hidden": 8, "note": "lr: 5, {", "on": true\n}\n'
TOML = 'epochs = 12  # rounds\n\n[net]\nhidden = 24\nname = "x = 3"\n[optim.first]\nlr = 5e-3\nsched = {gamma = 0.9, step = 4}\n'
INI = "; comment = 1\n[net]\nhidden = 24\n\n[fit]\nlr: 0.005\n"
YAML = "model:\n  hidden: 24  # units\noptim:\n  lr: 0.005\n  sched:\n    gamma: 0.9\nseed: 1\n"
CFG = "# nothing\nlr = 0.003\nhidden = 1_000\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", JSON, {("optim", "lr"): 0.01, ("hidden",): 8.0, ("note",): "lr: 5, {", ("on",): True}),
        ("a.toml", TOML, {
            ("epochs",): 12.0, ("net", "hidden"): 24.0, ("net", "name"): "x = 3", ("optim", "first", "lr"): 0.005,
            ("optim", "first", "sched", "gamma"): 0.9, ("optim", "first", "sched", "step"): 4.0,
        }),
        ("a.ini", INI, {("net", "hidden"): 24.0, ("fit", "lr"): 0.005}),
        ("a.yaml", YAML, {("model", "hidden"): 24.0, ("optim", "lr"): 0.005, ("optim", "sched", "gamma"): 0.9, ("seed",): 1.0}),
        ("a.cfg", CFG, {("lr",): 0.003, ("hidden",): 1000.0}),
        ("a.json", "{lr: 3}", {}),
    ],
)  # fmt: skip
def test_each_value_where_it_stands(tmp_path: Path, name: str, text: str, expected: dict[tuple[str, ...], object]) -> None:
    (tmp_path / name).write_text(text)
    found = settings_of((name,), (str(tmp_path),))
    # A list's items have no name of their own.
    assert {s.path: s.value for s in found if s.path != ("layers", "lr")} == expected
    for setting in found:
        begin, end = setting.script.span(setting.node)
        assert ast.unparse(setting.node).strip("'") in (text[begin:end].strip('"'), str(setting.value))


def test_only_the_value_changes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(JSON)
    (tmp_path / "a.toml").write_text(TOML)
    json_lr = next(s for s in settings_of(("a.json",), (str(tmp_path),)) if s.path == ("optim", "lr"))
    toml_lr = next(s for s in settings_of(("a.toml",), (str(tmp_path),)) if s.key == "lr")
    edits = [replace_node(s.script, s.node, "0.5") for s in (json_lr, toml_lr)]
    assert edits[0] is not None and json.loads(edits[0].after)["optim"]["lr"] == 0.5
    assert edits[1] is not None and tomllib.loads(edits[1].after)["optim"]["first"]["lr"] == 0.5
    assert "# rounds" in edits[1].after


def script(folder: Path, text: str) -> Script:
    path = folder / "train.py"
    path.write_text(text)
    found = Script.read(path)
    assert found is not None
    return found


def lr_of(read: Script) -> tuple[str, float] | None:
    call = calls(read, ["SGD"])[0]
    given = argument(call, "lr")
    found = origin(read, given if given is not None else starred(call, "lr"))
    return None if found is None else (Path(found.script.file).name, found.value)


@pytest.mark.parametrize(
    "text",
    [
        'c = json.load(open("c.json"))\nopt = SGD(p, lr=c["lr"])\n',
        'c = json.load(open("c.json"))\nLR = float(c["lr"])\nopt = SGD(p, LR)\n',
        'c = json.load(open("c.json"))\nopt = SGD(p, **{"lr": c["lr"]})\n',
        's = Settings(**json.load(open("c.json")))\nopt = SGD(p, lr=s.lr)\n',
        'def make(lr, hidden):\n    return SGD(p, lr=lr)\nmake(**json.load(open("c.json")))\n',
        'class T:\n  def __init__(self, lr):\n    self.lr, self.n = lr, 3\n  def go(self):\n    SGD(p, lr=self.lr)\nT(**load("c.json"))\n',
        'cfg = read("c.json")\nopt = SGD(p, lr=max(1e-9, float(cfg.get("lr", 0.1))))\n',
        'a = parser()\na.set_defaults(**json.load(open("c.json")))\nargs = a.parse_args()\nopt = SGD(p, lr=args.lr)\n',
    ],
)
def test_a_number_is_led_back_to_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text('{"lr": 0.25, "hidden": 8}')
    assert lr_of(script(tmp_path, text)) == ("c.json", 0.25)


def test_of_two_of_one_name_the_section_decides(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[first]\nlr = 0.1\n[second]\nlr = 0.2\n")
    text = 'c = tomllib.load(open("c.toml", "rb"))\no = c["second"]\nopt = SGD(p, lr=o["lr"])\n'
    assert lr_of(script(tmp_path, text)) == ("c.toml", 0.2)


@pytest.mark.parametrize(
    "text",
    [
        'c = json.load(open("other.json"))\nopt = SGD(p, lr=c["lr"])\n',  # no such file
        'c = json.load(open("c.json"))\nopt = SGD(p, lr=c["lr"] * 2)\n',  # computed
        'c = json.load(open("c.json"))\nopt = SGD(p, lr=c["rate"])\n',  # no such key
        'c = tomllib.load(open("two.toml", "rb"))\nopt = SGD(p, lr=c[which]["lr"])\n',  # either section
    ],
)
def test_refused_where_it_is_not_certain(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text('{"lr": 0.25}')
    (tmp_path / "two.toml").write_text("[first]\nlr = 0.1\n[second]\nlr = 0.2\n")
    assert lr_of(script(tmp_path, text)) is None


def test_the_literal_in_the_script_comes_first(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"lr": 0.25}')
    text = 'c = json.load(open("c.json"))\nc = {"lr": 0.5}\nopt = SGD(p, lr=c["lr"])\n'
    assert lr_of(script(tmp_path, text)) == ("train.py", 0.5)


def test_a_file_in_a_named_folder(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.json").write_text('{"lr": 0.25}')
    found = settings_beside(script(tmp_path, 'c = json.load(open(HERE / "conf" / "c.json"))\n'))
    assert [s.path for s in found] == [("lr",)]


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        ('{"detach": false}', 'c = load("c.json")\n', {"detach": ("true",)}),
        ('{"loss": "mae"}', 'c = load("c.json")\nKINDS = {"mse": M, "mae": A}\nf = KINDS[c["loss"]]()\n', {"loss": ('"mse"',)}),
        ('{"out": "Sigmoid"}', 'c = load("c.json")\nname = c["out"]\nhead = getattr(nn, name)()\n', {"out": ('"Identity"',)}),
        ('{"out": "Linear"}', 'c = load("c.json")\nhead = getattr(nn, c["out"])()\n', {}),
        ('{"act": "none"}', 'c = load("c.json")\na = c["act"] == "relu"\nb = c["act"] in ("tanh", "none")\n', {"act": ('"relu"', '"tanh"')}),
        ('{"bidirectional": false, "from_logits": true}', 'c = load("c.json")\n', {"bidirectional": ("true",), "from_logits": ("false",)}),
        ('{"use_gpu": false, "save": true, "seed": 3, "out_dir": true}', 'c = load("c.json")\n', {}),
    ],
)  # fmt: skip
def test_what_else_a_setting_could_say(tmp_path: Path, settings: str, text: str, expected: dict[str, tuple[str, ...]]) -> None:
    (tmp_path / "c.json").write_text(settings)
    read = script(tmp_path, text)
    found = {s.key: other_values(s, [read]) for s in settings_beside(read)}
    assert {key: values for key, values in found.items() if values} == expected


def test_a_number_of_another_size(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"threshold": 6.0, "tau": 2e-3, "hidden": 24, "zero": 0.0, "name": "a", "seed": 1.5}')
    found = {s.key: other_magnitudes(s) for s in settings_beside(script(tmp_path, 'c = load("c.json")\n'))}
    assert {key: values for key, values in found.items() if values} == {"threshold": ("0.06", "600.0"), "tau": ("2e-05", "0.2")}


def test_a_file_with_the_scripts_own_name(tmp_path: Path) -> None:
    (tmp_path / "train.toml").write_text("lr = 0.5\n")
    assert [s.value for s in settings_beside(script(tmp_path, 'c = loads(HERE.with_suffix(".toml").read_text())\n'))] == [0.5]
