"""What each fix shows of a small script: the lines taken out and put in, and when it shows no diff."""



from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakeSigns

from lossdoctor.fixes import all_fixes
from lossdoctor.signs import Signs
from lossdoctor.trace.events import Birth, LossTerm, ModelSeen, ModeSeen, ParamFacts, RecurrentCall, Site
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter

BASE = """\
import numpy as np
import pandas as pd
import torch
from torch import nn

EPOCHS = 3
WINDOW = 20
table = pd.read_csv("a.csv")


class Net(nn.Module):
    def __init__(self, hidden=8):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.drop = nn.Dropout(0.9)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, lengths):
        out, _ = self.lstm(x)
        return torch.softmax(self.fc(self.drop(out[:, -1])), dim=1)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(opt, 1, 0.1)
criterion = nn.CrossEntropyLoss()
loader = torch.utils.data.DataLoader(data, batch_size=4)
for epoch in range(EPOCHS):
    for x, lengths, y in loader:
        loss = criterion(net(x, lengths), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.01)
        opt.step()
        scheduler.step()
"""

TERM = LossTerm(0, 0, "cross_entropy", (4, 2), (4,), "int64", site=1)
Y = np.array([0, 0, 0, 1])
X = np.array([100.0, 104.0, 96.0, 100.0], dtype=np.float32).reshape(2, 2, 1)

Case = tuple[str, dict[str, Any], list[str], list[str]]

PLAIN: list[Case] = [
    ("add-zero-grad", {}, [], ["opt.zero_grad()"]),
    ("lower-lr", {"factor": 0.01}, ["opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)"],
     ["opt = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)"]),
    ("raise-lr", {"lr": 2.0}, ["opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)"],
     ["opt = torch.optim.SGD(net.parameters(), lr=2.0, momentum=0.9)"]),
    ("drop-scheduler", {}, ["scheduler.step()"], []),
    ("step-scheduler-per-epoch", {}, ["scheduler.step()"], ["scheduler.step()"]),
    ("add-clip", {"max_norm": 0.5}, [], ["nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5)"]),
    ("loosen-clip", {}, ["nn.utils.clip_grad_norm_(net.parameters(), 0.01)"], ["nn.utils.clip_grad_norm_(net.parameters(), 8.0)"]),
    ("swap-optimizer", {"optimizer": "Adam", "lr": 0.003}, ["opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)"],
     ["opt = torch.optim.Adam(net.parameters(), lr=0.003)"]),
    ("set-weight-decay", {"value": 0.01}, ["opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)"],
     ["opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9, weight_decay=0.01)"]),
    ("train-longer", {"factor": 10}, ["EPOCHS = 3"], ["EPOCHS = 30"]),
    ("reinit", {"how": "standard"}, [],
     ["for module in net.modules():", 'if hasattr(module, "reset_parameters"):', "module.reset_parameters()"]),
    ("widen", {"factor": 4}, ["def __init__(self, hidden=8):"], ["def __init__(self, hidden=32):"]),
    ("drop-head-activation", {}, ["return torch.softmax(self.fc(self.drop(out[:, -1])), dim=1)"],
     ["return self.fc(self.drop(out[:, -1]))"]),
    ("add-log-softmax", {}, ["loss = criterion(net(x, lengths), y)"],
     ["loss = criterion(torch.log_softmax(net(x, lengths), dim=1), y)"]),
    ("replace-loss", {"to": "mse_loss"}, ["criterion = nn.CrossEntropyLoss()"], ["criterion = nn.MSELoss()"]),
    ("set-batch-first", {"value": False}, ["self.lstm = nn.LSTM(1, hidden, batch_first=True)"],
     ["self.lstm = nn.LSTM(1, hidden, batch_first=False)"]),
    ("scale-inputs", {}, [], ["x = (x - 100.0) / 2.828"]),
    ("impute", {}, [], ["table = table.ffill().bfill()"]),
    ("weight-classes", {}, ["criterion = nn.CrossEntropyLoss()"],
     ["criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.667, 2.0]))"]),
    ("mask-padding", {"index": 0}, ["criterion = nn.CrossEntropyLoss()"], ["criterion = nn.CrossEntropyLoss(ignore_index=0)"]),
    ("last-valid-step", {}, ["return torch.softmax(self.fc(self.drop(out[:, -1])), dim=1)"],
     ["return torch.softmax(self.fc(self.drop(out[torch.arange(len(out)), lengths - 1])), dim=1)"]),
    ("shuffle", {}, ["loader = torch.utils.data.DataLoader(data, batch_size=4)"],
     ["loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)"]),
    ("set-dropout", {"p": 0.1}, ["self.drop = nn.Dropout(0.9)"], ["self.drop = nn.Dropout(0.1)"]),
    ("set-window", {"steps": 40}, ["WINDOW = 20"], ["WINDOW = 40"]),
    ("set-mode", {"mode": "train"}, [], ["net.train()"]),
    ("flip-sign", {}, ["loss = criterion(net(x, lengths), y)"], ["loss = -criterion(net(x, lengths), y)"]),
]  # fmt: skip


