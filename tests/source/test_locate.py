
from __future__ import annotations

import textwrap

import pytest

from lossdoctor.source import (
    Script,
    argument,
    calls,
    cuts,
    enclosing_function,
    enclosing_loop,
    model_name,
    optimizer_name,
    origin,
    scheduler_name,
)
from lossdoctor.source.locate import OPTIMIZERS, spelled


def read(text: str) -> Script:
    script = Script.of(textwrap.dedent(text).lstrip("\n"), "train.py")
    assert script is not None
    return script


LOOP = """
import torch
from torch import nn, optim as o
from torch.optim.lr_scheduler import StepLR as Decay

class Net(nn.Module):
    def __init__(self, hidden=8):
        super().__init__()
        self.lstm = nn.LSTM(
            1, hidden, batch_first=True
        )
    def forward(self, x):
        return self.lstm(x)[0]

net = Net()
opt = o.Adam(net.parameters(), lr=1e-3)
sched = Decay(opt, 10)

def epoch(loader):
    for x, y in loader:
        while True:
            opt.zero_grad(); loss = net(x).sum()
            loss.backward()
            opt.step()
            break
    sched.step()

for _ in range(3):
    epoch([])
"""


def test_calls_know_aliases_positions_and_arguments() -> None:
    script = read(LOOP)
    (adam,) = calls(script, ("Adam",))
    assert (adam.name, adam.full, adam.last, adam.owner) == ("o.Adam", "torch.optim.Adam", "Adam", "o")
    assert (adam.line, adam.column, adam.args, adam.keywords) == (15, 6, ("net.parameters()",), {"lr": "1e-3"})
    (lstm,) = calls(script, ("nn.LSTM",))
    assert (lstm.line, lstm.end_line, lstm.args) == (8, 10, ("1", "hidden"))
    assert [c.line for c in calls(script, ("StepLR",))] == [16]
    assert [c.owner for c in calls(script, ("step",))] == ["opt", "sched"]
    assert calls(script, ("dam",)) == ()


def test_columns_are_characters() -> None:
    script = read("é = f('ü', g(1))\n")
    assert calls(script, ("g",))[0].column == 11


def test_functions_and_loops_round_a_line() -> None:
    script = read(LOOP)
    function, loops = enclosing_function(script, 22), enclosing_loop(script, 22)
    assert function is not None and function.name == "epoch"
    assert loops is not None and (loops.inner.lineno, loops.outer.lineno) == (20, 19)
    assert enclosing_function(script, 15) is None and enclosing_loop(script, 15) is None
    header = enclosing_loop(script, 20)
    assert header is not None and header.inner.lineno == 19


def test_names_of_the_actors() -> None:
    script = read(LOOP)
    assert (optimizer_name(script), scheduler_name(script), model_name(script)) == ("opt", "sched", "net")
    assert (optimizer_name(script, 22), model_name(script, 22)) == ("opt", "net")


@pytest.mark.parametrize(
    ("text", "line", "optimizer", "model"),
    [
        ("import torch\ndef f(model, optimizer, x):\n    model(x).backward()\n", 3, "optimizer", "model"),
        (
            "import torch\nclass T:\n    def __init__(self, m):\n        self.opt = torch.optim.SGD(m.parameters(), 1)\n"
            "    def f(self, x):\n        self.m(x).backward()\n", 6, "self.opt", "self.m",
        ),
        (
            "import torch\ng = torch.optim.SGD(a.parameters(), 1)\nd = torch.optim.SGD(b.parameters(), 1)\n"
            "loss.backward()\n", 4, None, None,
        ),
        ("loss.backward()\nscaler.step(x)\nsched.step()\n", 1, None, None),
    ],
)  # fmt: skip
def test_names_as_a_line_sees_them(text: str, line: int, optimizer: str | None, model: str | None) -> None:
    script = read(text)
    assert (optimizer_name(script, line), model_name(script, line)) == (optimizer, model)


