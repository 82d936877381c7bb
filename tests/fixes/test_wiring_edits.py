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
HELD = "e = nn.functional.mse_loss(torch.sigmoid(net(z)), t)\ngate = nn.functional.mse_loss(torch.sigmoid(other(z)), t)"
SCHEDULED = (
    "import torch\nnet = Net()\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
    "sched = torch.optim.lr_scheduler.StepLR(opt, 5)\n"
)
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
    ("frozen while they are passed on", "unfreeze",
     script('net = Net()\nopt = torch.optim.SGD((p.requires_grad_("fc" in n) for n, p in net.named_parameters()), 0.1)', PLAIN), {},
     ['opt = torch.optim.SGD((p.requires_grad_("fc" in n) for n, p in net.named_parameters()), 0.1)'],
     ["opt = torch.optim.SGD((net.parameters()), 0.1)"]),
    ("frozen as all that is passed on", "unfreeze",
     script('net = Net()\nopt = make(p.requires_grad_("fc" in n) for n, p in net.named_parameters())', PLAIN), {},
     ['opt = make(p.requires_grad_("fc" in n) for n, p in net.named_parameters())'], ["opt = make(net.parameters())"]),
    ("a part of a model that is moved later", "hold-all-parameters",
     script("net = Net()\nopt = torch.optim.Adam(net.fc.parameters())\nnet = net.to(device)", PLAIN), UNHELD,
     ["opt = torch.optim.Adam(net.fc.parameters())"], ["opt = torch.optim.Adam(net.parameters())"]),
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
    ("squashed in the loss, and again on held-back data", "drop-head-activation",
     script(f"{SGD}\n{HELD}", "loss = nn.functional.mse_loss(torch.sigmoid(net(x)), y)\nloss.backward()"), PAIR,
     ["e = nn.functional.mse_loss(torch.sigmoid(net(z)), t)", "loss = nn.functional.mse_loss(torch.sigmoid(net(x)), y)"],
     ["e = nn.functional.mse_loss(net(z), t)", "loss = nn.functional.mse_loss(net(x), y)"]),
    ("an axis put on in the loss", "squeeze-target",
     script(f"{SGD}\ne = nn.functional.mse_loss((net(z)).unsqueeze(-1), t)",
            "loss = nn.functional.mse_loss((net(x)).unsqueeze(-1), y)\nloss.backward()"),
     {"term": LossTerm(0, 0, "mse_loss", (4, 1), (4,), "float32", site=1)},
     ["e = nn.functional.mse_loss((net(z)).unsqueeze(-1), t)", "loss = nn.functional.mse_loss((net(x)).unsqueeze(-1), y)"],
     ["e = nn.functional.mse_loss(net(z), t)", "loss = nn.functional.mse_loss(net(x), y)"]),
    ("a penalty added later", "weigh-loss-term",
     script(SGD, "loss = f(net(x), y)\nloss = loss + 30 * sum(p.pow(2).sum() for p in net.parameters())\nloss.backward()"), {},
     ["loss = loss + 30 * sum(p.pow(2).sum() for p in net.parameters())"], ["loss = loss + 0.03 * sum(p.pow(2).sum() for p in net.parameters())"]),
    ("a penalty added in place", "weigh-loss-term",
     script(SGD, "loss = f(net(x), y)\nloss += 30 * penalty(net)\nloss.backward()"), {}, ["loss += 30 * penalty(net)"], ["loss += 0.03 * penalty(net)"]),
    ("a rate made smaller by hand", "drop-scheduler",
     script(SGD, f'{PLAIN}\nopt.param_groups[0]["lr"] *= 0.9'), {"lr": [0.1, 0.09, 0.081]}, ['opt.param_groups[0]["lr"] *= 0.9'], []),
    ("a rate made smaller in all groups", "drop-scheduler",
     script(SGD, f'{PLAIN}\nfor g in opt.param_groups:\n    g["lr"] *= 0.9'), {"lr": [0.1, 0.09, 0.081]},
     ["for g in opt.param_groups:", 'g["lr"] *= 0.9'], []),
    ("by hand at each update, by a scheduler at each epoch", "drop-scheduler",
     f"{SCHEDULED}for epoch in range(3):\n    for x, y in data:\n        f(net(x), y).backward()\n        opt.step()\n"
     '        opt.param_groups[0]["lr"] *= 0.9\n    sched.step()\n', {"lr": [0.1, 0.09, 0.081]}, ['opt.param_groups[0]["lr"] *= 0.9'], []),
    ("climbing by settings of a file", "flip-sign",
     script('net = Net()\nopt = getattr(torch.optim, NAME)(net.parameters(), **config)', PLAIN), {"maximize": True},
     [], ["for group in opt.param_groups:", 'group["maximize"] = False']),
    ("own sizes in another order", "permute-axes",
     script(SGD, PLAIN, "b, t, n = x.size()\n        out, _ = self.lstm(x.view(t, b, n))\n        return self.fc(out[-1])"), {},
     ["out, _ = self.lstm(x.view(t, b, n))"], ["out, _ = self.lstm(x.transpose(0, 1).reshape(t, b, n))"]),
    ("time and features in another order", "permute-axes",
     script(SGD, PLAIN, "return self.fc(x.reshape(len(x), x.shape[2], x.shape[1]))"), {},
     ["return self.fc(x.reshape(len(x), x.shape[2], x.shape[1]))"],
     ["return self.fc(x.transpose(1, 2).reshape(len(x), x.shape[2], x.shape[1]))"]),
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
    ("an optimizer that is handed in", "flip-sign", script("net, opt = ready()", PLAIN), {"maximize": True}),
    ("sizes in their order", "permute-axes", script(SGD, PLAIN, "return self.fc(x.view(x.size(0), x.size(1), -1))"), {}),
    ("sizes of another tensor", "permute-axes", script(SGD, PLAIN, "return self.fc(x.view(y.size(1), y.size(0), -1))"), {}),
    ("no rate", "drop-scheduler", script(SGD, f'{PLAIN}\nsizes["lr"] *= 0.9'), {}),
    ("a penalty without a weight", "weigh-loss-term", script(SGD, "loss = f(net(x), y)\nloss += penalty(net)\nloss.backward()"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("fix", "text", "seen"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_where_no_place_is_certain(fix: str, text: str, seen: dict[str, Any], signs_of: MakeSigns) -> None:
    signs = signs_of(text, **({"optimizer": "SGD", "lr": [0.1]} | seen))
    assert all_fixes()[fix].change(signs, {}) is None
    assert all_fixes()[fix].snippet(signs, {}).startswith("# ")