def changed(diff: str, sign: str) -> list[str]:
    return [line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]


def applied(signs: Signs, diff: str) -> str:
    """The script after `patch -p1`; it must be Python."""
    started = signs.started
    assert started is not None
    folder = Path(started.cwd)
    ran = subprocess.run(["patch", "-p1", "-s", "--binary"], cwd=folder, input=diff.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout.decode() + diff
    assert sorted(p.name for p in folder.iterdir()) == ["train.py"]
    text = (folder / "train.py").read_text()
    ast.parse(text)
    return text


def base(signs_of: MakeSigns) -> Signs:
    return signs_of(BASE, "SGD", [0.5, 0.5, 0.05], 0.0, clip=(0.01, 4.0), term=TERM, x=X, y=Y)


@pytest.mark.parametrize(("fix", "args", "out", "into"), PLAIN, ids=[c[0] for c in PLAIN])
def test_a_diff_at_the_right_place(fix: str, args: dict[str, Any], out: list[str], into: list[str], signs_of: MakeSigns) -> None:
    signs = base(signs_of)
    proposal = all_fixes()[fix].propose(signs, args)
    assert (changed(proposal.snippet, "-"), changed(proposal.snippet, "+")) == (out, into), proposal.snippet
    applied(signs, proposal.snippet)


LOOP = """\
import torch
from torch import nn
import torch.nn.functional as F
{head}
def train(model, opt, loader):
    hidden = None
    for x, y in loader:
{body}
"""
HEAD = "model = Net()\nopt = torch.optim.Adam(model.parameters())"


def loop(body: str, head: str = HEAD) -> str:
    return LOOP.format(head=head, body="\n".join(f"        {line}" for line in body.split("\n")))


CARRIED = RecurrentCall(0, "lstm", "LSTM", (4, 5, 1), True, False, 1, False, 8, carried=True, attached=True)

MORE: list[tuple[str, str, dict[str, Any], str, dict[str, Any], list[str], list[str]]] = [
    ("zeroed between", "move-zero-grad", {}, loop("loss = f(model(x), y)\nloss.backward()\nopt.zero_grad()\nopt.step()"), {},
     ["opt.zero_grad()"], ["opt.zero_grad()"]),
    ("stepped first", "move-zero-grad", {}, loop("opt.zero_grad()\nopt.step()\na()\nb()\nf(model(x), y).backward()"), {},
     ["opt.step()"], ["opt.step()"]),
    ("stepped after a clip", "add-step", {}, loop("f(model(x)).backward()\nnn.utils.clip_grad_norm_(model.parameters(), 1)"), {},
     [], ["opt.step()"]),
    ("scaled", "add-step", {}, loop("scaler.scale(f(model(x))).backward()"), {}, [], ["scaler.step(opt)", "scaler.update()"]),
    ("scaled clip", "add-clip", {"max_norm": 1}, loop("scaler.scale(f(model(x))).backward()\nscaler.step(opt)"), {}, [],
     ["scaler.unscale_(opt)", "nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)"]),
    ("no optimizer", "add-zero-grad", {}, "model = Net()\nfor x in d:\n    model.train()\n    f(model(x)).backward()\n    p -= p.grad\nclass Net:\n"
     "    def forward(self):\n        pass\n", {"optimizer": ""}, [], ["model.zero_grad()"]),
    ("minus at the loss", "flip-sign", {}, loop("loss = -f(model(x))\nloss.backward()"), {}, ["loss = -f(model(x))"],
     ["loss = f(model(x))"]),
    ("minus at the backward", "flip-sign", {}, loop("(-f(model(x))).backward()"), {}, ["(-f(model(x))).backward()"],
     ["f(model(x)).backward()"]),
    ("maximize", "flip-sign", {}, loop("f(model(x)).backward()", "opt = torch.optim.Adam(m.parameters(), lr=1, maximize=True)"),
     {}, ["opt = torch.optim.Adam(m.parameters(), lr=1, maximize=True)"], ["opt = torch.optim.Adam(m.parameters(), lr=1)"]),
    ("climbed by hand", "flip-sign", {}, loop("f(model(x)).backward()\nfor p in ps:\n    p.data += 0.1 * p.grad", ""),
     {"optimizer": ""}, ["p.data += 0.1 * p.grad"], ["p.data -= 0.1 * p.grad"]),
    ("detached", "attach-graph", {}, loop("out = model(x)\nloss = f(out.detach(), y)\nloss.backward()"), {},
     ["loss = f(out.detach(), y)"], ["loss = f(out, y)"]),
    ("detached, a line of its own", "attach-graph", {}, loop("out = model(x)\nout = out.detach()\nf(out, y).backward()"), {},
     ["out = out.detach()"], []),
    ("rounds of a file", "train-longer", {"factor": 4}, "for e in range(cfg['epochs']):\n    for x in d:\n        f(x).backward()\n", {},
     ["for e in range(cfg['epochs']):"], ["for e in range(4 * cfg['epochs']):"]),
    ("own start in a loop", "reinit", {}, loop("f(model(x)).backward()", HEAD + "\nfor p in model.parameters():\n    nn.init.normal_(p)"),
     {}, ["for p in model.parameters():", "nn.init.normal_(p)"], []),
    ("no_grad", "attach-graph", {}, loop("with torch.no_grad():\n    out = model(x)\nloss = f(out, y)\nloss.backward()"), {},
     ["with torch.no_grad():", "out = model(x)"], ["out = model(x)"]),
    ("built again", "hold-all-parameters", {},
     loop("f(model(x)).backward()", "model = Net()\nopt = torch.optim.Adam(model.parameters())\nmodel = Net(9)"), {}, [],
     ["opt = torch.optim.Adam(model.parameters())"]),
    ("plain list", "hold-all-parameters", {}, loop("f(model(x)).backward()", HEAD + """
class Net(nn.Module):
    def __init__(self):
        self.cells = [nn.LSTMCell(4, 4) for _ in range(2)]
    def forward(self, x):
        return x"""), {}, ["self.cells = [nn.LSTMCell(4, 4) for _ in range(2)]"],
     ["self.cells = nn.ModuleList([nn.LSTMCell(4, 4) for _ in range(2)])"]),
    ("frozen", "unfreeze", {}, loop("f(model(x)).backward()", HEAD + "\nfor p in model.parameters():\n    p.requires_grad = False"), {},
     ["p.requires_grad = False"], ["p.requires_grad = True"]),
    ("carried", "detach-state", {}, loop("out, hidden = model(x, hidden)\nf(out).backward(retain_graph=True)\nopt.step()"),
     {"events": [CARRIED]}, ["f(out).backward(retain_graph=True)"],
     ["f(out).backward()", "hidden = tuple(part.detach() for part in hidden)"]),
    ("carried pair", "detach-state", {}, loop("out, (h, c) = model(x, (h, c))\nf(out).backward()"), {}, [],
     ["h, c = h.detach(), c.detach()"]),
    ("carried too far", "reset-state", {}, loop("out, hidden = model(x, hidden)\nf(out).backward()\nopt.step()"), {}, [],
     ["hidden = None"]),
    ("plain cell", "swap-cell", {}, loop("f(model(x)).backward()", "rnn = nn.RNN(1, 8, nonlinearity='relu', batch_first=True)"), {},
     ["rnn = nn.RNN(1, 8, nonlinearity='relu', batch_first=True)"], ["rnn = nn.GRU(1, 8, batch_first=True)"]),
    ("two shuffles", "realign-pairs", {},
     "import numpy as np\nnp.random.shuffle(a)\nnp.random.shuffle(b)\n", {"optimizer": ""},
     ["np.random.shuffle(a)", "np.random.shuffle(b)"], ["order = np.random.permutation(len(a))", "a, b = a[order], b[order]"]),
    ("half", "use-float32", {}, loop("f(model(x.half())).backward()", "model = Net().half()"), {},
     ["model = Net().half()", "f(model(x.half())).backward()"], ["model = Net()", "f(model(x)).backward()"]),
    ("squeezed", "squeeze-target", {}, loop("loss = F.mse_loss(model(x), y)\nloss.backward()"),
     {"term": LossTerm(0, 0, "mse_loss", (4, 1), (4,), "float32", site=1)}, ["loss = F.mse_loss(model(x), y)"],
     ["loss = F.mse_loss(model(x).squeeze(-1), y)"]),
    ("groups", "lower-lr", {"factor": 0.1},
     loop("f(model(x)).backward()", "opt = torch.optim.Adam([{'params': a, 'lr': 1.0}, {'params': b}], lr=2.0)"),
     {"lr": [1.0]}, [], ["for group in opt.param_groups:", 'group["lr"] *= 0.1']),
    ("one cycle", "lower-lr", {"factor": 0.1}, loop("f(model(x)).backward()", HEAD + "\ns = torch.optim.lr_scheduler.OneCycleLR(opt, 0.5, 9)"),
     {"lr": [0.02]}, ["s = torch.optim.lr_scheduler.OneCycleLR(opt, 0.5, 9)"], ["s = torch.optim.lr_scheduler.OneCycleLR(opt, 0.05, 9)"]),
    ("default rate", "raise-lr", {"factor": 10}, loop("f(model(x)).backward()"), {"lr": [0.001]},
     ["opt = torch.optim.Adam(model.parameters())"], ["opt = torch.optim.Adam(model.parameters(), lr=0.01)"]),
    ("rate of a flag", "lower-lr", {"factor": 0.1},
     loop("f(model(x)).backward()", 'p.add_argument("--lr", default=0.5)\nopt = torch.optim.Adam(m.parameters(), lr=args.lr)'),
     {"lr": [0.5]}, ['p.add_argument("--lr", default=0.5)'], ['p.add_argument("--lr", default=0.05)']),
    ("flag overruled", "lower-lr", {"factor": 0.1},
     loop("f(model(x)).backward()", 'p.add_argument("--lr", default=0.5)\nopt = torch.optim.Adam(m.parameters(), lr=args.lr)'),
     {"lr": [3.0]}, ["opt = torch.optim.Adam(m.parameters(), lr=args.lr)"], ["opt = torch.optim.Adam(m.parameters(), lr=0.3)"]),
    ("widened literals", "widen", {"hidden": 32}, loop("f(model(x)).backward()", "a = nn.GRU(1, 4)\nb = nn.Linear(4, 1)"), {},
     ["a = nn.GRU(1, 4)", "b = nn.Linear(4, 1)"], ["a = nn.GRU(1, 32)", "b = nn.Linear(32, 1)"]),
    ("orthogonal", "reinit", {"how": "orthogonal"}, loop("f(model(x)).backward()"), {}, [],
     ["for name, weight in model.named_parameters():", 'if "weight_hh" in name:',
      "for gate in weight.data.split(weight.shape[1]):", "nn.init.orthogonal_(gate)"]),
    ("own start", "reinit", {}, loop("f(model(x)).backward()", HEAD + "\nmodel.apply(init)"), {}, ["model.apply(init)"], []),
]  # fmt: skip


@pytest.mark.parametrize(("fix", "args", "text", "seen", "out", "into"), [c[1:] for c in MORE], ids=[c[0] for c in MORE])
def test_other_shapes_of_scripts(
    fix: str, args: dict[str, Any], text: str, seen: dict[str, Any], out: list[str], into: list[str], signs_of: MakeSigns
) -> None:
    signs = signs_of(text, **({"optimizer": "Adam"} | seen))
    diff = all_fixes()[fix].snippet(signs, args)
    assert (changed(diff, "-"), changed(diff, "+")) == (out, into), diff
    applied(signs, diff)


UNSURE: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("two optimizers", "lower-lr", {}, "import torch\na = torch.optim.Adam(p)\nb = torch.optim.Adam(q)\n", {"lr": [0.1]}),
    ("two optimizers to zero", "add-zero-grad", {}, loop("f(m(x)).backward()\na_opt.step()\nb_opt.step()"), {}),
    ("settings hidden", "set-weight-decay", {"value": 1}, "import torch\no = torch.optim.Adam(p, **settings)\n", {}),
    ("no outer loop", "step-scheduler-per-epoch", {}, loop("f(m(x)).backward()\nscheduler.step()"), {}),
    ("two dead ends", "attach-graph", {}, loop("loss = f(m(x).detach(), g(m(x)).detach())\nloss.backward()"), {}),
    ("numbers worked on", "attach-graph", {}, loop("loss = torch.tensor(g(f(m(x)).item()))\nloss.backward()"), {}),
    ("seldom stepped", "add-step", {}, loop("f(m(x)).backward()\nif i % 9:\n    opt.step()"), {}),
    ("state is a pair", "swap-cell", {"cell": "LSTM"}, "from torch import nn\na = nn.RNN(1, 2)\n", {}),
    ("sampled", "shuffle", {}, "l = DataLoader(d, sampler=s)\n", {}),
    ("frozen twice", "unfreeze", {}, "a.requires_grad = False\nb.requires_grad = False\n", {}),
    ("many layers", "widen", {}, "from torch import nn\na = nn.GRU(1, 4)\nb = nn.Linear(4, 4)\nc = nn.Linear(4, 1)\n", {}),
    ("shapes agree", "squeeze-target", {}, loop("loss = F.mse_loss(model(x), y)\nloss.backward()"),
     {"term": LossTerm(0, 0, "mse_loss", (4,), (4,), "float32", site=1)}),
]  # fmt: skip


