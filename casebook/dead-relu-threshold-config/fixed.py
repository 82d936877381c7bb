import os
import tomllib
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

cfg = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


class SparseHead(nn.Module):
    """Only features above a threshold pass."""

    def __init__(self, n_in, n_features, n_out, threshold):
        super().__init__()
        self.features = nn.Linear(n_in, n_features)
        self.out = nn.Linear(n_features, n_out)
        self.register_buffer("threshold", torch.full((n_features,), threshold))

    def forward(self, h):
        return self.out(F.relu(self.features(h) - self.threshold))


class MotifFinder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(4, 8)
        self.lstm = nn.LSTM(8, cfg["hidden"], batch_first=True, bidirectional=True)
        self.head = SparseHead(2 * cfg["hidden"], 32, 2, cfg["threshold"])

    def forward(self, dna):
        out, _ = self.lstm(self.embed(dna))
        return self.head(out.mean(dim=1))


def genes(n, rng):
    dna = torch.randint(4, (n, 16), generator=rng)
    label = torch.randint(2, (n,), generator=rng)
    start = torch.randint(0, 12, (n,), generator=rng)
    motif = torch.tensor([0, 0, 3, 2])
    for i in label.nonzero().flatten():
        dna[i, start[i]:start[i] + 4] = motif
    return dna, label


seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = torch.Generator().manual_seed(seed)
train_x, train_y = genes(1600, rng)
test_x, test_y = genes(400, rng)
net = MotifFinder()
optimizer = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
for epoch in range(cfg["epochs"]):
    for idx in torch.randperm(len(train_x), generator=rng).split(32):
        loss = F.cross_entropy(net(train_x[idx]), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")

with torch.no_grad():
    print(f"metric accuracy {(net(test_x).argmax(1) == test_y).float().mean().item():.4f}")
