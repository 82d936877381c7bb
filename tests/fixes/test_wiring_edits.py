"""Edits of the wiring, in the ways in which scripts spell their loop, their optimizer and their loss."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from conftest import MakeSigns

from lossdoctor.fixes import all_fixes
from lossdoctor.trace.events import LossGraph, LossTerm, ModelSeen, ParamFacts

HEAD = """\
import copy

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        {forward}


"""
KINDS = 'kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}\n'
UNHELD = {
    "optimizer": "Adam",
    "events": [ModelSeen(0, 0, "Net", 0, (ParamFacts("lstm.weight", (8, 1), 8, True),)), LossGraph(0, 0, 0, True, reached=(0,))],
}
LABELS = {"term": LossTerm(0, 0, "mse_loss", (4,), (4,), "float32", site=1)}
PAIR = {"term": LossTerm(0, 0, "mse_loss", (4, 1), (4, 1), "float32", site=1)}
FORWARD = "out, _ = self.lstm(x)\n        return self.fc(out[:, -1])"


def script(made: str, body: str, forward: str = FORWARD) -> str:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return HEAD.replace("{forward}", forward) + f"{made}\nfor x, y in data:\n{lines}"


PLAIN = "loss = f(net(x), y)\nopt.zero_grad()\nloss.backward()\nopt.step()"
SGD = "net = Net()\nopt = torch.optim.SGD(net.parameters(), lr=0.1)"

Row = tuple[str, str, str, dict[str, Any], list[str], list[str]]

ROWS: list[Row] = [
    ("a part, from a table of optimizers", "hold-all-parameters",
     script(KINDS + 'net = Net()\nopt = kinds["adam"](net.fc.parameters(), lr=0.1)', PLAIN), UNHELD,
     ['opt = kinds["adam"](net.fc.parameters(), lr=0.1)'], ['opt = kinds["adam"](net.parameters(), lr=0.1)']),
    ("a copy, in a function that makes the optimizer", "hold-all-parameters",
     script(KINDS + "def make(model):\n    return kinds[NAME](copy.deepcopy(model).parameters())\n\n\nnet = Net()\nopt = make(net)", PLAIN),
     UNHELD, ["return kinds[NAME](copy.deepcopy(model).parameters())"], ["return kinds[NAME](model.parameters())"]),
    ("a part, through an argument", "hold-all-parameters",
     script("def make(parameters, lr):\n    return torch.optim.Adam(parameters, lr)\n\n\nnet = Net()\nopt = make(net.fc.parameters(), 0.1)", PLAIN),
     UNHELD, ["opt = make(net.fc.parameters(), 0.1)"], ["opt = make(net.parameters(), 0.1)"]),
    ("a list kept by itself", "hold-all-parameters",
     script("net = Net()\nparams = list(net.fc.parameters())\nopt = torch.optim.Adam(params)", PLAIN), UNHELD,
     ["params = list(net.fc.parameters())"], ["params = list(net.parameters())"]),
    ("an optimizer on an object", "hold-all-parameters",
     KINDS + HEAD.replace("{forward}", FORWARD) + "class Trainer:\n    def __init__(self, model):\n        self.model = model\n"
     "        self.optimizer = kinds[NAME](model.fc.parameters())\n\n    def fit(self, data):\n        for x, y in data:\n"
     "            self.optimizer.zero_grad()\n            f(self.model(x), y).backward()\n            self.optimizer.step()\n", UNHELD,
     ["self.optimizer = kinds[NAME](model.fc.parameters())"], ["self.optimizer = kinds[NAME](model.parameters())"]),
    ("the same model made again", "hold-all-parameters", script(f"{SGD}\nnet = Net()", PLAIN), {}, ["net = Net()"], []),
    ("made again after it was used", "hold-all-parameters", script(f"{SGD}\nprint(net)\nnet = Net()", PLAIN), {},
     [], ["opt = torch.optim.SGD(net.parameters(), lr=0.1)"]),
    ("frozen while they are listed", "unfreeze",
     script('net = Net()\nopt = kinds[NAME]([p.requires_grad_("fc" in n) for n, p in net.named_parameters()])', PLAIN), {},
     ['opt = kinds[NAME]([p.requires_grad_("fc" in n) for n, p in net.named_parameters()])'], ["opt = kinds[NAME](net.parameters())"]),
    ("frozen by their names", "unfreeze",
     script(f'{SGD}\nfor n, p in net.named_parameters():\n    p.requires_grad = n.startswith("fc")', PLAIN), {},
     ['p.requires_grad = n.startswith("fc")'], ["p.requires_grad = True"]),
    ("cleared a second time", "move-zero-grad",
     script(SGD, "opt.zero_grad()\nloss = f(net(x), y)\nloss.backward()\nopt.zero_grad()\nclip(net)\nopt.step()"), {}, ["opt.zero_grad()"], []),
    ("cleared through the model", "move-zero-grad",
     script(SGD, "loss = f(net(x), y)\nloss.backward()\nnet.zero_grad()\nopt.step()"), {}, ["net.zero_grad()"], ["net.zero_grad()"]),
    ("all on one line", "move-zero-grad", script(SGD, "loss = f(net(x), y)\nloss.backward(); opt.zero_grad(); opt.step()"), {},
     ["loss.backward(); opt.zero_grad(); opt.step()"], ["opt.zero_grad()", "loss.backward(); opt.step()"]),
    ("rebuilt from its number", "attach-graph",
     script(SGD, "loss = f(net(x), y)\nloss = torch.tensor(loss.item(), requires_grad=True)\nloss.backward()"), {},
     ["loss = torch.tensor(loss.item(), requires_grad=True)"], []),
    ("rebuilt where it is made", "attach-graph", script(SGD, "loss = torch.tensor(f(net(x), y).item())\nloss.backward()"), {},
     ["loss = torch.tensor(f(net(x), y).item())"], ["loss = f(net(x), y)"]),
    ("rebuilt, data made before the loop", "attach-graph",
     script(f"{SGD}\nx = torch.from_numpy(load())", "out = torch.from_numpy(net(x).detach().numpy())\nloss = f(out, x)\nloss.backward()"), {},
     ["out = torch.from_numpy(net(x).detach().numpy())"], ["out = net(x)"]),
    ("a sum cut off", "attach-graph", script(SGD, "out = 2 * (net(x) + y).detach()\nloss = f(out, x)\nloss.backward()"), {},
     ["out = 2 * (net(x) + y).detach()"], ["out = 2 * (net(x) + y)"]),
    ("added up as numbers", "attach-graph",
     script(SGD, "total = 0\nfor a in x:\n    l = f(net(a), y)\n    total += l.item()\n"
     "loss = torch.tensor(total / len(x), requires_grad=True)\nloss.backward()"), {},
     ["total += l.item()", "loss = torch.tensor(total / len(x), requires_grad=True)"], ["total = total + l", "loss = total / len(x)"]),
    ("both sides scaled back", "attach-graph",
     script(SGD, "p = s.inverse_transform(net(x).detach().numpy())\nt = s.inverse_transform(y.numpy())\n"
     "loss = nn.functional.mse_loss(torch.tensor(p, requires_grad=True), torch.tensor(t))\nloss.backward()"), PAIR,
     ["loss = nn.functional.mse_loss(torch.tensor(p, requires_grad=True), torch.tensor(t))"],
     ["loss = nn.functional.mse_loss(net(x), y)"]),
    ("classes picked", "attach-graph",
     script(f"{SGD}\nentropy = nn.CrossEntropyLoss()", "out = net(x)\nbest = out.argmax(dim=1)\n"
     "loss = nn.functional.mse_loss(best.float(), y.float())\nloss.requires_grad = True\nloss.backward()\nprint(entropy)"), LABELS,
     ["loss = nn.functional.mse_loss(best.float(), y.float())", "loss.requires_grad = True"], ["loss = entropy(out, y)"]),
]  # fmt: skip


def changed(diff: str, sign: str) -> list[str]:
    return [line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]


@pytest.mark.parametrize(("fix", "text", "seen", "out", "into"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_before_and_after(fix: str, text: str, seen: dict[str, Any], out: list[str], into: list[str], signs_of: MakeSigns) -> None:
    change = all_fixes()[fix].change(signs_of(text, **({"optimizer": "SGD", "lr": [0.1]} | seen)), {})
    assert change is not None
    assert (changed(change.diff, "-"), changed(change.diff, "+")) == (out, into), change.diff
    ast.parse(change.edits[0].after)


REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a part of the trainer itself", "hold-all-parameters", script("opt = torch.optim.Adam(self.net.parameters())", PLAIN), UNHELD),
    ("two makers of the optimizer", "hold-all-parameters",
     script('net = Net()\nif big:\n    opt = kinds["adam"](net.fc.parameters())\nelse:\n    opt = kinds["sgd"](net.lstm.parameters())', PLAIN),
     UNHELD),
    ("frozen here and there", "unfreeze",
     script(f"{SGD}\nnet.fc.requires_grad_(False)\nfor n, p in net.named_parameters():\n    p.requires_grad = n in KEPT", PLAIN), {}),
    ("zeros in their place", "move-zero-grad", script(SGD, PLAIN), {}),
    ("worked on as a number", "attach-graph", script(SGD, "loss = torch.tensor(scale(f(net(x), y).item()))\nloss.backward()"), {}),
    ("rounded to whole numbers", "attach-graph",
     script(SGD, "loss = torch.tensor(f(net(x), y).item(), dtype=torch.long)\nloss.backward()"), {}),
    ("numbers that are shown too", "attach-graph",
     script(SGD, "total = 0\nfor a in x:\n    total += f(net(a), y).item()\nloss = torch.tensor(total)\nloss.backward()\nseen.append(total)"), {}),
    ("scaled back by two scalers", "attach-graph",
     script(SGD, "p = s.inverse_transform(net(x).detach().numpy())\nt = z.inverse_transform(y.numpy())\n"
     "loss = nn.functional.mse_loss(torch.tensor(p), torch.tensor(t))\nloss.backward()"), PAIR),
    ("labels picked as well", "attach-graph",
     script(SGD, "loss = nn.functional.mse_loss(net(x).argmax(1).float(), y.argmax(1).float())\nloss.backward()"), LABELS),
    ("shares picked", "attach-graph",
     script(SGD, "loss = nn.functional.mse_loss(net(x).argmax(1).float(), y.float())\nloss.backward()", "return torch.softmax(self.fc(x), -1)"),
     LABELS | {"events": [ModelSeen(0, 0, "Net", 0, ())]}),
]  # fmt: skip


@pytest.mark.parametrize(("fix", "text", "seen"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_where_no_place_is_certain(fix: str, text: str, seen: dict[str, Any], signs_of: MakeSigns) -> None:
    signs = signs_of(text, **({"optimizer": "SGD", "lr": [0.1]} | seen))
    assert all_fixes()[fix].change(signs, {}) is None
    assert all_fixes()[fix].snippet(signs, {}).startswith("# ")