@pytest.mark.parametrize(("fix", "args", "text", "seen"), [c[1:] for c in UNSURE], ids=[c[0] for c in UNSURE])
def test_where_no_place_is_certain_a_fragment_is_shown(
    fix: str, args: dict[str, Any], text: str, seen: dict[str, Any], signs_of: MakeSigns
) -> None:
    shown = all_fixes()[fix].snippet(signs_of(text, **({"optimizer": "Adam"} | seen)), args)
    assert shown.startswith("# ") and "@@" not in shown


def test_targets_are_scaled_at_the_loss_and_back_in_the_model(signs_of: MakeSigns) -> None:
    text = BASE.replace("torch.softmax(self.fc(self.drop(out[:, -1])), dim=1)", "self.fc(out)").replace("CrossEntropy", "MSE")
    term = LossTerm(0, 0, "mse_loss", (4, 1), (4, 1), "float32", site=1)
    signs = signs_of(text, "SGD", [0.5], term=term, y=np.array([-300.0, -300.0, -310.0, -310.0], dtype=np.float32))
    proposal = all_fixes()["scale-targets"].propose(signs, {})
    assert proposal.title == "standardise the targets: they have mean -305 and deviation 5"
    assert changed(proposal.snippet, "+") == [
        "return self.fc(out) * 5.0 - 305.0",
        "loss = criterion((net(x, lengths) + 305.0) / 5.0, (y + 305.0) / 5.0)",
    ]
    applied(signs, proposal.snippet)


