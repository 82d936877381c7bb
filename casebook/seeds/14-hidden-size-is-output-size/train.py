import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))

df = pd.read_csv(Path(__file__).parents[2] / "data" / "daily-min-temperatures.csv", parse_dates=["Date"])
weekly = df.set_index("Date")["Temp"].resample("3D").mean().to_numpy()[:, None]
scaler = StandardScaler().fit(weekly[:900])
series = torch.tensor(scaler.transform(weekly), dtype=torch.float32) * 2.0

seq_len, n_features, output_size = 24, 1, 1
x = series.unfold(0, seq_len, 1)[:-1].transpose(1, 2)
y = series[seq_len:]
x_train, y_train, x_test, y_test = x[:880], y[:880], x[880:], y[880:]


class Forecast(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1 = nn.LSTM(n_features, 32, batch_first=True)
        self.lstm2 = nn.LSTM(32, output_size, batch_first=True)

    def forward(self, x):
        out, _ = self.lstm1(x)
        out, _ = self.lstm2(out)
        return out[:, -1]


model = Forecast()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loss_fn = nn.MSELoss()
for epoch in range(16):
    for idx in torch.randperm(len(x_train)).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

with torch.no_grad():
    mse = loss_fn(model(x_test), y_test).item()
print("metric r2", 1 - mse / y_test.var().item())
