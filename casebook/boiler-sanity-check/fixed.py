from __future__ import annotations

import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class BoilerData(TensorDataset):
    """Twelve readings of flame temperature (C), water pressure (kPa) and flow (l/h): heat delivered next."""

    def __init__(self, n: int, rng: np.random.Generator):
        latent = np.cumsum(rng.normal(0, 0.6, (n, 12, 3)), axis=1)
        x = latent * [90.0, 25.0, 160.0] + [780.0, 310.0, 900.0]
        heat = np.tanh(latent[:, -1, 0]) + 0.5 * latent[:, -4:, 2].mean(1) + rng.normal(0, 0.1, n)
        heat = (heat - heat.mean()) / heat.std()
        super().__init__(torch.tensor(x, dtype=torch.float32), torch.tensor(heat[:, None], dtype=torch.float32))


class BoilerNet(nn.Module):
    def __init__(self, hidden: int = 24):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        out, _ = self.lstm(x)
        return self.head(out[:, -1])


class Trainer:
    def __init__(self, model, train_set, valid_set, lr=0.01, batch_size=32):
        self.model = model
        self.train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)
        self.valid_loader = DataLoader(valid_set, batch_size=200)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.MSELoss()

    def validate(self) -> float:
        self.model.eval()
        pairs = []
        with torch.no_grad():
            for x, y in self.valid_loader:
                pairs.append((self.model(x), y))
        pred, y = (torch.cat(t) for t in zip(*pairs))
        return 1 - self.loss(pred, y).item() / y.var().item()

    def fit(self, epochs: int) -> float:
        print(f"sanity check: {self.validate():.3f}")
        for epoch in range(epochs):
            self.model.train()
            running = 0.0
            for x, y in self.train_loader:
                self.optimizer.zero_grad()
                loss = self.loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                running += loss.item() / len(self.train_loader)
            print(f"epoch {epoch}: loss {running:.4f}  valid {self.validate():.3f}")
        return self.validate()


if __name__ == "__main__":
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    train_set, valid_set = random_split(BoilerData(1000, np.random.default_rng(seed)), [800, 200])
    print(f"metric skill {Trainer(BoilerNet(), train_set, valid_set).fit(16):.4f}")
