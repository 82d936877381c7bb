import os

import torch
from torch import nn, optim

torch.manual_seed(int(os.environ.get("SEED", 0)))


class SignOfSum(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 24, batch_first=True)
        self.score = nn.Linear(24, 1)

    def forward(self, x):
        return self.score(self.gru(x)[0][:, -1]).squeeze(1)


def walk(n, length=15):
    x = torch.randn(n, length, 2)
    return x, (x[:, :, 0].sum(1) > x[:, :, 1].sum(1)).float()


net = SignOfSum()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.99, nesterov=True)
bce = nn.BCEWithLogitsLoss()
for step in range(900):
    x, y = walk(32)
    loss = bce(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))

x, y = walk(1000)
with torch.no_grad():
    print("metric accuracy", round(((net(x) > 0).float() == y).float().mean().item(), 4))
