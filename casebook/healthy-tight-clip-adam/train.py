import csv
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
with open(Path(__file__).resolve().parents[1] / "data" / "beijing-spring-2013.csv") as f:
    table = torch.tensor([[float(r["TEMP"]), float(r["DEWP"]), float(r["PRES"])] for r in csv.DictReader(f)])
table = (table - table[:1500].mean(0)) / table[:1500].std(0)
x = table.unfold(0, 15, 1).permute(0, 2, 1)
x_train, x_test = x[:1485], x[1500:]

model = nn.ModuleDict({"lstm": nn.LSTM(3, 32, batch_first=True), "head": nn.Linear(32, 1)})
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def forward(batch):
    out, _ = model["lstm"](batch[:, :14])
    return model["head"](out[:, -1]).squeeze(1), batch[:, 14, 0]


for epoch in range(8):
    for idx in torch.randperm(len(x_train)).split(20):
        pred, true = forward(x_train[idx])
        loss = (pred - true).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1e-3)
        optimizer.step()
    print(epoch, loss.item())

with torch.no_grad():
    pred, true = forward(x_test)
    print("metric mse", round((pred - true).pow(2).mean().item(), 4))
