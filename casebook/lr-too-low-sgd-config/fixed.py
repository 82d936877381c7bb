import os
import tomllib
from pathlib import Path

import torch
import torch.nn as nn


class Trainer:
    """Fits a sequence classifier on waves that speed up, slow down or stay."""

    def __init__(self, settings, seed):
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(1000 + seed)
        self.settings = settings
        self.rnn = nn.GRU(1, settings["hidden_size"], batch_first=True)
        self.head = nn.Linear(settings["hidden_size"], 3)
        self.params = [*self.rnn.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.SGD(self.params, lr=settings["lr"])
        self.history = []

    def draw(self, n):
        label = torch.randint(0, 3, (n,), generator=self.generator)
        t = torch.linspace(0, 1, 30)
        phase = 6.28 * torch.rand(n, 1, generator=self.generator)
        bend = (label.float() - 1).unsqueeze(1) * 8
        wave = torch.sin(phase + 16 * t + bend * (t - 0.5) ** 2 * torch.sign(t - 0.5) * 2)
        noise = 0.1 * torch.randn(n, 30, generator=self.generator)
        return (wave + noise).unsqueeze(-1), label

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head(h[-1])

    def fit(self):
        for step in range(self.settings["steps"]):
            x, y = self.draw(self.settings["batch_size"])
            loss = nn.functional.cross_entropy(self.forward(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.params, 5.0)
            self.optimizer.step()
            self.history.append(loss.item())
            if (step + 1) % 100 == 0:
                print("step", step + 1, "loss", round(sum(self.history[-100:]) / 100, 4))
        return self

    @torch.no_grad()
    def score(self):
        x, y = self.draw(1000)
        return (self.forward(x).argmax(1) == y).float().mean().item()


settings = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
trainer = Trainer(settings, seed=int(os.environ.get("SEED", 0))).fit()
print("metric accuracy", round(trainer.score(), 4))
