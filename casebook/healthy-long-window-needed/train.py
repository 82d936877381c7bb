import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

MINUTES = 150


def night(n):
    """Heart rate through a night part; the target is the share of it spent above a level of one's own."""
    restless = torch.rand(n, 1)
    beats = torch.randn(n, MINUTES) + (torch.rand(n, MINUTES) < restless).float() * 2.0
    return beats.unsqueeze(-1), (restless[:, 0] - 0.5) / 0.29


class Sleep(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 12, batch_first=True)
        self.share = nn.Linear(12, 1)

    def forward(self, beats):
        return self.share(self.gru(beats)[0].mean(1)).squeeze(1)


model = Sleep()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(150):
    beats, share = night(32)
    loss = nn.functional.mse_loss(model(beats), share)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(step, round(loss.item(), 4))

beats, share = night(800)
with torch.no_grad():
    print("metric r2", 1 - nn.functional.mse_loss(model(beats), share).item() / share.var().item())
