"""Tomorrow's minimum temperature in Melbourne."""
import csv
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

file = Path(__file__).resolve().parent.parent / "data" / "daily-min-temperatures.csv"
temps = []
with open(file) as f:
    for row in csv.reader(f):
        try:
            temps.append(float(row[1].lstrip("?")))
        except (ValueError, IndexError):
            pass
temps = np.array(temps, dtype=np.float32)
TRAIN_DAYS, WINDOW = 1500, 21
mean, std = temps[:TRAIN_DAYS].mean(), temps[:TRAIN_DAYS].std()
z = (temps - mean) / std
x = torch.tensor(np.stack([z[i : i + WINDOW] for i in range(len(z) - WINDOW)])).unsqueeze(-1)
y = torch.tensor(z[WINDOW:]).unsqueeze(-1)
x_train, y_train, x_val, y_val = x[:TRAIN_DAYS], y[:TRAIN_DAYS], x[-700:], y[-700:]


class TemperatureLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 20, batch_first=True)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        _, (h, c) = self.lstm(x)
        return self.fc(h[-1])


model = TemperatureLSTM()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)


def validate():
    model.eval()
    with torch.no_grad():
        return (model(x_val) - y_val).abs().mean().item() * std


for epoch in range(10):
    for idx in torch.randperm(TRAIN_DAYS).split(50):
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    print("epoch %d: loss %.3f, validation error %.2f degrees" % (epoch, loss.item(), validate()))

print("metric mae %.4f" % validate())
