# Linear probe on the event encoder. Encoder weights come from the .npz with this script's name.
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
weights = np.load(Path(__file__).resolve().with_suffix(".npz"))

STEPS, SYMBOLS = 30, 8


def events(n):
    x = torch.randint(2, SYMBOLS, (n, STEPS))
    rows = torch.arange(n)
    kinds = torch.randint(2, (n, 2))
    x[rows, torch.randint(1, 8, (n,))] = kinds[:, 0]
    x[rows, torch.randint(12, 20, (n,))] = kinds[:, 1]
    return nn.functional.one_hot(x, SYMBOLS).float(), 2 * kinds[:, 0] + kinds[:, 1]


class Probe(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = weights["weight_hh_l0"].shape[1]
        self.encoder = nn.GRU(SYMBOLS, hidden, batch_first=True)
        self.encoder.load_state_dict({k: torch.from_numpy(weights[k]) for k in weights.files})
        self.encoder.requires_grad_(False)
        self.head = nn.Linear(hidden, 4)

    def forward(self, x):
        return self.head(self.encoder(x)[1][0])


probe = Probe()
optimizer = torch.optim.Adam(probe.head.parameters(), lr=0.02)
for step in range(500):
    x, y = events(64)
    loss = nn.functional.cross_entropy(probe(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

with torch.no_grad():
    x, y = events(600)
    print(f"metric accuracy {(probe(x).argmax(1) == y).float().mean().item():.4f}")
