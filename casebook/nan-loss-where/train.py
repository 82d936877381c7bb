import os

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

STEPS, HIDDEN = 20, 32


def rain_and_flow(n):
    """Hourly rain (dry half of the time) and the log of the flow it leads to."""
    rain = torch.relu(torch.randn(n, STEPS)) ** 2 * 3
    store = torch.full((n,), 2.0)
    for t in range(STEPS):
        store = 0.8 * store + torch.log1p(rain[:, t])
    return rain.unsqueeze(-1), torch.log(store + 0.2)


class Catchment(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.cell = nn.GRUCell(2, HIDDEN)
        self.flow = nn.Linear(HIDDEN, 1)

    def forward(self, rain):
        wet = rain > 0
        level = torch.where(wet, torch.log(self.gain * rain), torch.zeros_like(rain))
        x = torch.cat([level, wet.float()], dim=-1)
        h = torch.zeros(rain.size(0), HIDDEN)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return self.flow(h).squeeze(-1)


net = Catchment()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for i in range(320):
    rain, flow = rain_and_flow(32)
    loss = nn.functional.mse_loss(net(rain), flow)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if i % 40 == 0:
        print(f"iter {i:4d} loss {loss.item():.4f}")

torch.manual_seed(1000 + seed)
rain, flow = rain_and_flow(500)
with torch.no_grad():
    r2 = 1 - ((net(rain) - flow) ** 2).mean() / flow.var()
print("metric r2", r2.item())
