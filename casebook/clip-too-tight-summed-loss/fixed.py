import math
import os

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


def batch(n):
    """Two rhythms a sequence; follow the slow one."""
    t = torch.arange(32.0)
    slow = torch.sin(0.2 * t + 2 * math.pi * torch.rand(n, 1))
    fast = torch.sin((1.2 + 0.4 * torch.rand(n, 1)) * t + 2 * math.pi * torch.rand(n, 1))
    return (slow + fast).unsqueeze(-1), slow.unsqueeze(-1)


class Follower(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.readout = nn.Linear(24, 1)

    def forward(self, x):
        return self.readout(self.gru(x)[0])


net = Follower()
optimizer = torch.optim.SGD(net.parameters(), lr=0.0003, momentum=0.9)
criterion = nn.MSELoss(reduction="sum")

for step in range(500):
    x, y = batch(16)
    loss = criterion(net(x), y) / len(x)
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(net.parameters(), 50.0)
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 3))

x, y = batch(400)
with torch.no_grad():
    skill = 1 - ((net(x) - y) ** 2).mean() / y.var()
print("metric r2", round(skill.item(), 4))
