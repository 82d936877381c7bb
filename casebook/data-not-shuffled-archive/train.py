import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

archive = np.load(Path(__file__).with_suffix(".npz"))
x, kind = torch.tensor(archive["x"]).unsqueeze(-1), torch.tensor(archive["kind"])
fit = DataLoader(TensorDataset(x[:540], kind[:540]), batch_size=10)
held_back = DataLoader(TensorDataset(x[540:], kind[540:]), batch_size=60)


class DriftClassifier(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 6)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


model = DriftClassifier()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    losses = []
    for xb, yb in fit:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: {np.mean(losses):.4f}")

right = 0
with torch.no_grad():
    for xb, yb in held_back:
        right += (model(xb).argmax(1) == yb).sum().item()
print("metric accuracy", right / 120)
