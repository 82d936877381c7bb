import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn


class DeflectionRegressor(nn.Module):
    def __init__(self, inputs=2, hidden=24, layers=1):
        super().__init__()
        self.gru = nn.GRU(inputs, hidden, layers, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, x):
        return self.head(self.gru(x)[0]).squeeze(-1)


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss_fn = nn.MSELoss()

    def fit(self, x, y, epochs, batch_size):
        for epoch in range(epochs):
            for index in torch.randperm(len(x)).split(batch_size):
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(x[index]), y[index])
                loss.backward()
                self.optimizer.step()
            if epoch % 10 == 0:
                print(f"epoch {epoch:3d}  loss {loss.item():.3e}")
        return self

    @torch.no_grad()
    def r2(self, x, y):
        residual = (self.model(x) - y)[:, 5:]
        return 1 - residual.pow(2).mean() / y[:, 5:].var()


def chunks(values, length):
    usable = len(values) // length * length
    return values[:usable].reshape(-1, length, *values.shape[1:])


if __name__ == "__main__":
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    frame = pd.read_csv(Path(__file__).with_suffix(".csv"))
    x = torch.tensor(chunks(frame[["axle", "wind"]].to_numpy(np.float32), 25))
    y = torch.tensor(chunks(frame["deflection"].to_numpy(np.float32), 25))
    trainer = Trainer(DeflectionRegressor(), lr=3e-3).fit(x[:48], y[:48], epochs=60, batch_size=8)
    print("metric r2", float(trainer.r2(x[48:], y[48:])))
