# %% [markdown]
# Traffic on a bridge: filter the noisy counts, one estimate for every quarter of an hour.

# %%
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
window = 24
batch_size = 24

# %%
def traffic(n):
    level = torch.zeros(n, window)
    now = torch.randn(n)
    trend = 0.2 * torch.randn(n)
    for t in range(window):
        trend = 0.8 * trend + 0.15 * torch.randn(n)
        now = 0.95 * now + trend
        level[:, t] = now
    return (level + 0.4 * torch.randn(n, window)).unsqueeze(-1), level

# %%
class Smoother(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 1)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.out(h)

model = Smoother()
criterion = nn.SmoothL1Loss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.008)

# %%
losses = []
for step in range(300):
    x, y = traffic(batch_size)
    y_hat = model(x)
    loss = criterion(y_hat, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 50 == 49:
        print(step + 1, sum(losses[-50:]) / 50)

# %%
model.eval()
x, y = traffic(400)
with torch.no_grad():
    error = model(x)[..., 0] - y
print("metric skill", 1 - (error.pow(2).mean() / y.var()).item())
