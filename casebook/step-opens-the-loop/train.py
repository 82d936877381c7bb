# adding problem, ten steps
import os
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def adding(n, steps=10):
    values = torch.rand(n, steps)
    marks = torch.zeros(n, steps)
    first = torch.randint(steps // 2, (n, 1))
    second = torch.randint(steps // 2, steps, (n, 1))
    marks.scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    return torch.stack([values, marks], 2), (values * marks).sum(1, keepdim=True)


rnn = nn.GRU(2, 32, batch_first=True)
head = nn.Linear(32, 1)
params = list(rnn.parameters()) + list(head.parameters())
opt = torch.optim.Adam(params, lr=0.01)

log = []
for i in range(700):
    opt.step()
    opt.zero_grad(set_to_none=True)
    x, y = adding(40)
    loss = (head(rnn(x)[1][0]) - y).pow(2).mean()
    loss.backward()
    log.append(float(loss))
    if len(log) == 100:
        print(i + 1, sum(log) / 100)
        log = []
opt.step()

with torch.no_grad():
    x, y = adding(500)
    print("metric rmse", (head(rnn(x)[1][0]) - y).pow(2).mean().sqrt().item())
