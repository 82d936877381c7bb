import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))

MICRO_BATCH = 16
ACCUMULATE = 4


def make(n, steps=24):
    # class: which of three chirp rates the noisy signal has
    label = torch.randint(3, (n,))
    t = torch.linspace(0, 1, steps)
    rate = torch.tensor([4.0, 9.0, 16.0])[label].unsqueeze(1)
    x = torch.sin(rate * t**2 * 3 + 6.283 * torch.rand(n, 1)) + 0.2 * torch.randn(n, steps)
    return x.unsqueeze(-1), label


class ChirpNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 3)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out.mean(dim=1))


x, y = make(1600)
x_val, y_val = make(400)
net = ChirpNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=8e-3)
optimizer.zero_grad()

for epoch in range(7):
    perm = torch.randperm(len(x))
    for k, idx in enumerate(perm.split(MICRO_BATCH)):
        loss = F.cross_entropy(net(x[idx]), y[idx])
        loss.backward()
        if (k + 1) % ACCUMULATE == 0:
            for p in net.parameters():
                p.grad /= ACCUMULATE
            optimizer.step()
            optimizer.zero_grad()
    with torch.no_grad():
        acc = (net(x_val).argmax(-1) == y_val).float().mean().item()
    print(f"epoch {epoch}: last loss {loss.item():.3f}  val acc {acc:.3f}")

print(f"metric accuracy {acc:.4f}")
