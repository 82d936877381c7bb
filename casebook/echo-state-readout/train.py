"""Echo state network on the Mackey-Glass series; the readout is trained by gradient descent."""
import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def mackey_glass(n, tau=17):
    x = list(1.2 + 0.1 * rng.standard_normal(tau + 1))
    for _ in range(n + 200):
        x.append(x[-1] + 0.2 * x[-1 - tau] / (1 + x[-1 - tau] ** 10) - 0.1 * x[-1])
    return np.array(x[-n:], dtype=np.float32)


class Reservoir(nn.Module):
    def __init__(self, size=100, radius=0.9, leak_in=0.5):
        super().__init__()
        self.rnn = nn.RNN(1, size, nonlinearity="tanh", batch_first=True)
        w = torch.randn(size, size) * (torch.rand(size, size) < 0.1)
        w *= radius / torch.linalg.eigvals(w).abs().max()
        self.rnn.weight_hh_l0.data.copy_(w)
        self.rnn.weight_ih_l0.data.uniform_(-leak_in, leak_in)
        for p in self.rnn.parameters():
            p.requires_grad = False
        self.readout = nn.Linear(size, 1)

    def forward(self, u):
        states, _ = self.rnn(u)
        return self.readout(states[:, 20:])


series = mackey_glass(2400)
series = (series - series.mean()) / series.std()
u = torch.tensor(series[:-6])
y = torch.tensor(series[6:])
chunks = [(u[i : i + 120].view(1, -1, 1), y[i + 20 : i + 120].view(1, -1, 1)) for i in range(0, 2200, 100)]
u_batch, y_batch = torch.cat([c[0] for c in chunks[:16]]), torch.cat([c[1] for c in chunks[:16]])
u_test, y_test = torch.cat([c[0] for c in chunks[17:]]), torch.cat([c[1] for c in chunks[17:]])

net = Reservoir()
optimizer = torch.optim.Adam(net.readout.parameters(), lr=0.02)
for epoch in range(220):
    for idx in torch.randperm(16).split(8):
        loss = nn.functional.mse_loss(net(u_batch[idx]), y_batch[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 30 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    print("metric nrmse", (nn.functional.mse_loss(net(u_test), y_test) / y_test.var()).sqrt().item())
