"""The change of the source that each fix makes: before and after, refused where no place is certain, and taken back."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakeSigns

from lossdoctor.causes import all_causes
from lossdoctor.fixes import all_fixes
from lossdoctor.fixes.change_setting import others
from lossdoctor.signs import Signs
from lossdoctor.trace.events import (
    Birth,
    HeldInput,
    LossGraph,
    LossTerm,
    ModelSeen,
    ParamFacts,
    RecurrentCall,
    RunStarted,
    Site,
)
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter

NET = """\
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

BATCH = 16


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)

    def forward(self, {args}):
        {body}


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
{more}
"""
PLAIN = "out, _ = self.lstm(x)\n        return self.fc(out[:, -1])"
LOOP = """\
for epoch in range(3):
    for rows in torch.randperm(100).split({batch}):
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
"""
BARE = """\
import torch
from torch import nn
rnn = nn.GRU(2, 8, batch_first=True)
fc = nn.Linear(8, 1)
opt = torch.optim.Adam([*rnn.parameters(), *fc.parameters()], lr=0.1)
for x, y in data:
    loss = nn.functional.mse_loss(fc(rnn(x)[1][0]), y)
    loss.backward()
"""
REGRESSION = LossTerm(0, 0, "mse_loss", (4, 1), (4, 1), "float32", site=1)
Y = np.array([-300.0, -300.0, -310.0, -310.0], dtype=np.float32)
X2 = np.array([[[100.0, 1.0], [104.0, 3.0]], [[96.0, 1.0], [100.0, 3.0]]], dtype=np.float32)
CALL = RecurrentCall(0, "lstm", "LSTM", (16, 20, 1), True, False, 1, False, 8)


LOADED = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 8, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


def make():
    start = torch.load("start.pt")
    net = Net(){moved}
    {load}
    return net


net = make()
opt = kinds[name](net.parameters(), lr=0.1)
for x, y in data:
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
"""


def loaded(load: str = "net.load_state_dict(start)", moved: str = "") -> str:
    return LOADED.format(load=load, moved=moved)


def net(body: str = PLAIN, more: str = LOOP.format(batch="BATCH"), args: str = "x") -> str:
    return NET.format(body=body, more=more, args=args)


def held_back(*asked: np.ndarray) -> dict[str, Any]:
    """A run that was trained on X2, and asked about these, ten times each."""
    held = {f"held-{number}": np.tile(x, (10, 1, 1)) for number, x in enumerate(asked)}
    return {"term": REGRESSION, "x": X2, "y": Y, "arrays": held, "events": [HeldInput(0, 0, name) for name in held]}


def in_order(rows: str, pick: str, before: str = "") -> str:
    return (
        f"import torch\n\nfor epoch in range(3):\n    {before or 'net.train()'}\n    for {rows}:\n"
        f"        loss = nn.functional.mse_loss(net(x[{pick}]), y[{pick}])\n        loss.backward()\n"
    )


Row = tuple[str, str, dict[str, Any], str, dict[str, Any], list[str], list[str]]

