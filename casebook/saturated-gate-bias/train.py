import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
HIDDEN = 32


def set_gate_biases(lstm, forget=1.0, other=0.0):
    """Order of the gates in torch: input, forget, cell, output."""
    n = lstm.hidden_size
    with torch.no_grad():
        for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
            bias.fill_(other)
            bias[n:2 * n] = forget


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, HIDDEN, batch_first=True)
        self.linear = nn.Linear(HIDDEN, 1)
        set_gate_biases(self.lstm, forget=1.0, other=-12.0)

    def forward(self, x):
        return self.linear(self.lstm(x)[0][:, -1])[:, 0]


def events(n, length=16):
    kind = torch.randint(4, (n, length))
    return nn.functional.one_hot(kind, 4).float(), ((kind == 2).sum(1) - 4.0) / 1.7


net = Counter()
opt = torch.optim.Adam(net.parameters(), lr=0.005)
for step in range(700):
    x, y = events(32)
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 100 == 0:
        print("step", step, "mse", round(loss.item(), 4))

x, y = events(500)
with torch.no_grad():
    skill = 1 - (nn.functional.mse_loss(net(x), y) / y.var()).item()
print("metric r2", round(skill, 4))
