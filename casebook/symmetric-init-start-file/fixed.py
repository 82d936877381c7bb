import csv
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

here = Path(__file__).resolve()
torch.manual_seed(int(os.environ.get("SEED", 0)))

with open(here.parents[1] / "data" / "names-six.csv", encoding="utf8") as f:
    records = list(csv.DictReader(f))
alphabet = sorted({c for r in records for c in r["name"].lower()})
languages = sorted({r["language"] for r in records})
x = torch.zeros(len(records), 10, dtype=torch.long)
for i, r in enumerate(records):
    codes = [alphabet.index(c) + 1 for c in r["name"].lower()[-10:]]
    x[i, 10 - len(codes):] = torch.tensor(codes)
y = torch.tensor([languages.index(r["language"]) for r in records])
mix = torch.randperm(len(x))
x, y = x[mix], y[mix]


class Names(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(80, 16)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.head = nn.Linear(32, 6)

    def forward(self, ids):
        return self.head(self.gru(self.embed(ids))[1][0])


net = Names()
with np.load(here.with_suffix(".npz")) as start:
    net.load_state_dict({name: torch.from_numpy(start[name]) for name in start.files})

optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(10):
    total = 0.0
    for idx in (torch.randperm(len(x) - 300) + 300).split(32):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} {total / (len(x) - 300):.4f}")

with torch.no_grad():
    print(f"metric accuracy {(net(x[:300]).argmax(1) == y[:300]).float().mean().item():.4f}")
