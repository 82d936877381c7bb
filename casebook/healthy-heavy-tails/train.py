import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def claims(n, steps=12):
    """Insurance claims: nearly all zero, now and then a large one announced by two warnings in a row."""
    warning = (torch.rand(n, steps) < 0.2).float()
    damage = torch.exp(0.5 * torch.randn(n, steps))
    both = warning[:, 1:] * warning[:, :-1]
    amount = (both * damage[:, 1:]).sum(1) * 10.0
    return torch.stack([warning, damage], 2), amount


x, amount = claims(900)
x_test, amount_test = claims(400)
scale = amount.std()
model = nn.LSTM(2, 32, batch_first=True)
head = nn.Linear(32, 1)
optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=8e-3)
for epoch in range(22):
    for rows in torch.randperm(900).split(30):
        loss = nn.functional.mse_loss(head(model(x[rows])[0][:, -1]).squeeze(1), amount[rows] / scale)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*model.parameters(), *head.parameters()], 1.0)
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

with torch.no_grad():
    guess = head(model(x_test)[0][:, -1]).squeeze(1) * scale
print("metric r2", 1 - ((guess - amount_test) ** 2).mean().item() / amount_test.var().item())
