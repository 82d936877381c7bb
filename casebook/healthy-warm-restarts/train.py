import math
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def make_series(n):
    t = torch.arange(28.0)
    slope = 0.04 * torch.randn(n, 1)
    season = torch.sin(2 * math.pi * t / 7 + 2 * math.pi * torch.rand(n, 1))
    s = slope * t + season + 0.1 * torch.randn(n, 28)
    return s[:, :21].unsqueeze(-1), s[:, 21:]


class WeekAhead(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(1, 32, batch_first=True)
        self.head = nn.Linear(32, 7)

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        return self.head(h[-1])


model = WeekAhead()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=100, eta_min=1e-6)
criterion = nn.MSELoss()
for it in range(700):
    x, y = make_series(32)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if it % 50 == 0:
        print(it, f"lr={optimizer.param_groups[0]['lr']:.2e}", f"loss={loss.item():.4f}")

x, y = make_series(400)
with torch.no_grad():
    print("metric mse", round(criterion(model(x), y).item(), 4))
