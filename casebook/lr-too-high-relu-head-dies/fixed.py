import csv
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

rows = []
with open(Path(__file__).resolve().parents[1] / "data" / "beijing-spring-2013.csv") as f:
    for r in csv.DictReader(f):
        rows.append([float(r["DEWP"]), float(r["TEMP"]), float(r["PRES"])])
weather = torch.tensor(rows)
weather = (weather - weather[:1500].mean(0)) / weather[:1500].std(0)
windows = weather.unfold(0, 19, 1).permute(0, 2, 1)
train, test = windows[:1480], windows[1520:]


def split(block):
    return block[:, :18], block[:, 18, 0:1]


class DewPoint(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.cell = nn.GRUCell(3, hidden)
        self.hidden = hidden
        self.head = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        h = torch.zeros(x.shape[0], self.hidden)
        for step in x.unbind(1):
            h = self.cell(step, h)
        return self.head(h)


net = DewPoint()
opt = torch.optim.Adam(net.parameters(), lr=0.003)
for epoch in range(4):
    for idx in torch.randperm(len(train)).split(24):
        x, y = split(train[idx])
        loss = nn.functional.mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

with torch.no_grad():
    x, y = split(test)
    print("metric mse", round(nn.functional.mse_loss(net(x), y).item(), 4))
