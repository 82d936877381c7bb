import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

STEPS, SENSORS = 16, 3


class RigDataset:
    """Runs of a test rig: three sensors, sixteen readings each, and whether the bearing failed later."""

    def __init__(self, path, held_back=300):
        with np.load(path) as archive:
            readings, failed = archive["readings"], archive["failed"]
        x = torch.from_numpy(readings.astype("float32")).reshape(-1, STEPS, SENSORS)
        y = torch.from_numpy(failed.astype("float32"))
        self.train = TensorDataset(x[held_back:], y[held_back:])
        self.test = x[:held_back], y[:held_back]


class FailureModel:
    def __init__(self, hidden=24, lr=5e-3):
        self.lstm = nn.LSTM(SENSORS, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, 16), nn.ReLU(), nn.Linear(16, 1))
        self.modules = nn.ModuleList([self.lstm, self.head])
        self.optimizer = torch.optim.Adam(self.modules.parameters(), lr=lr)
        self.criterion = nn.BCEWithLogitsLoss()

    def scores(self, x):
        return self.head(self.lstm(x)[0][:, -1]).squeeze(-1)

    def fit(self, dataset, epochs=10):
        for epoch in range(epochs):
            total = 0.0
            for x, y in DataLoader(dataset, batch_size=32, shuffle=True):
                loss = self.criterion(self.scores(x), y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(x)
            print(f"epoch {epoch + 1}: {total / len(dataset):.4f}")
        return self

    def score(self, x, y):
        with torch.no_grad():
            return ((self.scores(x) > 0) == (y > 0.5)).float().mean().item()


torch.manual_seed(int(os.environ.get("SEED", 0)))
rig = RigDataset(Path(__file__).with_suffix(".npz"))
model = FailureModel().fit(rig.train)
print("metric accuracy", model.score(*rig.test))
