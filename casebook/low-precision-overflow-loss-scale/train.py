import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

LOSS_SCALE = 2.0**22


class HalfTrainer:
    """Float32 weights, float16 arithmetic, constant loss scale; a step with an overflow is left out."""

    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.left_out = 0

    def step(self, x, y):
        with torch.autocast("cpu", dtype=torch.float16):
            scores = self.model(x)
        loss = nn.functional.cross_entropy(scores.float(), y)
        self.optimizer.zero_grad()
        (loss * LOSS_SCALE).backward()
        grads = [p.grad for p in self.model.parameters()]
        if all(torch.isfinite(g).all() for g in grads):
            for g in grads:
                g.div_(LOSS_SCALE)
            self.optimizer.step()
        else:
            self.left_out += 1
        return loss.item()


class Majority(nn.Module):
    def __init__(self, symbols=4, hidden=32):
        super().__init__()
        self.hidden = hidden
        self.emb = nn.Embedding(symbols, 16)
        self.inp = nn.Linear(16, hidden)
        self.rec = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, symbols)

    def forward(self, ids):
        x = self.inp(self.emb(ids))
        h = x.new_zeros(len(ids), self.hidden)
        for t in range(ids.shape[1]):
            h = torch.tanh(x[:, t] + self.rec(h))
        return self.out(h)


def votes(n, length=9):
    ids = torch.randint(0, 4, (n, length))
    counts = nn.functional.one_hot(ids, 4).sum(1)
    return ids, (counts * 10 - torch.arange(4)).argmax(1)


trainer = HalfTrainer(Majority(), lr=3e-3)
for step in range(500):
    loss = trainer.step(*votes(48))
    if step % 50 == 0:
        print(f"step {step} loss {loss:.4f}")

ids, winner = votes(1000)
with torch.no_grad():
    print("metric accuracy", (trainer.model(ids).argmax(1) == winner).float().mean().item())
