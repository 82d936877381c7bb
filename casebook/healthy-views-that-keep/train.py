import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

BATCH = STEPS = 16
WIDTH = 16


class Pyramid(nn.Module):
    """Two directions, then pairs of steps side by side, then a second recurrent layer."""

    def __init__(self, classes=3):
        super().__init__()
        self.lower = nn.GRU(2, WIDTH, bidirectional=True)
        self.upper = nn.GRU(4 * WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * WIDTH)
        self.out = nn.Linear(2 * WIDTH, classes)

    def forward(self, x):
        n, steps, features = x.shape
        low, _ = self.lower(x.transpose(0, 1))
        low = low.view(steps, n, 2, WIDTH).permute(1, 0, 2, 3)
        pairs = low.reshape(n, steps // 2, 4 * WIDTH)
        _, last = self.upper(pairs)
        last = last.view(1, 2, n, WIDTH)[-1].transpose(0, 1).reshape(n, -1)
        return self.out(self.norm(last.view(-1, 2 * WIDTH)).view(n, 2 * WIDTH))


def curves(n):
    """Falling, level or rising?"""
    kind = torch.randint(0, 3, (n,))
    ramp = torch.linspace(-1, 1, STEPS)
    first = (kind[:, None] - 1) * ramp + 0.8 * torch.randn(n, STEPS)
    flat = torch.stack([first, torch.randn(n, STEPS)]).permute(1, 2, 0).reshape(n * STEPS, 2)
    return flat.view(n, STEPS, 2), kind


model = Pyramid()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for step in range(1, 401):
    x, kind = curves(BATCH)
    loss = criterion(model(x), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.3f}")

x, kind = curves(800)
with torch.no_grad():
    print("metric accuracy", (model(x).argmax(1) == kind).float().mean().item())
