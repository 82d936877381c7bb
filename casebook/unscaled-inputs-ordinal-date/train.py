import datetime as dt
import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))

table = pd.read_csv(Path(__file__).resolve().parent.parent / "data" / "daily-min-temperatures.csv", parse_dates=["Date"])
temp_scaler = StandardScaler().fit(table[["Temp"]].iloc[:2900])
temp = temp_scaler.transform(table[["Temp"]])[:, 0]
year_part = 2 * np.pi * table["Date"].dt.dayofyear.to_numpy() / 365.25
day = table["Date"].map(dt.datetime.toordinal).to_numpy(dtype="float64")

features = np.stack([temp, np.sin(year_part), np.cos(year_part), day], axis=1).astype("float32")
window = 14


def pairs(first, last):
    starts = range(first, last - window)
    x = np.stack([features[s : s + window] for s in starts])
    y = np.array([temp[s + window] for s in starts], dtype="float32")
    return torch.tensor(x), torch.tensor(y).unsqueeze(1)


train_x, train_y = pairs(0, 2900)
test_x, test_y = pairs(2900, len(table))


class Forecaster(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(features.shape[1], 20, batch_first=True)
        self.linear = torch.nn.Linear(20, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.linear(h.squeeze(0))


forecaster = Forecaster()
optim = torch.optim.RMSprop(forecaster.parameters(), lr=2e-3)
loss_fn = torch.nn.MSELoss()
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(train_x, train_y), batch_size=64, shuffle=True)
for epoch in range(14):
    losses = []
    for x, y in loader:
        optim.zero_grad()
        loss = loss_fn(forecaster(x), y)
        loss.backward()
        optim.step()
        losses.append(loss.item())
    print("epoch", epoch, "mse", np.mean(losses))

with torch.no_grad():
    error = loss_fn(forecaster(test_x), test_y).item()
print("metric mse", error)