ROWS: list[Row] = [
    ("a constant of the batches", "set-batch", {"size": 4}, net(), {"term": LossTerm(0, 0, "mse_loss", (16, 1), (16, 1), "float32")},
     ["BATCH = 16"], ["BATCH = 4"]),
    ("a number of the batches", "set-batch", {"size": 4}, net(more=LOOP.format(batch="16")),
     {"term": LossTerm(0, 0, "mse_loss", (16, 1), (16, 1), "float32")},
     ["for rows in torch.randperm(100).split(16):"], ["for rows in torch.randperm(100).split(4):"]),
    ("inputs of two features", "scale-inputs", {}, net(), {"term": REGRESSION, "x": X2, "y": Y}, [],
     ["x = (x - x.new_tensor([100.0, 2.0])) / x.new_tensor([2.828, 1.0])"]),
    ("inputs of layers by themselves", "scale-inputs", {}, BARE, {"term": REGRESSION, "x": X2, "y": Y}, [],
     ["rnn.register_forward_pre_hook(lambda layer, given: "
      "((given[0] - given[0].new_tensor([100.0, 2.0])) / given[0].new_tensor([2.828, 1.0]), *given[1:]))"]),
    ("targets of layers by themselves", "scale-targets", {}, BARE, {"term": REGRESSION, "x": X2, "y": Y},
     ["loss = nn.functional.mse_loss(fc(rnn(x)[1][0]), y)"],
     ["fc.register_forward_hook(lambda layer, given, answer: answer * 5.0 - 305.0)",
      "loss = nn.functional.mse_loss((fc(rnn(x)[1][0]) + 305.0) / 5.0, (y + 305.0) / 5.0)"]),
    ("inputs and targets", "scale-targets", {"mean": -305.0, "std": 5.0, "x_mean": [100.0], "x_std": [3.0]}, net(),
     {"term": REGRESSION, "y": Y},
     ["return self.fc(out[:, -1])", "loss = nn.functional.mse_loss(net(x[rows]), y[rows])"],
     ["x = (x - 100.0) / 3.0", "return self.fc(out[:, -1]) * 5.0 - 305.0",
      "loss = nn.functional.mse_loss((net(x[rows]) + 305.0) / 5.0, (y[rows] + 305.0) / 5.0)"]),
    ("extreme inputs", "winsorise", {"x": [[-2.0], [2.0], [0.5], [1.5]], "y": []}, net(), {},
     [], ["x = (x.clamp(-2.0, 2.0) - 0.5) / 1.5"]),
    ("extreme targets", "winsorise", {"x": [], "y": [-2.0, 2.0, 0.5, 1.5]}, net(), {"term": REGRESSION, "y": Y},
     ["return self.fc(out[:, -1])", "loss = nn.functional.mse_loss(net(x[rows]), y[rows])"],
     ["return self.fc(out[:, -1]) * 1.5 + 0.5",
      "loss = nn.functional.mse_loss((net(x[rows]) - 0.5) / 1.5, (y[rows].clamp(-2.0, 2.0) - 0.5) / 1.5)"]),
    ("gaps in the inputs", "impute", {}, net(), {"term": REGRESSION, "x": np.where(X2 == 3, np.inf, X2)[..., :1] * np.float32(1),
     "y": np.array([1.0, np.nan, 2.0, 3.0], dtype=np.float32)},
     ["loss = nn.functional.mse_loss(net(x[rows]), y[rows])"],
     ["loss = nn.functional.mse_loss(net(x[rows])[y[rows].isfinite()], y[rows][y[rows].isfinite()])"]),
    ("a gap that has made all of a feature none, in the array from a file", "impute", {},
     net().replace("import torch\n", "import numpy as np\nimport torch\nseries = np.load('a.npz')['series']\nscaled = series - series[:9].mean(0)\n", 1),
     {"term": REGRESSION, "x": X2 * np.float32(np.nan)}, [],
     ["series = np.where(np.isfinite(series), series, np.nanmedian(series, axis=0))"]),
    ("weights from a file", "reinit", {}, loaded(), {"optimizer": ""}, ["net.load_state_dict(start)"], []),
    ("weights from a file, if there is one", "reinit", {}, loaded("if start:\n        net.load_state_dict(start)", '.to("cpu")'),
     {"optimizer": ""}, ["if start:", "net.load_state_dict(start)"], []),
    ("gates of weights from a file", "reinit", {"how": "forget", "forget": 1.0}, loaded(), {"optimizer": ""}, [],
     ["for name, bias in net.named_parameters():", 'if "bias_ih" in name:', "quarter = len(bias) // 4",
      "bias.data[quarter : 2 * quarter] += 1.0"]),
    ("gates, an optimizer of any kind", "reinit", {"how": "forget", "forget": 1.0}, loaded("pass"), {"optimizer": ""}, [],
     ["for name, bias in net.named_parameters():", 'if "bias_ih" in name:', "quarter = len(bias) // 4",
      "bias.data[quarter : 2 * quarter] += 1.0"]),
    ("a shorter look", "set-window", {"steps": 5, "axis": 1}, net(), {"events": [CALL]}, [], ["x = x[:, -5:]"]),
    ("held-back inputs of another scale", "rescale-held-back", {}, net(more=LOOP.format(batch="16") + "net.eval()\n"),
     held_back(4 * X2 + 8), [],
     ["if not self.training:", "x = x * x.new_tensor([0.25, 0.25]) + x.new_tensor([-2.0, -2.0])"]),
    ("held-back inputs of layers by themselves", "rescale-held-back", {}, BARE, held_back(4 * X2 + 8), [],
     ["rnn.register_forward_pre_hook(lambda layer, given: (given[0] if torch.is_grad_enabled() else given[0] * "
      "given[0].new_tensor([0.25, 0.25]) + given[0].new_tensor([-2.0, -2.0]), *given[1:]))"]),
    ("rows in the order of the file", "shuffle", {}, in_order("rows in torch.arange(100).split(8)", "rows"), {},
     ["for rows in torch.arange(100).split(8):"], ["for rows in torch.randperm(100).split(8):"]),
    ("an order that is none", "shuffle", {}, in_order("i in range(0, 100, 8)", "order[i : i + 8]", "order = torch.arange(len(x))"), {},
     ["order = torch.arange(len(x))"], ["order = torch.randperm(len(x))"]),
    ("a setting of the order", "shuffle", {},
     in_order("i in range(0, 100, 8)", "o[i : i + 8]", "o = torch.randperm(9) if MIX else torch.arange(9)"), {},
     ["o = torch.randperm(9) if MIX else torch.arange(9)"], ["o = torch.randperm(9)"]),
    ("slices of the rows", "shuffle", {}, in_order("i in range(0, len(x), 8)", "i : i + 8"), {"events": [CALL]},
     ["loss = nn.functional.mse_loss(net(x[i : i + 8]), y[i : i + 8])"],
     ["order = torch.randperm(len(x))", "loss = nn.functional.mse_loss(net(x[order[i : i + 8]]), y[order[i : i + 8]])"]),
    ("padded numbers", "mask-padding", {"how": "front", "index": 0.0, "axis": 1}, net(), {"term": REGRESSION, "x": X2, "y": Y}, [],
     ["padding = (x == 0).all(2).flip(1).long().cumprod(1).sum(1, keepdim=True)",
      "x = x.gather(1, ((torch.arange(x.shape[1], device=x.device) - padding) % x.shape[1])[..., None].expand_as(x))"]),
    ("lengths known", "pack", {}, net("_, (h, c) = self.lstm(x)\n        return self.fc(h[-1])", args="x, lengths"), {"events": [CALL]},
     ["_, (h, c) = self.lstm(x)"],
     ["_, (h, c) = self.lstm(pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False))"]),
    ("the first step read", "last-valid-step", {}, net("out, _ = self.lstm(x)\n        return self.fc(out[:, 0])"), {"events": [CALL]},
     ["return self.fc(out[:, 0])"], ["return self.fc(out[:, -1])"]),
    ("outputs stacked along time", "permute-axes", {}, net("states = list(x)\n        return torch.stack(states).view(4, 5, 8)"), {},
     ["return torch.stack(states).view(4, 5, 8)"], ["return torch.stack(states, dim=1)"]),
    ("a state viewed", "permute-axes", {}, net("_, (h, c) = self.lstm(x)\n        return self.fc(h.view(len(x), -1))"), {},
     ["return self.fc(h.view(len(x), -1))"], ["return self.fc(h.transpose(0, 1).reshape(len(x), -1))"]),
    ("a state on the model", "reset-state", {}, net("out, self.state = self.lstm(x, self.state)\n        return self.fc(out)"), {},
     [], ["self.state = None"]),
    ("a state kept apart", "reset-state", {},
     net("out, (h, c) = self.lstm(x, self.state)\n        self.state = (h.detach(), c.detach())\n        return self.fc(out)"), {},
     ["out, (h, c) = self.lstm(x, self.state)"], ["out, (h, c) = self.lstm(x)"]),
    ("a weight of a term", "weigh-loss-term", {},
     net(more="beta = 5.0\nfor x, y in data:\n    loss = f(net(x), y) + beta * penalty\n    loss.backward()\n"), {},
     ["beta = 5.0"], ["beta = 0.005"]),
    ("momentum", "set-momentum", {}, net(), {}, ["opt = torch.optim.SGD(net.parameters(), lr=0.1)"],
     ["opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)"]),
    ("a schedule for the run", "replace-scheduler", {},
     net(more="EPOCHS = 9\nscheduler = torch.optim.lr_scheduler.StepLR(opt, 1)\nfor epoch in range(EPOCHS):\n    scheduler.step()\n"), {},
     ["scheduler = torch.optim.lr_scheduler.StepLR(opt, 1)"],
     ["scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS)"]),
    ("a warm-up", "warm-up", {"steps": 50}, net(), {}, [],
     ["warm_up = torch.optim.lr_scheduler.LinearLR(opt, start_factor=0.01, total_iters=50)", "warm_up.step()"]),
    ("dropout between layers", "recurrent-dropout", {"p": 0.2}, "from torch import nn\nrnn = nn.GRU(1, 8, num_layers=2)\n", {},
     ["rnn = nn.GRU(1, 8, num_layers=2)"], ["rnn = nn.GRU(1, 8, num_layers=2, dropout=0.2)"]),
    ("a loop over time", "truncate-bptt", {"steps": 20},
     "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
     "        self.cell = nn.LSTMCell(1, 8)\n\n    def forward(self, x):\n        for t in range(x.size(1)):\n"
     "            h, c = self.cell(x[:, t], (h, c))\n        return h\n", {},
     [], ["if t and t % 20 == 0:", "h, c = h.detach(), c.detach()"]),
    ("clipped while scaled", "unscale-before-clip", {},
     net(more="for x, y in data:\n    scaler.scale(loss).backward()\n    nn.utils.clip_grad_norm_(net.parameters(), 1.0)\n"
         "    scaler.step(opt)\n"), {}, [], ["scaler.unscale_(opt)"]),
    ("one scaler for both", "own-target-scaler", {},
     "from sklearn.preprocessing import MinMaxScaler\nscaler = MinMaxScaler()\nx = scaler.fit_transform(x)\ny = scaler.fit_transform(y)\n"
     "p = scaler.inverse_transform(p)\n", {"optimizer": ""},
     ["y = scaler.fit_transform(y)", "p = scaler.inverse_transform(p)"],
     ["target_scaler = MinMaxScaler()", "y = target_scaler.fit_transform(y)", "p = target_scaler.inverse_transform(p)"]),
    ("fitted again on the test", "fit-scaler-on-train-only", {},
     "from sklearn.preprocessing import MinMaxScaler\ns = MinMaxScaler()\na = s.fit_transform(train)\nb = s.fit_transform(test)\n",
     {"optimizer": ""}, ["b = s.fit_transform(test)"], ["b = s.transform(test)"]),
    ("fitted to all rows", "fit-scaler-on-train-only", {},
     "from sklearn.preprocessing import MinMaxScaler\nn = 100\ns = MinMaxScaler()\nz = s.fit_transform(values)\na, b = z[:n], z[n:]\n",
     {"optimizer": ""}, ["z = s.fit_transform(values)"], ["z = s.fit(values[:n]).transform(values)"]),
    ("the best weights kept", "early-stop", {},
     net(more="for epoch in range(9):\n    for x, y in data:\n        f(net(x), y).backward()\n    val_loss = held(net)\n"), {},
     [], ['best, kept = float("inf"), None', "if val_loss < best:",
          "best, kept = float(val_loss), {k: v.detach().clone() for k, v in net.state_dict().items()}", "if kept is not None:",
          "net.load_state_dict(kept)"]),
    ("the best weights not taken back", "early-stop", {},
     net(more="import copy\nfor epoch in range(9):\n    for x, y in data:\n        f(net(x), y).backward()\n"
         "    best_state = copy.deepcopy(net.state_dict())\n"), {}, [], ["net.load_state_dict(best_state)"]),
    ("half of a name", "use-float32", {}, "import torch\ndtype = torch.bfloat16\nx = x.to(dtype)\n", {},
     ["dtype = torch.bfloat16"], ["dtype = torch.float32"]),
    ("settings of a file", "widen", {"hidden": 32},
     'import json\nfrom torch import nn\nconf = json.loads(text)\nrnn = nn.GRU(1, conf["hidden"])\nfc = nn.Linear(conf["hidden"], 1)\n', {},
     [], ['conf["hidden"] = 32']),
    ("layers with settings of their own", "set-batch-first", {"value": True}, "from torch import nn\nrnn = nn.GRU(**settings)\n", {},
     [], ["rnn.batch_first = True"]),
    ("gathered over too many", "add-step", {},
     net(more="N = 24\nfor i, (x, y) in enumerate(data):\n    (f(net(x), y) / N).backward()\n    if (i + 1) % N == 0:\n        opt.step()\n"), {},
     ["N = 24"], ["N = 1"]),
    ("a norm over one feature", "drop-constant-input", {},
     "from torch import nn\nnorm = nn.LayerNorm(1)\nx = norm(x)\n", {}, ["x = norm(x)"], []),
    ("a cell of zeros", "reinit", {}, "import torch\nfrom torch import nn\nw = nn.Parameter(torch.zeros(a, 8))\n", {},
     ["w = nn.Parameter(torch.zeros(a, 8))"], ["w = nn.Parameter(torch.randn(a, 8) / a ** 0.5)"]),
    ("gates of a GRU", "reinit", {"chrono": 30.0, "keep": True}, BARE,
     {"optimizer": "Adam", "events": [RecurrentCall(0, "", "GRU", (4, 30, 2), True, False, 1, False, 8)]}, [],
     ["for name, bias in rnn.named_parameters():", 'if "bias_ih" in name:', "third = len(bias) // 3",
      "reach = torch.empty(third).uniform_(1.0, 29.0).log()", "bias.data[third : 2 * third] = reach", 'elif "bias_hh" in name:',
      "bias.data[len(bias) // 3 : 2 * (len(bias) // 3)] = 0.0"]),
    ("layers by themselves anew", "reinit", {}, BARE, {"optimizer": "Adam"}, [],
     ["for layer in (rnn, fc):", "for module in layer.modules():", 'if hasattr(module, "reset_parameters"):', "module.reset_parameters()"]),
    ("a part held, the rest frozen", "unfreeze", {},
     "import torch\nmodel.body.requires_grad_(False)\nopt = torch.optim.SGD(model.head.parameters(), lr=0.1)\n", {},
     ["model.body.requires_grad_(False)", "opt = torch.optim.SGD(model.head.parameters(), lr=0.1)"],
     ["model.body.requires_grad_(True)", "opt = torch.optim.SGD(model.parameters(), lr=0.1)"]),
    ("a loss by hand", "scale-targets", {"mean": 3.0, "std": 2.0},
     net(more="for x, y in data:\n    loss = ((net(x) - y) ** 2).mean()\n    loss.backward()\n"),
     {"term": LossTerm(0, 0, "squared_error", (4, 1), (4, 1), "float32", by_hand=True)},
     ["return self.fc(out[:, -1])", "loss = ((net(x) - y) ** 2).mean()"],
     ["return self.fc(out[:, -1]) * 2.0 + 3.0", "loss = (((net(x) - 3.0) / 2.0 - (y - 3.0) / 2.0) ** 2).mean()"]),
    ("a column by hand", "squeeze-target", {}, net(more="for x, y in data:\n    loss = far(net(x), y)\n    loss.backward()\n"),
     {"term": LossTerm(0, 0, "squared_error", (4, 1), (4,), "float32", by_hand=True)},
     ["loss = far(net(x), y)"], ["loss = far(net(x).squeeze(-1), y)"]),
    ("a clip by hand", "loosen-clip", {"by_hand": True},
     "import torch\nLIMIT = 0.001\ndef clip(ps, most):\n    for p in ps:\n        p.grad *= most\n"
     "for x in data:\n    loss.backward()\n    clip(ps, LIMIT)\n", {}, ["LIMIT = 0.001"], ['LIMIT = float("inf")']),
    ("a softmax where shares are wanted", "drop-head-activation", {},
     net("return self.head(x)").replace("self.fc = nn.Linear(8, 1)", "self.head = nn.Sequential(nn.Linear(8, 1), nn.Softmax(dim=1))"),
     {"term": LossTerm(0, 0, "binary_cross_entropy", (4, 1), (4, 1), "float32")},
     ["self.head = nn.Sequential(nn.Linear(8, 1), nn.Softmax(dim=1))"], ["self.head = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())"]),
    ("padding before a tagger's loss", "mask-padding", {"how": "loss", "index": 0, "axis": 1},
     net(more="for x, y in data:\n    loss = nn.functional.cross_entropy(net(x).transpose(1, 2), y)\n    loss.backward()\n"),
     {"term": LossTerm(0, 0, "cross_entropy", (4, 2, 5), (4, 5), "int64", site=1), "x": np.ones((4, 5), dtype=np.int64),
      "y": np.ones((4, 5), dtype=np.int64)},
     ["loss = nn.functional.cross_entropy(net(x).transpose(1, 2), y)"],
     ["loss = nn.functional.cross_entropy(net(x).transpose(1, 2), y.masked_fill(x == 0, -100))"]),
    ("dropout of a file", "set-dropout", {"p": 0.0}, 'from torch import nn\nd = nn.Dropout(conf.drop)\n', {},
     ["d = nn.Dropout(conf.drop)"], ["d = nn.Dropout(0.0)"]),
    ("layers of a file", "shallower", {}, 'from torch import nn\nrnn = nn.GRU(1, 8, num_layers=conf.depth)\n', {},
     ["rnn = nn.GRU(1, 8, num_layers=conf.depth)"], ["rnn = nn.GRU(1, 8, num_layers=1)"]),
    ("one score for two classes", "replace-loss", {}, net(more="f = nn.CrossEntropyLoss()\nloss = f(net(x), y)\nloss.backward()\n"),
     {"term": LossTerm(0, 0, "cross_entropy", (4, 1), (4, 1), "float32")}, ["f = nn.CrossEntropyLoss()"], ["f = nn.BCEWithLogitsLoss()"]),
    ("cleared by hand", "move-zero-grad", {},
     net(more="def free():\n    for p in net.parameters():\n        p.grad = None\n\n\n"
         "for x in data:\n    f(net(x)).backward()\n    free()\n    opt.step()\n"), {},
     ["p.grad = None"], ["pass", "opt.zero_grad()"]),
    ("a layer made in forward", "hold-all-parameters", {},
     net("y, _ = self.lstm(x)\n        last = nn.Linear(y.shape[-1], 3)\n        return last(y)"),
     {"events": [ModelSeen(0, 0, "Net", 0, (ParamFacts("last.weight", (3, 8), 24, True),)), LossGraph(0, 0, 0, True, reached=(0,))]},
     ["last = nn.Linear(y.shape[-1], 3)", "return last(y)"], ["self.last = nn.Linear(8, 3)", "return self.last(y)"]),
    ("a cell whose state is left alone", "swap-cell", {"cell": "GRU"}, net(), {},
     ["self.lstm = nn.LSTM(1, 8, batch_first=True)"], ["self.lstm = nn.GRU(1, 8, batch_first=True)"]),
    ("chosen groups", "hold-all-parameters", {},
     net(more="opt = torch.optim.Adam(chosen(net))\n").replace("opt = torch.optim.SGD(net.parameters(), lr=0.1)", ""),
     {"optimizer": "Adam", "events": [ModelSeen(0, 0, "Net", 0, (ParamFacts("fc.bias", (1,), 1, True),)), LossGraph(0, 0, 0, True, reached=(0,))]},
     [], ['held = {id(p) for group in opt.param_groups for p in group["params"]}',
          'opt.add_param_group({"params": [p for p in net.parameters() if id(p) not in held]})']),
    ("the loop's own loader", "shuffle", {}, "a = DataLoader(p)\nb = DataLoader(q)\nfor x, y in a:\n    f(x).backward()\n", {},
     ["a = DataLoader(p)"], ["a = DataLoader(p, shuffle=True)"]),
]  # fmt: skip


