import os
import tomllib
from pathlib import Path

import torch
from torch import nn


class MovingSum:
    def __init__(self, options, seed):
        torch.manual_seed(seed)
        self.options = options
        self.rnn = nn.RNN(1, options["hidden"], batch_first=True)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)
        self.linear = nn.Linear(options["hidden"], 1)
        self.parameters = [*self.rnn.parameters(), *self.linear.parameters()]
        self.optimizer = torch.optim.SGD(self.parameters, lr=options["lr"], momentum=options["momentum"])

    def batch(self, n):
        x = torch.randn(n, self.options["length"], 1)
        total = x.cumsum(1)
        earlier = torch.zeros_like(total)
        earlier[:, 8:] = total[:, :-8]
        return x, (total - earlier) / 3

    def predict(self, x):
        return self.linear(self.rnn(x)[0])

    def step(self):
        x, y = self.batch(self.options["batch_size"])
        loss = (self.predict(x) - y).square().sum(dim=(1, 2)).mean()
        self.optimizer.zero_grad()
        loss.backward()
        if self.options["max_grad_norm"] > 0:
            nn.utils.clip_grad_norm_(self.parameters, self.options["max_grad_norm"])
        self.optimizer.step()
        return loss.item()

    def fit(self):
        for i in range(self.options["steps"]):
            loss = self.step()
            if i % 100 == 0:
                print(f"{i:5d} {loss:.4f}")

    @torch.no_grad()
    def r2(self):
        x, y = self.batch(400)
        return 1 - ((self.predict(x) - y).square().mean() / y.var()).item()


options = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
task = MovingSum(options, int(os.environ.get("SEED", 0)))
task.fit()
print("metric r2", round(task.r2(), 4))
