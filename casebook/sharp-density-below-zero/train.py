# Mixture density network over the next position of a bouncing ball.
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(int(os.environ.get("SEED", 0)))


def bounce(n, steps):
    pos = torch.rand(n) * 0.8 + 0.1
    vel = (torch.rand(n) * 0.06 + 0.03) * (torch.randint(2, (n,)) * 2 - 1)
    track = []
    for _ in range(steps):
        pos = pos + vel
        hit = (pos < 0) | (pos > 1)
        vel = torch.where(hit, -vel, vel)
        pos = pos.clamp(0, 1)
        track.append(pos + 0.004 * torch.randn(n))
    return torch.stack(track)  # (time, ball)


class MDN(nn.Module):
    def __init__(self, hidden=32, k=3):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden)
        self.params = nn.Linear(hidden, 3 * k)

    def forward(self, x):
        logits, mu, s = self.params(self.lstm(x)[0]).chunk(3, dim=-1)
        return MixtureSameFamily(Categorical(logits=logits), Normal(mu, F.softplus(s) * 0.2 + 3e-3))


net = MDN()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(260):
    track = bounce(32, 26)
    dist = net(track[:-1].unsqueeze(-1))
    nll = -dist.log_prob(track[1:])[4:].mean()
    opt.zero_grad()
    nll.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 40 == 0:
        print(step, nll.item())

with torch.no_grad():
    track = bounce(300, 26)
    nll = -net(track[:-1].unsqueeze(-1)).log_prob(track[1:])[4:].mean()
print("metric nll", nll.item())
