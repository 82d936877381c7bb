import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

temps = pd.read_csv(Path(__file__).parent.parent / "data" / "daily-min-temperatures.csv")["Temp"]
temps = (temps - temps[:2600].mean()) / temps[:2600].std()


def features(series):
    smooth = series.rolling(3, center=True, min_periods=1).mean()
    return np.stack([series, smooth, series - smooth], axis=1).astype("float32")


LOOKBACK = 10
table = features(temps)
x = torch.tensor(np.stack([table[i - LOOKBACK : i] for i in range(LOOKBACK, len(table))]))
y = torch.tensor(temps.to_numpy("float32")[LOOKBACK:])
cut, end = 2600, 3200

model = nn.LSTM(3, 24, batch_first=True)
head = nn.Linear(24, 1)
optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=4e-3)
for epoch in range(10):
    for rows in torch.randperm(cut).split(50):
        loss = nn.functional.mse_loss(head(model(x[rows])[0][:, -1]).squeeze(1), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val = nn.functional.mse_loss(head(model(x[cut:end])[0][:, -1]).squeeze(1), y[cut:end]).item()
    print(f"epoch {epoch} train {loss.item():.3f} val {val:.3f}")

# day by day, as it will be used: only what is known on the evening before
errors = []
with torch.no_grad():
    for day in range(end + LOOKBACK, len(temps)):
        known = features(temps.iloc[day - 2 * LOOKBACK : day])[-LOOKBACK:]
        guess = head(model(torch.tensor(known)[None])[0][:, -1]).item()
        errors.append((guess - temps.iloc[day]) ** 2)
print("metric live_mse", float(np.mean(errors)))
