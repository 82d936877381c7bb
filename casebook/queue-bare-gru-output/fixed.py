"""How long will the queue be? (hundreds of people at a ferry terminal)"""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def ferry(n, steps=20):
    arrivals = torch.rand(n, steps) * torch.rand(n, 1) * 0.5
    boats = (torch.arange(steps) % 6 == 5).float() * (torch.rand(n, steps) < 0.9)
    queue = torch.rand(n) * 2
    for t in range(steps):
        queue = queue + arrivals[:, t] - 0.6 * queue * boats[:, t]
    return torch.stack([arrivals * 4 - 0.5, boats], 2), queue.unsqueeze(1) + 1.0


class QueueNet(nn.Module):
    def __init__(self, hidden=24):
        super(QueueNet, self).__init__()
        self.gru1 = nn.GRU(2, hidden, batch_first=True)
        self.gru2 = nn.GRU(hidden, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        x, _ = self.gru1(x)
        x, _ = self.gru2(x)
        return self.linear(x[:, -1, :])


net = QueueNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
mse = nn.MSELoss()

for step in range(1, 401):
    x, y = ferry(32)
    loss = mse(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")

net.eval()
with torch.no_grad():
    x, y = ferry(500)
    print("constant:", y.std().item())
    print("metric rmse", mse(net(x), y).sqrt().item())
