#!/usr/bin/env python3
"""A week of Melbourne weather ahead: mean minimum temperature of the next seven days."""
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)
np.random.seed(seed)


def read_temperatures():
    path = Path(__file__).resolve().parents[1] / "data" / "daily-min-temperatures.csv"
    values = []
    for line in path.read_text().splitlines()[1:]:
        cell = line.split(",")[-1].strip().strip('"').lstrip("?")
        if cell:
            values.append(float(cell))
    return np.array(values)


def make_pairs(values, history=30, horizon=7):
    xs, ys = [], []
    for i in range(0, len(values) - history - horizon, 2):
        xs.append(values[i : i + history])
        ys.append(values[i + history : i + history + horizon].mean())
    return torch.FloatTensor(np.array(xs)).unsqueeze(2), torch.FloatTensor(np.array(ys)).unsqueeze(1)


class WeekAhead(nn.Module):
    def __init__(self, input_dim=1, hidden_dim=32, output_dim=1):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, batch_first=True)
        self.fc1 = nn.Linear(hidden_dim, 16)
        self.fc2 = nn.Linear(16, output_dim)
        self.relu = nn.ReLU()

    def forward(self, x):
        out, _ = self.lstm(x)
        out = self.relu(self.fc1(out[:, -1]))
        return self.fc2(out)


values = read_temperatures()
cut = 2600
values = (values - values[:cut].mean()) / values[:cut].std()
x_train, y_train = make_pairs(values[:cut])
x_test, y_test = make_pairs(values[cut:])

model = WeekAhead()
nn.init.constant_(model.fc2.bias, 0.2)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(1, 11):
    perm = torch.randperm(len(x_train))
    batch_losses = []
    for start in range(0, len(perm), 32):
        idx = perm[start : start + 32]
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        batch_losses.append(loss.item())
    print(f"Epoch {epoch}/10 - loss: {np.mean(batch_losses):.4f}")

with torch.no_grad():
    mse = criterion(model(x_test), y_test).item()
print(f"metric skill {1 - mse / y_test.var().item():.4f}")
