import os

import torch
from torch import nn


class SimpleRNN(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.W_xh = nn.Parameter(torch.zeros(n_in, n_hidden))
        self.W_hh = nn.Parameter(torch.zeros(n_hidden, n_hidden))
        self.b_h = nn.Parameter(torch.zeros(n_hidden))
        self.W_hy = nn.Parameter(torch.zeros(n_hidden, n_out))
        self.b_y = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.b_h.shape[0])
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ self.W_xh + h @ self.W_hh + self.b_h)
        return h @ self.W_hy + self.b_y


def xor_batch(n, steps=4):
    bits = torch.randint(0, 2, (n, steps))
    return nn.functional.one_hot(bits, 2).float(), bits[:, -1] ^ bits[:, -2]


torch.manual_seed(int(os.environ.get("SEED", 0)))
rnn = SimpleRNN(2, 16, 2)
optimizer = torch.optim.Adam(rnn.parameters(), lr=0.01)
for i in range(800):
    x, y = xor_batch(32)
    loss = nn.functional.cross_entropy(rnn(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 200 == 0:
        print("loss at", i, "=", loss.item())

x, y = xor_batch(1000)
with torch.no_grad():
    print("metric accuracy", (rnn(x).argmax(1) == y).float().mean().item())
