import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))

# calls a minute at a help desk, driven by what happened in the last minutes
n, T = 600, 16
x = torch.randn(n, T, 2)
drive = torch.zeros(n)
for t in range(T):
    drive = 0.75 * drive + 0.9 * x[:, t, 0] - 0.4 * x[:, t, 1]
calls = torch.poisson(torch.exp((drive - 0.3).clamp(max=2.5)))

x_train, calls_train = x[:480], calls[:480]
x_test, calls_test = x[480:], calls[480:]


class RateModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 24, batch_first=True)
        self.rate = nn.Linear(24, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return F.softplus(self.rate(h[-1])).squeeze(-1)


def poisson_nll(rate, k):
    return (rate - k * torch.log(rate)).mean()


model = RateModel()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(20):
    for idx in torch.randperm(480).split(32):
        optimizer.zero_grad()
        loss = poisson_nll(model(x_train[idx]), calls_train[idx])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, loss.item())

with torch.no_grad():
    rate = model(x_test)
    deviance = (torch.xlogy(calls_test, calls_test / rate) - calls_test + rate).sum()
    mean = calls_train.mean()
    null = (torch.xlogy(calls_test, calls_test / mean) - calls_test + mean).sum()
print("metric deviance_explained", (1 - deviance / null).item())
