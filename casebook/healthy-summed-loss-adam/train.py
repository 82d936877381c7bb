import math
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 20, batch_first=True, bidirectional=True)
        self.out = nn.Linear(40, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


def pair(n, length=40):
    t = torch.arange(float(length))
    clean = torch.sin((0.2 + 0.2 * torch.rand(n, 1)) * t + 2 * math.pi * torch.rand(n, 1))
    return (clean + 0.5 * torch.randn(n, length)).unsqueeze(-1), clean.unsqueeze(-1)


net = Denoiser()
adam = torch.optim.Adam(net.parameters(), lr=0.005)
criterion = nn.MSELoss(reduction="sum")
for step in range(400):
    noisy, clean = pair(32)
    loss = criterion(net(noisy), clean)
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.1f}")

noisy, clean = pair(300)
with torch.no_grad():
    print("metric mse", round((net(noisy) - clean).pow(2).mean().item(), 4))
