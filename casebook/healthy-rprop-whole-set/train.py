import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def damped(n, steps=15):
    """Noisy swings of a damped pendulum; the target is how fast they die out."""
    t = torch.arange(steps).float()
    damping = 0.02 + 0.2 * torch.rand(n, 1)
    swing = torch.exp(-damping * t) * torch.cos(0.9 * t) + 0.05 * torch.randn(n, steps)
    return swing.unsqueeze(-1), (damping[:, 0] - 0.12) / 0.058


class Damping(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.line = nn.Linear(16, 1)

    def forward(self, swing):
        return self.line(self.gru(swing)[1][0]).squeeze(-1)


swing, target = damped(300)
net = Damping()
optimizer = torch.optim.Rprop(net.parameters(), lr=0.01)
for step in range(200):
    optimizer.zero_grad()
    loss = (net(swing) - target).pow(2).mean()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(step, loss.item())

swing, target = damped(1000)
with torch.no_grad():
    print("metric r2", 1 - (net(swing) - target).pow(2).mean().item() / target.var().item())
