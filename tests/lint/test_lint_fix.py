"""`--fix`: what it changes, byte for byte, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_scripts import HEAD, NET, program

from lossdoctor.commands import run_cli

LOOP = "for x, y in loader:\n    "

CASES = {
    "never zeroed": (
        NET + LOOP + "loss = criterion(model(x), y)\n    loss.backward()  # now\n    optimizer.step()\n",
        NET + LOOP + "loss = criterion(model(x), y)\n    optimizer.zero_grad()\n    loss.backward()  # now\n    optimizer.step()\n",
    ),
    "zeroed late": (
        NET + LOOP + "criterion(model(x), y).backward()\n    optimizer.zero_grad()\n    optimizer.step()\n",
        NET + LOOP + "optimizer.zero_grad()\n    criterion(model(x), y).backward()\n    optimizer.step()\n",
    ),
    "stepped early": (
        NET + LOOP + "optimizer.zero_grad()\n    optimizer.step()\n    criterion(model(x), y).backward()\n",
        NET + LOOP + "optimizer.zero_grad()\n    criterion(model(x), y).backward()\n    optimizer.step()\n",
    ),
    "clipped late": (
        NET + LOOP + "optimizer.zero_grad()\n    criterion(model(x), y).backward()\n    optimizer.step()\n"
        "    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n",
        NET + LOOP + "optimizer.zero_grad()\n    criterion(model(x), y).backward()\n"
        "    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    optimizer.step()\n",
    ),
    "plain list": (
        program(HEAD, """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.more = [nn.Linear(8, 8) for _ in range(3)]
                def forward(self, x):
                    return self.more[0](x)
        """),
        program(HEAD, """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.more = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
                def forward(self, x):
                    return self.more[0](x)
        """),
    ),
    "fitted again": (
        "from sklearn.preprocessing import StandardScaler\ns = StandardScaler()\n"
        "X_train = s.fit_transform(X_train)\nX_test = s.fit_transform( X_test )\n",
        "from sklearn.preprocessing import StandardScaler\ns = StandardScaler()\n"
        "X_train = s.fit_transform(X_train)\nX_test = s.transform( X_test )\n",
    ),
    "clipped while scaled": (
        NET + "scaler = torch.amp.GradScaler()\n" + LOOP + "optimizer.zero_grad()\n    scaler.scale(criterion(model(x), y)).backward()\n"
        "    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    scaler.step(optimizer)\n    scaler.update()\n",
        NET + "scaler = torch.amp.GradScaler()\n" + LOOP + "optimizer.zero_grad()\n    scaler.scale(criterion(model(x), y)).backward()\n"
        "    scaler.unscale_(optimizer)\n    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    scaler.step(optimizer)\n    scaler.update()\n",
    ),
    "state carried": (
        HEAD + "rnn = nn.LSTM(4, 8)\nh, c = start()\n" + LOOP + "out, (h, c) = rnn(x, (h, c))\n    F.mse_loss(out, y).backward()\n",
        HEAD + "rnn = nn.LSTM(4, 8)\nh, c = start()\n" + LOOP + "h, c = h.detach(), c.detach()\n"
        "    out, (h, c) = rnn(x, (h, c))\n    F.mse_loss(out, y).backward()\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["plain", "windows", "bom", "latin", "tabs"])
@pytest.mark.parametrize("name", CASES)
def test_before_and_after(tmp_path: Path, name: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = (in_form(text, form) for text in CASES[name])
    file = tmp_path / "train.py"
    file.write_bytes(before)
    assert run_cli(["lint", "--fix", str(file)]) == 0
    assert file.read_bytes() == after
    assert "1 fixed" in capsys.readouterr().out
    run_cli(["lint", "--fix", str(file)])
    assert file.read_bytes() == after


def in_form(text: str, form: str) -> bytes:
    if form == "windows":
        return text.replace("\n", "\r\n").encode()
    if form == "bom":
        return b"\xef\xbb\xbf" + text.encode()
    if form == "latin":
        return ("# -*- coding: latin-1 -*-\n# \xe9t\xe9\n" + text).encode("latin-1")
    return text.replace("    ", "\t").encode() if form == "tabs" else text.encode()


def test_what_takes_a_human_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    text = NET + LOOP + "loss = F.cross_entropy(model(x).softmax(1), y)\n"
    file.write_text(text)
    assert run_cli(["lint", "--fix", str(file)]) == 1
    assert file.read_text() == text


def test_what_is_ignored_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    text = NET + LOOP + "criterion(model(x), y).backward()  # lossdoctor: ignore[missing-zero-grad] sums on purpose\n    optimizer.step()\n"
    file.write_text(text)
    assert run_cli(["lint", "--fix", str(file)]) == 0
    assert file.read_text() == text


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "train.py"
    file.write_text(CASES["never zeroed"][0])

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run_cli(["lint", "--fix", str(file)]) == 2
    assert "cannot be written: No space left" in capsys.readouterr().err
