import csv
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
np.random.seed(SEED)
torch.manual_seed(SEED)

# ---- data -------------------------------------------------------------
source = Path(__file__).resolve().parent / ".." / "data" / "beijing-spring-2013.csv"
table = []
with source.open() as handle:
    for row in csv.DictReader(handle):
        pm = float(row["pm2.5"]) if row["pm2.5"] != "NA" else table[-1][0]
        table.append([pm, float(row["DEWP"]), float(row["TEMP"]), float(row["PRES"]), float(row["Iws"])])
table = np.array(table, dtype=np.float32)
table[:, 0] = np.log1p(table[:, 0])
table[:, 4] = np.log1p(table[:, 4])

cut = 1600
mu, sd = table[:cut].mean(0), table[:cut].std(0)
table = (table - mu) / sd

window, horizon = 24, 3
starts = np.arange(len(table) - window - horizon)
inputs = torch.from_numpy(np.stack([table[s:s + window] for s in starts]))
targets = torch.from_numpy(table[starts + window + horizon - 1, 0])
is_train = starts + window + horizon <= cut
x_train, y_train = inputs[is_train], targets[is_train]
x_test, y_test = inputs[starts >= cut], targets[starts >= cut]

# ---- model ------------------------------------------------------------
gru = nn.GRU(5, 32, batch_first=True)
readout = nn.Linear(32, 1)
params = list(gru.parameters()) + list(readout.parameters())
optimizer = torch.optim.Adam(params, lr=3e-3)
mse = nn.MSELoss()

# ---- training ---------------------------------------------------------
for epoch in range(8):
    order = torch.randperm(len(x_train))
    seen = []
    for chunk in order.split(32):
        hidden, _ = gru(x_train[chunk])
        prediction = readout(hidden[:, -1]).squeeze(-1)
        loss = mse(prediction, y_train[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    print(f"epoch {epoch + 1}: train mse {np.mean(seen):.4f}")

with torch.no_grad():
    hidden, _ = gru(x_test)
    error = mse(readout(hidden[:, -1]).squeeze(-1), y_test).item()
print("persistence:", round(mse(x_test[:, -1, 0], y_test).item(), 4))
print("metric mse", round(error, 4))
