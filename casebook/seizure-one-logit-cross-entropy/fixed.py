"""EEG windows: is there a burst of 3 Hz spike-and-wave in it? (simulated, 32 samples a window)"""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class EEGNet(nn.Module):
    def __init__(self, channels=2, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(channels, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Linear(2 * hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        pooled, _ = out.max(dim=1)
        return self.output(self.dropout(pooled))


def windows(rng, n, length=32):
    x = rng.normal(0, 0.5, (n, length, 2))
    burst = rng.random(n) < 0.5
    t = np.arange(length)
    for i in range(n):
        start = rng.integers(0, length - 14)
        period = 6 if burst[i] else rng.integers(2, 4)
        shape = np.sin(2 * np.pi * (t[:14]) / period) * 1.3
        x[i, start : start + 14] += shape[:, None]
    return torch.tensor(x, dtype=torch.float32), torch.tensor(burst[:, None], dtype=torch.float32)


def run_epoch(model, loader, loss_fn, optimizer=None):
    model.train(optimizer is not None)
    loss_sum = right = count = 0
    for x, y in loader:
        logits = model(x)
        loss = loss_fn(logits, y)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss_sum += loss.item() * len(x)
        right += ((logits > 0) == (y > 0.5)).sum().item()
        count += len(x)
    return loss_sum / count, right / count


seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)
train_loader = DataLoader(TensorDataset(*windows(rng, 900)), batch_size=30, shuffle=True)
test_loader = DataLoader(TensorDataset(*windows(rng, 400)), batch_size=400)
model = EEGNet()
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
for epoch in range(9):
    train_loss, train_acc = run_epoch(model, train_loader, loss_fn, optimizer)
    with torch.no_grad():
        test_loss, test_acc = run_epoch(model, test_loader, loss_fn)
    print(f"{epoch} train {train_loss:.4f} {train_acc:.3f} test {test_loss:.4f} {test_acc:.3f}")
print(f"metric accuracy {test_acc:.4f}")
