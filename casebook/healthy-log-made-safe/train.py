import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def spikes(n, steps=18):
    """Spike counts of a neuron; mostly zeros."""
    drive = torch.zeros(n)
    xs, ks = [], []
    for _ in range(steps):
        stimulus = torch.randn(n)
        drive = 0.6 * drive + 0.8 * stimulus
        xs.append(stimulus)
        ks.append(torch.poisson(torch.exp(drive - 1.0).clamp(max=10)))
    return torch.stack(xs, 1).unsqueeze(-1), torch.stack(ks, 1)


class Neuron(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.hidden = hidden
        self.cell = nn.LSTMCell(1, hidden)
        self.rate = nn.Linear(hidden, 1)

    def forward(self, x):
        h = c = x.new_zeros(len(x), self.hidden)
        rates = []
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
            rates.append(torch.relu(self.rate(h)))
        return torch.cat(rates, 1)


def poisson_loss(rate, count):
    silent = count == 0
    safe = torch.where(silent, torch.ones_like(rate), rate + 1e-3)
    return (rate - torch.where(silent, torch.zeros_like(rate), count * torch.log(safe))).mean()


model = Neuron()
nn.init.ones_(model.rate.bias)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(420):
    x, k = spikes(32)
    loss = poisson_loss(model(x), k)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, loss.item())

x, k = spikes(400)
with torch.no_grad():
    gain = poisson_loss(torch.full_like(k, k.mean().item()), k) - poisson_loss(model(x), k)
print("metric nats_gained", gain.item())
