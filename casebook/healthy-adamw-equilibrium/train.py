import os

import torch
from torch import nn


class Trainer:
    def __init__(self, net, loss_fn, optimizer):
        self.net, self.loss_fn, self.optimizer = net, loss_fn, optimizer

    def fit(self, draw, steps, log=200):
        for step in range(steps):
            x, y = draw(32)
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.net(x), y)
            loss.backward()
            self.optimizer.step()
            if step % log == 0:
                print(f"{step:5d}  {loss.item():.5f}")

    @torch.no_grad()
    def accuracy(self, draw):
        x, y = draw(1000)
        return (self.net(x).argmax(1) == y).float().mean().item()


class Parity(nn.Module):
    """Is the count of ones among the last three tokens odd?"""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(2, 8)
        self.rnn = nn.GRU(8, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        return self.fc(self.rnn(self.emb(x))[0][:, -1])


def draw(n):
    x = torch.randint(2, (n, 6))
    return x, x[:, -3:].sum(1) % 2


torch.manual_seed(int(os.environ.get("SEED", 0)))
net = Parity()
trainer = Trainer(net, nn.CrossEntropyLoss(), torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1))
trainer.fit(draw, 1400)
print("metric accuracy", round(trainer.accuracy(draw), 4))