@pytest.mark.parametrize(
    ("line", "op", "after"),
    [
        ("z = torch.log(p)", "log", "z = torch.log(p.clamp_min(1e-8))"),
        ("z = (a - b).sqrt()", "sqrt", "z = ((a - b) + 1e-8).sqrt()"),
        ("z = torch.sqrt(a ** 2)", "sqrt", "z = torch.sqrt((a ** 2) + 1e-8)"),
        ("z = a / b.std()", "div", "z = a / (b.std() + 1e-8)"),
        ("z = torch.exp(-a)", "exp", "z = torch.exp((-a).clamp(max=30.0))"),
        ("z = torch.log(p) + torch.log(q)", "log", ""),
    ],
)
def test_an_operation_kept_inside_its_domain(line: str, op: str, after: str, signs_of: MakeSigns, tmp_path: Path) -> None:
    text = f"import torch\n{line}\nz.backward()\n"
    born = Birth(0, op, "0", "NaN", False, str(tmp_path / "job" / "train.py"), 2)
    signs = signs_of(text, events=[born])
    shown = all_fixes()["guard-nan"].snippet(signs, {})
    assert changed(shown, "+") == ([after] if after else [])
    if after:
        applied(signs, shown)


def test_titles_say_their_numbers(signs_of: MakeSigns) -> None:
    signs = base(signs_of)
    expected = {
        ("lower-lr", ("factor", 0.01)): "lower the learning rate from 0.5 to 5e-3",
        ("loosen-clip", ("max_norm", 4)): "loosen the gradient clip from 0.01 to 4",
        ("train-longer", ("factor", 10)): "train longer: 30 rounds instead of 3",
        ("swap-optimizer", ("lr", 0.01)): "use Adam with a rate of 0.01 instead of SGD",
        ("drop-scheduler", ("", "")): "drop the scheduler: keep 0.5 instead of falling to 0.05",
        ("widen", ("hidden", 64)): "use 64 hidden units instead of 8",
        ("set-window", ("steps", 40)): "give the net a window of 40 steps",
        ("weight-classes", ("", "")): "weigh classes by their rarity: the rarest class 3 times as much as the most frequent",
        ("scale-inputs", ("", "")): "standardise the inputs: they have mean 100 and deviation 2.83",
        ("drop-head-activation", ("", "")): "take the softmax off the last layer",
    }
    for (fix, (key, value)), title in expected.items():
        assert all_fixes()[fix].title(signs, {key: value} if key else {}) == title


