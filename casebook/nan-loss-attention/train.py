import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
raw = np.load(Path(__file__).with_suffix(".npz"))
sets = [
    TensorDataset(torch.tensor(raw[f"x_{part}"], dtype=torch.float32), torch.tensor(raw[f"y_{part}"], dtype=torch.float32))
    for part in ("train", "test")
]


class AttentionPooling(nn.Module):
    """Weights each step by how much it resembles a learned query."""

    def __init__(self, hidden, features):
        super().__init__()
        self.key = nn.Linear(features, hidden)
        self.query = nn.Parameter(torch.randn(hidden) * 0.3)

    def forward(self, states, x):
        score = self.key(x) @ self.query
        weight = torch.exp(score)
        weight = weight / weight.sum(dim=1, keepdim=True)
        return (weight.unsqueeze(-1) * states).sum(dim=1)


class Model(nn.Module):
    def __init__(self, features=3, hidden=24):
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.rnn = nn.LSTM(features, hidden, batch_first=True)
        self.pool = AttentionPooling(hidden, features)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        z = self.norm(x.transpose(1, 2)).transpose(1, 2)
        states, _ = self.rnn(z)
        return self.head(self.pool(states, x)).squeeze(-1)


model = Model()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(22):
    model.train()
    seen = 0.0
    for x, y in DataLoader(sets[0], batch_size=16, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        seen += loss.item()
    print(f"{epoch:02d} {seen:.3f}")

model.eval()
x, y = sets[1].tensors
with torch.no_grad():
    print("metric accuracy", ((model(x) > 0) == (y > 0.5)).float().mean().item())
