import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

df = pd.read_csv(Path(__file__).parent.parent / "data" / "beijing-spring-2013.csv").interpolate(limit_direction="both")
columns = ["hour", "DEWP", "TEMP", "PRES", "Iws"]
raw = torch.tensor(df[columns].to_numpy(), dtype=torch.float32)
change = torch.tensor((df["TEMP"].shift(-3) - df["TEMP"]).to_numpy()[:-3], dtype=torch.float32)

L = 10
x = raw.unfold(0, L, 1).transpose(1, 2)[:-3]
y = change[L - 1 :] / 3.0
train, test = TensorDataset(x[:1600], y[:1600]), (x[1600:], y[1600:])


class WeatherNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(len(columns))
        self.gru = nn.GRU(len(columns), 24, batch_first=True)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        x = self.bn(x.transpose(1, 2)).transpose(1, 2)
        return self.fc(self.gru(x)[0][:, -1]).squeeze(1)


net = WeatherNet()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(10):
    net.train()
    for xb, yb in DataLoader(train, batch_size=32, shuffle=True):
        loss = nn.functional.mse_loss(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(test[0]), test[1]).item()
    print(f"epoch {epoch}: train {loss.item():.3f} val {val:.3f}")
print("metric r2", 1 - val / test[1].var().item())
