from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int = int(os.environ.get("SEED", 0))
    history: int = 28
    hidden: int = 24
    batch_size: int = 32
    epochs: int = 12
    lr: float = 1e-2


def daily_orders(days: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(days)
    level = np.zeros(days)
    for i in range(1, days):
        level[i] = 0.8 * level[i - 1] + rng.normal(0, 0.2)
    week = np.array([0.0, 0.3, 0.5, 0.4, 0.9, 1.4, -1.2])[t % 7]
    return (level + week).astype(np.float32)


class OrdersModel(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.gru(x)
        return self.head(out[:, -1])


class Trainer:
    def __init__(self, model: nn.Module, config: Config) -> None:
        self.model = model
        self.config = config
        self.criterion = nn.SmoothL1Loss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.epochs)

    def fit(self, loader: DataLoader) -> None:
        for epoch in range(self.config.epochs):
            mean = self._epoch(loader)
            self.scheduler.step()
            print(f"[{epoch + 1:02d}/{self.config.epochs}] loss={mean:.4f}")

    def _epoch(self, loader: DataLoader) -> float:
        self.model.train()
        total = 0.0
        for x, y in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            total += loss.item()
        return total / len(loader)

    @torch.no_grad()
    def r2(self, x: Tensor, y: Tensor) -> float:
        self.model.eval()
        return 1 - ((self.model(x) - y) ** 2).mean().item() / y.var().item()


if __name__ == "__main__":
    config = Config()
    torch.manual_seed(config.seed)
    orders = daily_orders(1000, np.random.default_rng(config.seed))
    windows = np.lib.stride_tricks.sliding_window_view(orders, config.history + 1)
    x = torch.tensor(windows[:, :-1, None].copy())
    y = torch.tensor(windows[:, -1:].copy())
    loader = DataLoader(TensorDataset(x[:750], y[:750]), batch_size=config.batch_size, shuffle=True)
    trainer = Trainer(OrdersModel(config.hidden), config)
    trainer.fit(loader)
    print(f"metric r2 {trainer.r2(x[780:], y[780:]):.4f}")
