import os
import random

import numpy as np
import torch
from torch import nn, optim

random.seed(int(os.environ.get("SEED", 0)))
np.random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

machines, hours = 6, 260
series, target = [], []
for m in range(machines):
    speed = np.full(hours, 1.0)                       # all of this plant's machines run at the same speed
    line = np.zeros((hours, 3)); line[:, 0] = 1.0     # one-hot of the production line: one line only, so far
    clock = np.arange(hours) / hours
    load = np.convolve(np.random.randn(hours + 4), np.ones(5) / 2.2, "valid")
    heat = np.zeros(hours)
    for t in range(1, hours):
        heat[t] = 0.85 * heat[t - 1] + 0.4 * load[t] + 0.05 * np.random.randn()
    series.append(np.column_stack([speed, line, clock, load]))
    target.append(heat)
X = torch.tensor(np.stack(series), dtype=torch.float32)
Y = torch.tensor(np.stack(target), dtype=torch.float32)

w = 20
def sample(n, lo, hi):
    xs, ys = [], []
    for _ in range(n):
        m, s = random.randrange(machines), random.randrange(lo, hi - w)
        xs.append(X[m, s:s + w]); ys.append(Y[m, s + w - 1])
    return torch.stack(xs), torch.stack(ys)

class HeatNet(nn.Module):
    def __init__(self):
        super(HeatNet, self).__init__()
        self.rnn = nn.LSTM(6, 24, 2, batch_first=True)
        self.fc = nn.Linear(24, 1)
    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1, :]).view(-1)

net = HeatNet()
opt = optim.Adam(net.parameters(), lr=0.005)
for step in range(350):
    xb, yb = sample(32, 0, 200)
    opt.zero_grad()
    loss = nn.MSELoss()(net(xb), yb)
    loss.backward()
    opt.step()
    if step % 70 == 0: print("step", step, "loss", float(loss))

net.eval()
xb, yb = sample(400, 200, 260)
with torch.no_grad():
    r2 = 1 - ((net(xb) - yb) ** 2).mean() / yb.var()
print("metric r2", float(r2))
