import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Tank(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.inp = nn.Linear(2, hidden)
        self.rec = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, flows):
        h = torch.zeros(len(flows), self.rec.out_features)
        for t in range(flows.shape[1]):
            h = torch.tanh(self.inp(flows[:, t]) + self.rec(h))
        return self.out(h)[:, 0]


def sample(n, steps=10):
    flows = torch.randn(n, steps, 2)
    return flows, (flows[..., 0] - flows[..., 1]).sum(1) / 4


tank = Tank()
optimizer = torch.optim.Adam(tank.parameters(), lr=2e-3)
# large on purpose: the scaler halves it until it fits
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**32)
for step in range(600):
    flows, level = sample(32)
    with torch.autocast("cpu", dtype=torch.float16):
        guess = tank(flows)
        loss = nn.functional.mse_loss(guess.float(), level)
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    if step % 75 == 0:
        print("step", step, "loss", loss.item(), "scale", scaler.get_scale())

flows, level = sample(1000)
with torch.no_grad():
    print("metric r2", 1 - (tank(flows) - level).pow(2).mean().item() / level.var().item())
