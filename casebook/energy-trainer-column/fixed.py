from __future__ import annotations

import math
import os
import warnings
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

warnings.filterwarnings("ignore")


@dataclass
class Settings:
    hidden: int = 24
    window: int = 24
    lr: float = 5e-3
    batch_size: int = 32
    epochs: int = 8
    seed: int = field(default_factory=lambda: int(os.environ.get("SEED", 0)))


class EnergyDataset(Dataset):
    """Windows of a household's hourly use; the target is the use of the next hour."""

    def __init__(self, hours: int, window: int):
        t = torch.arange(hours)
        day = 0.6 * torch.sin(2 * math.pi * t / 24) + 0.4 * torch.sin(2 * math.pi * t / 12 + 1)
        habit = torch.zeros(hours)
        for i in range(1, hours):
            habit[i] = 0.9 * habit[i - 1] + 0.15 * torch.randn(())
        self.values = day + habit
        self.window = window

    def __len__(self):
        return len(self.values) - self.window

    def __getitem__(self, i):
        return self.values[i : i + self.window].unsqueeze(-1), self.values[i + self.window]


class EnergyRNN(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])


class Trainer:
    def __init__(self, settings: Settings, model: nn.Module):
        self.settings, self.model = settings, model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr)

    def fit(self, dataset):
        loader = DataLoader(dataset, batch_size=self.settings.batch_size, shuffle=True)
        for epoch in range(self.settings.epochs):
            losses = [self.training_step(x, y) for x, y in loader]
            print(f"epoch {epoch + 1}: train_loss={sum(losses) / len(losses):.4f}")

    def training_step(self, x, y) -> float:
        loss = F.mse_loss(self.model(x).squeeze(-1), y)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def skill(self, dataset) -> float:
        x, y = next(iter(DataLoader(dataset, batch_size=len(dataset))))
        error = self.model(x).flatten() - y
        return 1 - (error.square().mean() / y.var()).item()


if __name__ == "__main__":
    settings = Settings()
    torch.manual_seed(settings.seed)
    data = EnergyDataset(1300, settings.window)
    trainer = Trainer(settings, EnergyRNN(settings.hidden))
    trainer.fit(Subset(data, range(900)))
    print(f"metric skill {trainer.skill(Subset(data, range(930, len(data)))):.4f}")
