"""Predict the next position of pedestrians; tracks have different lengths."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

SEED = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def track():
    length = rng.integers(8, 21)
    heading = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.25) * np.arange(length)
    step = 0.3 * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return torch.tensor(step, dtype=torch.float32)


tracks = [track() for _ in range(320)]
lengths = torch.tensor([len(t) - 1 for t in tracks])
inputs = pad_sequence([t[:-1] for t in tracks], batch_first=True)
targets = pad_sequence([t[1:] for t in tracks], batch_first=True)
mask = (torch.arange(inputs.size(1))[None, :] < lengths[:, None]).float()


class Predictor(nn.Module):
    def __init__(self, hidden_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.encoder = nn.LSTM(2, hidden_dim, batch_first=True)
        self.decoder = nn.Linear(hidden_dim, 2)

    def forward(self, steps):
        features, _ = self.encoder(steps)
        return self.decoder(features)


def mean_distance(predicted, wanted, mask):
    difference = (predicted - wanted) * mask.unsqueeze(-1)
    distance = torch.sqrt((difference ** 2).sum(-1))
    return distance.sum() / mask.sum()


model = Predictor(32)
optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
for epoch in range(25):
    order = torch.randperm(256)
    for i in range(0, 256, 32):
        b = order[i : i + 32]
        loss = mean_distance(model(inputs[b]), targets[b], mask[b])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    print("epoch %d: %.4f" % (epoch + 1, loss.item()))

with torch.no_grad():
    final = mean_distance(model(inputs[256:]), targets[256:], mask[256:])
print("metric distance", final.item())