def test_how_a_script_can_spell_a_name() -> None:
    script = read(LOOP)
    assert spelled(script, "torch.nn.utils.clip_grad_norm_") == "nn.utils.clip_grad_norm_"
    assert spelled(script, "torch.optim.SGD") == "o.SGD"
    assert spelled(script, "numpy.clip") is None


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        ("o = SGD(p, 0.5)\n", 1, 0.5),
        ("LR = 5e-1\no = SGD(p, lr=LR)\n", 1, 0.5),
        ("lr, n = 0.5, 2\no = SGD(p, lr=lr)\n", 1, 0.5),
        ("a = p()\na.add_argument('--learning-rate', '-l', default=.5)\no = SGD(p, lr=args.learning_rate)\n", 2, 0.5),
        ("class C:\n    lr: float = 0.5\nc = C()\no = SGD(p, lr=c.lr)\n", 2, 0.5),
        ("hp = {'lr': 0.5}\no = SGD(p, lr=hp['lr'])\n", 1, 0.5),
        ("hp = dict(lr=0.5)\no = SGD(p, lr=hp['lr'])\n", 1, 0.5),
        ("def f(lr=0.5):\n    return SGD(p, lr=lr)\nf()\n", 1, 0.5),
        ("def f(lr=0.5):\n    return SGD(p, lr=lr)\nf(0.7)\n", 3, 0.7),
        ("class T:\n    def __init__(self, lr=0.5):\n        self.lr = lr\n        o = SGD(p, lr=self.lr)\nT(lr=-3)\n", 5, -3.0),
        ("o = SGD(p, lr=10 ** -3)\n", 1, 1e-3),
    ],
)
def test_a_number_is_followed_to_its_literal(text: str, line: int, value: float) -> None:
    script = read(text)
    (call,) = calls(script, OPTIMIZERS)
    found = origin(script, argument(call, "lr"))
    assert found is not None and (found.line, found.value) == (line, pytest.approx(value))


@pytest.mark.parametrize(
    "text",
    [
        "o = SGD(p)\n", "o = SGD(p, lr=cfg['lr'])\n", "lr = 0.5\nlr = 0.6\no = SGD(p, lr=lr)\n", "o = SGD(*a, 0.5)\n",
        "lr = 0.5\nlr *= 2\no = SGD(p, lr=lr)\n", "for lr in (1, 2):\n    o = SGD(p, lr=lr)\n",
        "def f(lr=0.5):\n    return SGD(p, lr=lr)\nf(0.7)\nf(0.8)\n", "def f(lr=0.5):\n    SGD(p, lr=lr)\nf(**k)\n",
        "def f(lr=0.5):\n    lr = g(lr)\n    SGD(p, lr=lr)\n", "lr = 0.5\ndef g():\n    global lr\n    lr = 1\no = SGD(p, lr=lr)\n",
        "a.lr = 1\na.lr += 1\no = SGD(p, lr=a.lr)\n",
    ],
)  # fmt: skip
def test_a_number_without_one_literal_is_refused(text: str) -> None:
    script = read(text)
    (call,) = calls(script, OPTIMIZERS)
    assert origin(script, argument(call, "lr")) is None


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("out = net(x)\nloss = f(out.detach(), y)\nloss.backward()\n", 3, [(2, "detach")]),
        ("for x in d:\n    out = net(x)\n    log.append(out.mean().item())\n    loss = f(out)\n    loss.backward()\n", 5, []),
        ("t = 0\nfor x in d:\n    t += f(x).item()\nl = torch.tensor(t)\nl.backward()\n", 5, [(3, "item"), (4, "tensor")]),
        ("def loss_of(a):\n    return f(a.data)\ndef go(net):\n    l = loss_of(net(x))\n    l.backward()\n", 5, []),
        ("with torch.no_grad():\n    h = net(x)\nl = f(h)\nl.backward()\n", 4, [(1, "no_grad")]),
        ("l = f(out[:, i.item()])\nl.backward()\n", 2, []),
        ("p = out.argmax(1).float()\nf(p).backward()\n", 2, [(1, "argmax")]),
        ("l = f(torch.tensor(0.0) + out)\nl.backward()\n", 2, []),
    ],
)
def test_cuts_on_the_way_to_the_loss(text: str, line: int, expected: list[tuple[int, str]]) -> None:
    script = read(f"import torch\n{text}")
    assert [(c.line - 1, c.what) for c in cuts(script, 1, line + 1)] == expected


def test_cuts_inside_a_forward_in_another_file() -> None:
    net = read("""
        import torch
        from torch import nn
        class Enc(nn.Module):
            @torch.no_grad()
            def forward(self, x):
                return x
        class Net(nn.Module):
            def __init__(self):
                self.enc = Enc()
            def forward(self, x):
                h = self.enc(x)
                return self.out(h.detach())
        model = Net()
    """)
    main = read("from net import model\nloss = f(model(x))\nloss.backward()\n")
    assert [(c.line, c.what) for c in cuts(main, 1, 3, [net])] == [(5, "no_grad"), (12, "detach")]
