# Position of a rolling ball from its speed readings, two layers, learnt start
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def rolls(n, steps=16):
    speed = torch.cumsum(0.3 * torch.randn(n, steps), 1)
    place = 1.0 + 0.2 * torch.cumsum(speed, 1)
    return speed.unsqueeze(-1), place.unsqueeze(-1)


class Tracker(nn.Module):
    def __init__(self, hidden=24, layers=2):
        super().__init__()
        self.h0 = nn.Parameter(torch.zeros(layers, 1, hidden))
        self.c0 = nn.Parameter(torch.zeros(layers, 1, hidden))
        self.lstm = nn.LSTM(1, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        n = x.shape[0]
        state = self.h0.expand(-1, n, -1).contiguous(), self.c0.expand(-1, n, -1).contiguous()
        return self.out(self.lstm(x, state)[0])


model = Tracker()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(400):
    x, y = rolls(32)
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        print(step, loss.item())

with torch.no_grad():
    x, y = rolls(500)
    print("metric rmse", nn.functional.mse_loss(model(x), y).sqrt().item())
