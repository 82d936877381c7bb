"""International airline passengers with an LSTM, error in real passengers."""
import csv
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn


class Scaler:
    def fit(self, a):
        self.lo, self.hi = a.min(), a.max()
        return self

    def transform(self, a):
        return (a - self.lo) / (self.hi - self.lo)

    def inverse_transform(self, a):
        return a * (self.hi - self.lo) + self.lo


class AirModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=32, num_layers=1, batch_first=True)
        self.linear = nn.Linear(32, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x[:, -1])


def create_dataset(series, lookback):
    X = np.stack([series[i : i + lookback] for i in range(len(series) - lookback)])
    return torch.tensor(X[..., None], dtype=torch.float32), torch.tensor(series[lookback:, None], dtype=torch.float32)


torch.manual_seed(int(os.environ.get("SEED", 0)))
file = Path(__file__).resolve().parent.parent / "data" / "airline-passengers.csv"
passengers = np.array([float(row["Passengers"]) for row in csv.DictReader(open(file))])

lookback = 14
scaler = Scaler().fit(passengers[:108])
scaled = scaler.transform(passengers)
X, y = create_dataset(scaled, lookback)
X_train, y_train = X[: 108 - lookback], y[: 108 - lookback]
X_test, y_test = X[108 - lookback :], y[108 - lookback :]

model = AirModel()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.MSELoss()

for epoch in range(120):
    for idx in torch.randperm(len(X_train)).split(16):
        y_pred = model(X_train[idx])
        loss = loss_fn(y_pred, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 20 == 0:
        print("Epoch %d: RMSE %.3f" % (epoch, loss.item() ** 0.5))

with torch.no_grad():
    pred = scaler.inverse_transform(model(X_test).numpy())
true = scaler.inverse_transform(y_test.numpy())
print("metric mape", np.abs(pred / true - 1).mean())