def test_evaluation_in_eval_mode(signs_of: MakeSigns, tmp_path: Path) -> None:
    text = BASE + "    with torch.no_grad():\n        print(net(x, y))\n"
    where = str(tmp_path / "job" / "train.py")
    spot = text.count("\n")
    events = [Site(9, where, spot, "forward"), ModeSeen(0, False, ("drop",), (), 9)]
    signs = signs_of(text, "SGD", events=events)
    fix = all_fixes()["set-mode"]
    assert fix.title(signs, {}) == "evaluate in eval mode"
    assert changed(fix.snippet(signs, {}), "+") == ["net.train()", "net.eval()"]
    applied(signs, fix.snippet(signs, {}))


def test_a_maximised_loss_of_unknown_settings_is_not_negated(signs_of: MakeSigns) -> None:
    text = loop("f(model(x)).backward()", "train(torch.optim.Adam(m.parameters(), **settings))")
    signs = signs_of(text, "Adam", [0.1], maximize=True)
    shown = all_fixes()["flip-sign"].snippet(signs, {})
    assert "@@" not in shown and "maximize=False" in shown


def test_only_a_part_was_held(signs_of: MakeSigns) -> None:
    from lossdoctor.trace.events import LossGraph

    text = loop("f(model(x)).backward()", "model = Net()\nopt = torch.optim.Adam(model.fc.parameters(), lr=0.1)")
    facts = tuple(ParamFacts(n, (4,), 4, True) for n in ("lstm.weight", "fc.weight"))
    events = [ModelSeen(0, 0, "Net", 0, facts), LossGraph(0, 0, 0, True, reached=(0, 1))]
    signs = signs_of(text, "Adam", events=events)
    proposal = all_fixes()["hold-all-parameters"].propose(signs, {})
    assert proposal.title == "give the optimizer the 8 weights it does not hold: lstm.weight, fc.weight"
    assert changed(proposal.snippet, "+") == ["opt = torch.optim.Adam(model.parameters(), lr=0.1)"]
    applied(signs, proposal.snippet)


@pytest.mark.parametrize("fix", sorted(all_fixes()))
@pytest.mark.parametrize("args", [{}, {"lr": "x", "factor": None, "value": [], "steps": "?", "mean": "a", "weights": 3}])
def test_nothing_is_raised_where_signs_are_missing(fix: str, args: dict[str, Any], tmp_path: Path) -> None:
    TraceWriter(tmp_path / "trace").close()
    proposal = all_fixes()[fix].propose(Signs(read_trace(tmp_path / "trace")), args)
    assert proposal.title and proposal.title[0].islower() and "\n" not in proposal.title and not proposal.title.endswith(".")
    assert proposal.snippet.startswith("# ") and proposal.snippet.count("\n") >= 2
    assert "@@" not in proposal.snippet and not any(line.startswith("+") for line in proposal.snippet.splitlines())


def test_ids_are_the_names_of_their_files() -> None:
    import lossdoctor.fixes as room

    folder = Path(room.__file__).parent
    assert len(all_fixes()) >= 42
    for name, fix in all_fixes().items():
        assert name == fix.id and (folder / f"{name.replace('-', '_')}.py").is_file()
