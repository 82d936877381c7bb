import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def heartbeats(n, steps=20):
    """One beat in thirty is premature: its peak comes early."""
    early = torch.rand(n) < 0.033
    centre = torch.where(early, 9.0, 15.0).unsqueeze(1) + 0.7 * torch.randn(n, 1)
    t = torch.arange(steps, dtype=torch.float32)
    return (torch.exp(-0.5 * (t - centre) ** 2) + 0.1 * torch.randn(n, steps)).unsqueeze(-1), early.float()


x, early = heartbeats(1600)
x_test, early_test = heartbeats(1200)
model = nn.LSTM(1, 16, batch_first=True)
head = nn.Linear(16, 1)
opt = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=1e-2)
for epoch in range(16):
    for xb, yb in DataLoader(TensorDataset(x, early), batch_size=32, shuffle=True):
        loss = nn.functional.binary_cross_entropy_with_logits(head(model(xb)[0][:, -1]).squeeze(1), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: {loss.item():.5f}")

with torch.no_grad():
    found = head(model(x_test)[0][:, -1]).squeeze(1) > 0
tp = (found & (early_test == 1)).sum().item()
print("metric f1_rare", 2 * tp / (found.sum().item() + early_test.sum().item()))
