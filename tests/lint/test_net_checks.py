"""Heads, layers, state, modes, init: sick, its healthy twin, and healthy code that looks sick."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_scripts import HEAD, NET, checks, program, stepping

TRAIN = """
for epoch in range(3):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
"""


def net(forward: str, loss: str = "nn.CrossEntropyLoss()", layers: str = "") -> str:
    return program(HEAD, f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8, batch_first=True)
        self.fc = nn.Linear(8, 3)
        self.one = nn.Linear(8, 1)
        {layers}

    def forward(self, x):
        out, h = self.rnn(x)
        {forward}


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = {loss}
""", TRAIN)  # fmt: skip


def carried(body: str, setup: str = "rnn = nn.GRU(4, 8)\nfc = nn.Linear(8, 1)") -> str:
    return program(HEAD, setup, "h = torch.zeros(1, 8, 8)\nfor x, y in loader:\n" + "".join(f"    {line}\n" for line in body.split("\n")))


SICK = {
    "softmax into cross entropy": ("head-before-loss", net("return F.softmax(self.fc(h[-1]), dim=1)")),
    "softmax layer": ("head-before-loss", net("return self.soft(self.fc(h[-1]))", layers="self.soft = nn.Softmax(dim=1)")),
    "softmax in a sequential": ("head-before-loss", net(
        "return self.net(h[-1])", layers="self.net = nn.Sequential(nn.Linear(8, 3), nn.Softmax(dim=-1))")),
    "softmax by method, a name, a view": ("head-before-loss", net("p = self.fc(h[-1]).softmax(-1)\n        return p.view(-1, 3)")),
    "softmax in the loop": ("head-before-loss", program(NET, """
        for x, y in loader:
            probs = torch.softmax(model(x), dim=-1)
            loss = F.cross_entropy(probs.squeeze(), y)
    """)),
    "tuple of outputs": ("head-before-loss", program(net("return torch.softmax(self.fc(h[-1]), -1), h").replace(
        "loss = criterion(model(x), y)", "probs, _ = model(x); loss = criterion(probs, y)"))),
    "sigmoid into BCE with logits": ("head-before-loss", net("return torch.sigmoid(self.one(h[-1]))", "nn.BCEWithLogitsLoss()")),
    "sigmoid into functional BCE with logits": ("head-before-loss", program(NET, """
        for x, y in loader:
            F.binary_cross_entropy_with_logits(model(x).sigmoid(), y).backward()
    """)),
    "raw scores into NLL": ("head-before-loss", net("return self.fc(h[-1])", "nn.NLLLoss()")),
    "probabilities into NLL": ("head-before-loss", net("return self.fc(h[-1]).softmax(dim=1)", "nn.NLLLoss()")),
    "softmax of one": ("softmax-of-one", net("return F.softmax(self.one(h[-1]), dim=-1)", "nn.MSELoss()")),
    "softmax of one in a sequential": ("softmax-of-one", net(
        "return self.net(h[-1])", "nn.BCELoss()", "self.net = nn.Sequential(nn.Linear(8, 1), nn.Softmax(dim=-1))")),
    "layers in a comprehension": ("layers-in-list", net(
        "for l in self.more: out = l(out)\n        return self.fc(out[:, -1])", layers="self.more = [nn.Linear(8, 8) for _ in range(3)]")),
    "layers in a list": ("layers-in-list", net(
        "return sum(head(h[-1]) for head in self.heads)", layers="self.heads = [nn.Linear(8, 3), nn.Linear(8, 3)]")),
    "layers appended": ("layers-in-list", net(
        "for l in self.more: out = l(out)\n        return self.fc(out[:, -1])",
        layers="self.more = []\n        for i in range(3):\n            self.more.append(nn.Linear(8, 8))")),
    "layers in a dict": ("layers-in-list", net(
        "return self.heads['a'](h[-1])", layers="self.heads = {'a': nn.Linear(8, 3), 'b': nn.Linear(8, 3)}")),
    "model made again": ("older-model", program(NET, "model = Net()", TRAIN)),
    "model made again and moved": ("older-model", program(NET, "model = Net().to('cpu')", TRAIN)),
    "loss detached": ("cut-loss", program(NET, """
        for x, y in loader:
            loss = F.mse_loss(model(x).detach(), y)
            loss.backward()
    """)),
    "loss made of numbers": ("cut-loss", program(NET, """
        for x, y in loader:
            loss = criterion(model(x), y)
            loss = torch.tensor(loss.item(), requires_grad=True)
            loss.backward()
    """)),
    "argmax": ("cut-loss", program(NET, """
        for x, y in loader:
            guess = torch.argmax(model(x), dim=1)
            loss = F.l1_loss(guess.float(), y.float())
            loss.requires_grad_()
            loss.backward()
    """)),
    "predicted without gradients": ("cut-loss", program(NET, """
        for x, y in loader:
            with torch.no_grad():
                out = model(x)
            loss = criterion(out, y)
            loss.backward()
    """)),
    "state carried": ("carried-state", carried("out, h = rnn(x, h)\nloss = F.mse_loss(fc(out), y)\nloss.backward()")),
    "state carried, LSTM pair": ("carried-state", carried(
        "out, (h, c) = rnn(x, (h, c))\nloss = F.mse_loss(fc(out), y)\nloss.backward()", "rnn = nn.LSTM(4, 8)\nfc = nn.Linear(8, 1)\nc = None")),
    "state carried through own net": ("carried-state", carried("out, h = m(x, h)\nF.mse_loss(out, y).backward()", """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8)
    def forward(self, x, h):
        out, h = self.rnn(x, h)
        return out, h
m = M()
""")),
    "eval and never train": ("never-train-again", program(NET, """
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                print(criterion(model(x_val), y_val))
    """)),
    "eval in a helper, train once before": ("never-train-again", program(NET, """
        def evaluate(net):
            net.eval()
            with torch.no_grad():
                return criterion(net(x_val), y_val)

        model.train()
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            print(evaluate(model))
    """)),
    "never eval": ("never-eval", program(NET, TRAIN, """
        with torch.no_grad():
            print(criterion(model(x_test), y_test))
    """)),
    "dropout on one layer": ("idle-dropout", program(HEAD, "rnn = nn.LSTM(4, 8, dropout=0.3)")),
    "dropout on one layer, said": ("idle-dropout", program(HEAD, "rnn = torch.nn.GRU(4, 8, 1, dropout=0.3)")),
    "constant weights": ("constant-weights", program(NET, """
        for p in model.parameters():
            nn.init.constant_(p, 0.1)
    """)),
    "constant weights by name": ("constant-weights", program(NET, """
        for name, p in model.named_parameters():
            if "weight" in name:
                p.data.fill_(0.05)
    """)),
    "constant weights, random biases": ("constant-weights", program(NET, """
        for name, param in model.named_parameters():
            if "bias" in name:
                nn.init.normal_(param)
            else:
                nn.init.zeros_(param)
    """)),
    "constant weights, by kind of layer": ("constant-weights", program(HEAD, """
        def init(m):
            if isinstance(m, (nn.LSTM, nn.Linear)):
                for name, p in m.named_parameters():
                    if "weight" in name:
                        nn.init.constant_(p, 0.1)
    """)),
    "matrices of zeros": ("zero-matrices", program(HEAD, """
        class Cell(nn.Module):
            def __init__(self):
                super().__init__()
                self.W = nn.Parameter(torch.zeros(4, 8))
                self.U = nn.Parameter(torch.zeros(8, 8))
                self.b = nn.Parameter(torch.zeros(8))
            def forward(self, x, h):
                return torch.tanh(x @ self.W + h @ self.U + self.b)
    """)),
    "loss negated": ("climbed-loss", program(NET, TRAIN.replace("loss.backward()", "(-loss).backward()"))),
    "loss negated where it is made": ("climbed-loss", program(NET, TRAIN.replace("criterion(model(x), y)", "-criterion(model(x), y)"))),
    "loss maximised": ("climbed-loss", program(NET.replace("lr=1e-3", "lr=1e-3, maximize=True"), TRAIN)),
    "constant weights in the class": ("constant-weights", net("return self.fc(h[-1])", layers="""
        for p in self.rnn.parameters():
            nn.init.ones_(p)
        """)),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_sick(tmp_path: Path, name: str) -> None:
    check, text = SICK[name]
    assert checks(tmp_path, stepping(text)) == [check]


HEALTHY = {
    "raw scores": net("return self.fc(h[-1])"),
    "log-softmax into NLL": net("return F.log_softmax(self.fc(h[-1]), dim=1)", "nn.NLLLoss()"),
    "sigmoid into BCE": net("return torch.sigmoid(self.one(h[-1]))", "nn.BCELoss()"),
    "attention": net("w = F.softmax(self.one(out), dim=1)\n        return self.fc((w * out).sum(1))"),
    "softmax in use only": net(
        "logits = self.fc(h[-1])\n        if self.training:\n            return logits\n        return F.softmax(logits, dim=1)"),
    "softmax for the log": program(NET, """
        for x, y in loader:
            probs = F.softmax(model(x), dim=1)
            F.nll_loss(torch.log(probs), y).backward()
    """),
    "softmax of the teacher": program(NET, """
        for x, y in loader:
            soft = F.softmax(teacher(x), dim=1)
            F.cross_entropy(model(x), soft).backward()
    """),
    "softmax for the metric": program(NET, """
        for x, y in loader:
            logits = model(x)
            loss = criterion(logits, y)
            probs = logits.softmax(-1)
            logits = probs
    """),
    "a loss of one's own name": program("from mine import CrossEntropyLoss", net("return F.softmax(self.fc(h[-1]), 1)").replace(
        "nn.CrossEntropyLoss()", "CrossEntropyLoss()")),
    "softmax over time, one unit": net("w = F.softmax(self.one(out), dim=1)\n        return self.fc((out * w).sum(1))"),
    "softmax of one, squeezed": net("w = F.softmax(self.one(out).squeeze(-1), dim=-1)\n        return self.fc((out * w[..., None]).sum(1))"),
    "subclass overrides forward": program(net("return F.softmax(self.fc(h[-1]), dim=1)"), """
        class Better(Net):
            def forward(self, x):
                return self.fc(self.rnn(x)[1][-1])
    """),
    "ModuleList": net("for l in self.more: out = l(out)\n        return self.fc(out[:, -1])",
                      layers="self.more = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])"),
    "list wrapped later": net("return self.net(h[-1])",
                              layers="self.more = [nn.Linear(8, 8) for _ in range(3)]\n        self.net = nn.Sequential(*self.more)"),
    "list registered by name": net(
        "for l in self.more: out = l(out)\n        return self.fc(out[:, -1])", layers=(
            "self.more = [nn.Linear(8, 8) for _ in range(3)]\n"
            "        for i, l in enumerate(self.more): self.add_module(f'l{i}', l)")),
    "list of registered layers": net("for l in self.both: h = l(h)\n        return h", layers="self.both = [self.fc, self.one]"),
    "one module hidden on purpose": net("return self.teacher[0](x)", layers="self.teacher = [nn.Linear(4, 3)]"),
    "list without weights": net("return self.acts[0](self.fc(h[-1]))", layers="self.acts = [nn.ReLU(), nn.Tanh()]"),
    "list given to the optimizer": program(net(
        "for l in self.more: out = l(out)\n        return self.fc(out[:, -1])", layers="self.more = [nn.Linear(8, 8) for _ in range(3)]"),
        "optimizer.add_param_group({'params': [p for l in model.more for p in l.parameters()]})"),
    "list of sizes": net("return self.fc(h[-1])", layers="self.sizes = [8 for _ in range(3)]"),
    "plain class": program(HEAD, """
        class Bag:
            def __init__(self):
                self.layers = [nn.Linear(3, 3) for _ in range(3)]
            def run(self, x):
                return self.layers[0](x)
    """),
    "model moved": program(NET, "model = model.to('cuda')", TRAIN),
    "model wrapped": program(NET, "model = nn.DataParallel(model)", TRAIN),
    "model compiled": program(NET, "model = torch.compile(model)", TRAIN),
    "best model loaded for the test": program(NET, TRAIN, "model = Net()\nmodel.load_state_dict(torch.load('best.pt'))\nmodel.eval()"),
    "both made again": program(NET, "model = Net()\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)", TRAIN),
    "model of each fold": program(NET, """
        for fold in folds:
            model = Net()
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
    """),
    "average model": program(NET, "import copy\nbest = copy.deepcopy(model)", TRAIN),
    "target detached": program(NET, """
        for x, y in loader:
            loss = F.mse_loss(model(x), teacher(x).detach())
            loss.backward()
    """),
    "policy gradient": program(NET, """
        for x, y in loader:
            log_prob = model(x).log_softmax(-1)
            loss = -(log_prob * reward.detach()).mean()
            loss.backward()
    """),
    "loss read out for printing": program(NET, """
        total = 0
        for x, y in loader:
            loss = criterion(model(x), y)
            total += loss.item()
            loss.backward()
    """),
    "a leaf's own gradient": program(HEAD, "x = torch.tensor([1.0], requires_grad=True)\ny = (x ** 2).sum()\ny.backward()"),
    "features frozen": program(NET, """
        for x, y in loader:
            with torch.no_grad():
                features = encoder(x)
            loss = criterion(model(features), y)
            loss.backward()
    """),
    "critic on a detached fake": program(HEAD, """
        for real in loader:
            loss = D(G(z).detach()).mean() - D(real).mean()
            loss.backward()
    """),
    "state detached": carried("h = h.detach()\nout, h = rnn(x, h)\nF.mse_loss(fc(out), y).backward()"),
    "state detached after": carried("out, h = rnn(x, h)\nF.mse_loss(fc(out), y).backward()\nh = h.detach()"),
    "state repackaged": carried("h = repackage_hidden(h)\nout, h = rnn(x, h)\nF.mse_loss(fc(out), y).backward()"),
    "state reset": carried("h = None\nout, h = rnn(x, h)\nF.mse_loss(fc(out), y).backward()"),
    "state over time steps": program(HEAD, """
        rnn = nn.GRUCell(4, 8)
        for x, y in loader:
            h = torch.zeros(8, 8)
            for t in range(5):
                h = rnn(x[t], h)
            F.mse_loss(h, y).backward()
    """),
    "backward every few chunks": carried("out, h = rnn(x, h)\nloss = loss + F.mse_loss(fc(out), y)\nif last(x):\n    loss.backward()\n    h = h.detach()"),
    "net that detaches": carried("out, h = m(x, h)\nF.mse_loss(out, y).backward()", """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8)
    def forward(self, x, h):
        out, h = self.rnn(x, h.detach())
        return out, h
m = M()
"""),
    "net of another module": carried("out, h = m(x, h)\nF.mse_loss(out, y).backward()", "from mine import M\nm = M()"),
    "eval and train again": program(NET, """
        for epoch in range(3):
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                print(criterion(model(x_val), y_val))
    """),
    "train in a helper": program(NET, """
        def train_epoch(net):
            net.train()
            for x, y in loader:
                optimizer.zero_grad()
                criterion(net(x), y).backward()
                optimizer.step()

        def evaluate(net):
            net.eval()
            with torch.no_grad():
                return criterion(net(x_val), y_val)

        for epoch in range(3):
            train_epoch(model)
            evaluate(model)
    """),
    "mode given back": program(NET, """
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            was = model.training
            model.eval()
            print(model(x_val))
            model.train(was)
    """),
    "eval after the training": program(NET, TRAIN, "model.eval()\nwith torch.no_grad():\n    model(x_test)"),
    "teacher in eval": program(NET, """
        teacher = Net()
        for x, y in loader:
            teacher.eval()
            optimizer.zero_grad()
            F.mse_loss(model(x), teacher(x)).backward()
            optimizer.step()
    """),
    "no dropout to switch": program(NET.replace("self.drop = nn.Dropout(0.2)", "self.drop = nn.Identity()"), TRAIN, """
        with torch.no_grad():
            print(criterion(model(x_test), y_test))
    """),
    "dropout kept on for error bars": program(NET, TRAIN, """
        with torch.no_grad():
            draws = torch.stack([model(x_test) for _ in range(50)])
    """),
    "training loss without gradients": program(NET, TRAIN, "with torch.no_grad():\n    print(criterion(model(x), y))"),
    "dropout on two layers": program(HEAD, "rnn = nn.LSTM(4, 8, 2, dropout=0.3)"),
    "dropout on layers by setting": program(HEAD, "rnn = nn.LSTM(4, 8, num_layers=layers, dropout=0.3)"),
    "dropout of zero": program(HEAD, "rnn = nn.LSTM(4, 8, dropout=0)"),
    "dropout of another GRU": program("from mine import GRU", "rnn = GRU(4, 8, dropout=0.3)"),
    "constant biases": program(NET, """
        for name, p in model.named_parameters():
            if "bias" in name:
                nn.init.zeros_(p)
    """),
    "weights at random, biases zero": program(NET, """
        for name, p in model.named_parameters():
            if "weight" in name:
                nn.init.orthogonal_(p)
            else:
                nn.init.zeros_(p)
    """),
    "one-dimensional ones constant": program(NET, """
        for p in model.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
            else:
                nn.init.zeros_(p)
    """),
    "one unit": program(HEAD, "model = nn.RNN(1, 1, bias=False)\nfor p in model.parameters():\n    nn.init.ones_(p)"),
    "matrices of zeros, set later": program(HEAD, """
        class Cell(nn.Module):
            def __init__(self):
                super().__init__()
                self.W = nn.Parameter(torch.zeros(4, 8))
                self.U = nn.Parameter(torch.zeros(8, 8))
                self.reset_parameters()
            def forward(self, x, h):
                return torch.tanh(x @ self.W + h @ self.U)
    """),
    "one matrix of zeros": program(HEAD, """
        class Lora(nn.Module):
            def __init__(self):
                super().__init__()
                self.A = nn.Parameter(torch.randn(4, 2))
                self.B = nn.Parameter(torch.zeros(2, 4))
            def forward(self, x):
                return x @ self.A @ self.B
    """),
    "likelihood maximised": program(NET, TRAIN.replace("criterion(model(x), y)", "-model(x).log_softmax(1)[rows, y].mean()")),
    "negated and maximised": program(NET.replace("lr=1e-3", "lr=1e-3, maximize=True"), TRAIN.replace("criterion(m", "-criterion(m")),
    "likelihood, an optimizer that maximises": program(
        NET.replace("lr=1e-3", "lr=1e-3, maximize=True"), TRAIN.replace("criterion(model(x), y)", "log_likelihood(model(x), y)")),
    "gradient reversed": program(NET, "# domain-adversarial", TRAIN.replace("criterion(model(x), y)", "-criterion(model(x), y)")),
    "entropy bonus": program(NET, TRAIN.replace("loss.backward()", "(loss - 0.01 * entropy).backward()")),
    "zero head on purpose": program(NET, "nn.init.zeros_(model.fc.weight)"),
    "average starts at zero": program(NET, """
        average = copy.deepcopy(model)
        for p in average.parameters():
            p.data.zero_()
    """),
    "gradients set to zero": program(NET, """
        for p in model.parameters():
            p.grad.zero_()
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy(tmp_path: Path, name: str) -> None:
    assert checks(tmp_path, stepping(HEALTHY[name])) == []