def changed(diff: str, sign: str) -> list[str]:
    return [line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]


def folder_of(signs: Signs) -> Path:
    assert signs.started is not None
    return Path(signs.started.cwd)


def patch(folder: Path, diff: str, *options: str) -> None:
    ran = subprocess.run(["git", "apply", *options, "-"], cwd=folder, input=diff.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode() + diff


@pytest.mark.parametrize(("fix", "args", "text", "seen", "out", "into"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_before_and_after_and_back(
    fix: str, args: dict[str, Any], text: str, seen: dict[str, Any], out: list[str], into: list[str], signs_of: MakeSigns
) -> None:
    signs = signs_of(text, **({"optimizer": "SGD", "lr": [0.1]} | seen))
    change = all_fixes()[fix].change(signs, args)
    assert change is not None
    assert (changed(change.diff, "-"), changed(change.diff, "+")) == (out, into), change.diff
    folder = folder_of(signs)
    before = (folder / "train.py").read_bytes()
    patch(folder, change.diff)
    after = (folder / "train.py").read_text()
    ast.parse(after)
    assert [edit.after for edit in change.edits] == [after]
    patch(folder, change.diff, "--reverse")
    assert (folder / "train.py").read_bytes() == before


REFUSED: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("a state that is used", "swap-cell", {"cell": "GRU"}, net("_, (h, c) = self.lstm(x)\n        return self.fc(h[-1])"), {}),
    ("two answers", "scale-targets", {"mean": 1.0, "std": 2.0}, net("if x:\n            return x\n        return 2 * x"), {"term": REGRESSION}),
    ("tokens", "scale-inputs", {}, net(), {"term": REGRESSION, "x": np.ones((4, 5), dtype=np.int64), "y": Y}),
    ("a longer window", "set-window", {"steps": 50, "axis": 1}, net(), {"events": [CALL]}),
    ("outputs used", "pack", {}, net(args="x, lengths"), {"events": [CALL]}),
    ("no lengths", "pack", {}, net("_, (h, c) = self.lstm(x)\n        return self.fc(h[-1])"), {"events": [CALL]}),
    ("a view of something else", "permute-axes", {}, net("return x.view(4, 5, 8)"), {}),
    ("two weights", "weigh-loss-term", {}, net(more="for x in data:\n    (2.0 * f(x) + 3.0 * g(x)).backward()\n"), {}),
    ("Adam has none", "set-momentum", {}, "import torch\nopt = torch.optim.Adam(p)\n", {"optimizer": "Adam"}),
    ("one layer", "recurrent-dropout", {}, "from torch import nn\nrnn = nn.GRU(1, 8)\n", {}),
    ("one fit", "own-target-scaler", {}, "s = MinMaxScaler()\nx = s.fit_transform(x)\n", {}),
    ("no held-back loss", "early-stop", {}, net(), {}),
    ("unscaled already", "unscale-before-clip", {},
     net(more="for x, y in data:\n    s.scale(loss).backward()\n    s.unscale_(opt)\n    nn.utils.clip_grad_norm_(p, 1.0)\n"), {}),
    ("a file of several arrays", "impute", {},
     "import numpy as np\nd = np.load('a.npz')\nx = (d['x'] - d['x'].mean(0)) / d['x'].std(0)\n", {"x": X2 * np.float32(np.nan)}),
    ("settings passed on", "widen", {"hidden": 32}, 'from torch import nn\ndef make(conf):\n    return nn.GRU(1, conf["hidden"])\n', {}),
    ("a start that is the standard one", "reinit", {}, loaded("pass"), {"optimizer": ""}),
    ("another net's weights", "reinit", {}, loaded("net.load_state_dict(other.state_dict())"), {"optimizer": ""}),
    ("weights loaded after use", "reinit", {}, loaded("train(net)\n    net.load_state_dict(best)"), {"optimizer": ""}),
    ("a net not built here", "reinit", {}, loaded("other.load_state_dict(start)"), {"optimizer": ""}),
    ("held-back inputs of either scale", "rescale-held-back", {}, net(more=LOOP.format(batch="16") + "net.eval()\n"),
     held_back(4 * X2 + 8, X2)),
    ("never told that it is not trained", "rescale-held-back", {}, net(), held_back(4 * X2 + 8)),
    ("drawn at random already", "shuffle", {}, in_order("rows in torch.randperm(100).split(8)", "rows"), {"events": [CALL]}),
    ("slices of time", "shuffle", {}, in_order("i in range(0, 100, 8)", ":, i : i + 8"), {"events": [CALL]}),
    ("slices, the axes not known", "shuffle", {}, in_order("i in range(0, 100, 8)", "i : i + 8"), {}),
    ("a step index that is used otherwise", "shuffle", {},
     in_order("i in range(0, 100, 8)", "i : i + 8").replace("net(x", "net(i, x"), {"events": [CALL]}),
    ("padded with a fraction", "mask-padding", {"how": "front", "index": 0.5, "axis": 1}, net(), {"term": REGRESSION, "x": X2, "y": Y}),
    ("words", "drop-constant-input", {}, "e = nn.Embedding(3, 4)\nx = torch.zeros(9, 4, dtype=torch.long)\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("fix", "args", "text", "seen"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_where_no_place_is_certain(fix: str, args: dict[str, Any], text: str, seen: dict[str, Any], signs_of: MakeSigns) -> None:
    signs = signs_of(text, **({"optimizer": "SGD", "lr": [0.1]} | seen))
    assert all_fixes()[fix].change(signs, args) is None
    assert all_fixes()[fix].snippet(signs, args).startswith("# ")


MODEL = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        return self.fc(x)
"""
TRAIN = """\
from torch import nn
from parts.model import Net

net = Net()
for x, y in data:
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
"""


def seen_across(folder: Path, files: dict[str, str], lines: list[tuple[str, int, str]]) -> Signs:
    writer = TraceWriter(folder.parent / "trace")
    writer.event(RunStarted("train.py", cwd=str(folder)))
    for number, (file, line, what) in enumerate(lines):
        writer.event(Site(number, file, line, what))
    writer.event(ModelSeen(0, 0, "Net", 0, ()))
    writer.close()
    return Signs(read_trace(folder.parent / "trace"))


FROM_FILE = """\
import json
import torch
from torch import nn
c = json.load(open("c.json"))
KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
rnn = nn.LSTM(1, c["hidden"], batch_first=True)
drop = nn.Dropout(c["p"])
extra = {"lr": c["base_rate"]}
opt = MAKE
for epoch in range(max(1, int(c["epochs"]))):
    batches = torch.randperm(100).split(c["batch"])
    for rows in batches:
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), c["clip"])
        opt.step()
"""
SETTINGS = '{"hidden": 2, "p": 0.9, "base_rate": 0.1, "epochs": 3, "batch": 64, "clip": 0.001, "decay": 0.5}'
BY_KIND = 'KINDS[c["kind"]](net.parameters(), lr=c["base_rate"], weight_decay=c["decay"])'


@pytest.mark.parametrize(
    ("fix", "args", "make", "old", "new"),
    [
        ("widen", {"hidden": 32}, BY_KIND, '"hidden": 2', '"hidden": 32'),
        ("set-dropout", {"p": 0.0}, BY_KIND, '"p": 0.9', '"p": 0.0'),
        ("lower-lr", {"lr": 0.01}, BY_KIND, '"base_rate": 0.1', '"base_rate": 0.01'),
        ("lower-lr", {"lr": 0.01}, "torch.optim.SGD(net.parameters(), **extra)", '"base_rate": 0.1', '"base_rate": 0.01'),
        ("lower-lr", {"lr": 0.01}, "made_elsewhere(net)", '"base_rate": 0.1', '"base_rate": 0.01'),
        ("set-weight-decay", {"value": 0.0}, BY_KIND, '"decay": 0.5', '"decay": 0.0'),
        ("train-longer", {"epochs": 15}, BY_KIND, '"epochs": 3', '"epochs": 15'),
        ("set-batch", {"size": 8}, BY_KIND, '"batch": 64', '"batch": 8'),
        ("loosen-clip", {"max_norm": 5.0}, BY_KIND, '"clip": 0.001', '"clip": 5.0'),
    ],
)
def test_a_number_from_a_settings_file_is_changed_there(
    fix: str, args: dict[str, Any], make: str, old: str, new: str, signs_of: MakeSigns, tmp_path: Path
) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "c.json").write_text(SETTINGS)
    term = LossTerm(0, 0, "mse_loss", (64, 1), (64, 1), "float32")
    signs = signs_of(FROM_FILE.replace("MAKE", make), optimizer="SGD", lr=[0.1], weight_decay=0.5, clip=(0.001, 3.0), term=term)
    change = all_fixes()[fix].change(signs, args)
    assert change is not None
    patch(tmp_path / "job", change.diff)
    assert (tmp_path / "job" / "c.json").read_text() == SETTINGS.replace(old, new)
    assert (tmp_path / "job" / "train.py").read_text() == FROM_FILE.replace("MAKE", make)


def test_another_value_of_a_word_and_of_a_truth(signs_of: MakeSigns, tmp_path: Path) -> None:
    text = 'import json\nc = json.load(open("c.json"))\nhead = getattr(nn, c["out"])()\nif c["freeze"]:\n    pass\n'
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "c.json").write_text('{"out": "Sigmoid", "verbose": true,\n "freeze": true}\n')
    signs, fix = signs_of(text, "SGD", [0.1]), all_fixes()["change-setting"]
    found = list(others(signs, "weights are frozen: unfreeze"))
    assert found == [{"setting": "freeze", "value": "false"}, {"setting": "out", "value": '"Identity"'}]
    changes = [fix.change(signs, args) for args in found]
    assert [changed(c.diff, "+") for c in changes if c is not None] == [
        ['"freeze": false}'], ['{"out": "Identity", "verbose": true,'],
    ]  # fmt: skip
    assert fix.title(signs, found[0]) == "set freeze to false in c.json"


def test_a_setting_that_was_not_in_force_is_left_alone(signs_of: MakeSigns, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "c.json").write_text(SETTINGS)
    signs = signs_of(FROM_FILE.replace("MAKE", "made_elsewhere(net)"), optimizer="SGD", lr=[0.2])
    assert all_fixes()["lower-lr"].change(signs, {"lr": 0.01}) is None


def test_a_change_goes_across_the_users_own_modules(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "parts").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "parts" / "model.py").write_text(MODEL)
    (folder / "train.py").write_text(TRAIN)
    signs = seen_across(folder, {}, [
        (str(folder / "train.py"), 6, "criterion"), (str(folder / "train.py"), 7, "loss"),
        (str(folder / "parts" / "model.py"), 10, "module"),
    ])  # fmt: skip
    change = all_fixes()["scale-targets"].change(signs, {"mean": 3.0, "std": 2.0})
    assert change is not None and len(change.edits) == 2
    assert "+++ b/parts/model.py" in change.diff and "+++ b/train.py" in change.diff
    assert changed(change.diff, "+") == [
        "return self.fc(x) * 2.0 + 3.0",
        "loss = nn.functional.mse_loss((net(x) - 3.0) / 2.0, (y - 3.0) / 2.0)",
    ]
    (folder / ".git").rmdir()
    patch(folder, change.diff)
    patch(folder, change.diff, "--reverse")
    assert ((folder / "parts" / "model.py").read_text(), (folder / "train.py").read_text()) == (MODEL, TRAIN)


def test_a_change_goes_into_a_notebooks_cells(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    notebook = folder / "notes.ipynb"
    cells = [{"cell_type": "code", "source": text.splitlines(keepends=True)} for text in (MODEL, TRAIN)]
    notebook.write_text(json.dumps({"cells": cells}))
    second = f"{notebook}[cell 2]"
    signs = seen_across(folder, {}, [(second, 6, "criterion"), (second, 7, "loss")])
    change = all_fixes()["scale-targets"].change(signs, {"mean": 3.0, "std": 2.0})
    assert change is not None
    assert [edit.script.file for edit in change.edits] == [f"{notebook}[cell 1]", second]
    assert "return self.fc(x) * 2.0 + 3.0" in change.edits[0].after


@pytest.mark.parametrize(
    ("text", "line", "op", "backward", "out", "into"),
    [
        ("w = torch.exp(s)\nz = w / w.sum(dim=1, keepdim=True)\n", 3, "div", False,
         ["w = torch.exp(s)"], ["w = torch.exp(s - s.amax(dim=1, keepdim=True))"]),
        ("z = torch.sqrt((a ** 2).sum(-1))\n", 2, "pow", True,
         ["z = torch.sqrt((a ** 2).sum(-1))"], ["z = torch.sqrt((a ** 2).sum(-1) + 1e-8)"]),
    ],
)  # fmt: skip
def test_an_operation_is_guarded_where_its_cause_is(
    text: str, line: int, op: str, backward: bool, out: list[str], into: list[str], signs_of: MakeSigns, tmp_path: Path
) -> None:
    born = Birth(0, op, "0", "NaN", backward, str(tmp_path / "job" / "train.py"), line)
    signs = signs_of(f"import torch\n{text}z.backward()\n", events=[born])
    change = all_fixes()["guard-nan"].change(signs, {})
    assert change is not None
    assert (changed(change.diff, "-"), changed(change.diff, "+")) == (out, into)


def test_fixes_and_causes_know_each_other() -> None:
    named = {fix for cause in all_causes().values() for fix in cause.fixes}
    assert named <= set(all_fixes())
    assert set(all_fixes()) <= named


def test_a_fix_that_is_beside_the_point_is_not_proposed(signs_of: MakeSigns) -> None:
    signs = signs_of(net(), "SGD", [0.1])
    proposed = {name for name, fix in all_fixes().items() if fix.proposed(signs, {})}
    assert "own-target-scaler" not in proposed and "unscale-before-clip" not in proposed
    assert {"lower-lr", "set-momentum", "warm-up"} <= proposed
