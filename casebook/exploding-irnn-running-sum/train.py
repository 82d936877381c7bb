import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

T, HIDDEN, BATCH = 60, 32, 32


class IRNN(nn.Module):
    """A ReLU network that starts as an identity map (Le, Jaitly and Hinton, 2015)."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, HIDDEN, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(HIDDEN, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


def data(n):
    x = torch.randn(n, T, 1)
    return x, x.cumsum(1) / T ** 0.5


model = IRNN()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

for step in range(500):
    x, y = data(BATCH)
    loss = ((model(x) - y) ** 2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: {loss.item():.3f}")

x, y = data(400)
with torch.no_grad():
    r2 = 1 - ((model(x) - y) ** 2).mean() / y.var()
print(f"metric r2 {r2.item():.4f}")
