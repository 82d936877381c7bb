import argparse
import os

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--window", type=int, default=12)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--epochs", type=int, default=14)
args = parser.parse_args()
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

# daily orders and deliveries
orders = rng.gamma(2.0, 1.0, 1500)
deliveries = np.concatenate([np.zeros(20), orders[:-20]]) + 0.2 * rng.normal(size=1500)
orders, deliveries = [((v - v.mean()) / v.std()).astype("float32") for v in (orders, deliveries)]

first = 30
series = torch.tensor(np.stack([orders, deliveries], 1))
x = torch.stack([series[t - args.window : t] for t in range(first, 1500)])
y = torch.tensor(deliveries[first:])
cut = 1150

lstm = nn.GRU(2, args.hidden, batch_first=True)
head = nn.Linear(args.hidden, 1)
params = [*lstm.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(params, lr=1e-2)
for epoch in range(args.epochs):
    for rows in torch.randperm(cut).split(32):
        loss = nn.functional.mse_loss(head(lstm(x[rows])[0][:, -1])[:, 0], y[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
    print(f"epoch {epoch + 1}/{args.epochs} loss {loss.item():.3f}")

with torch.no_grad():
    mse = nn.functional.mse_loss(head(lstm(x[cut:])[0][:, -1])[:, 0], y[cut:]).item()
print("metric r2", 1 - mse / y[cut:].var().item())
