import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Latch(nn.Module):
    """Which of two switches was pressed last?"""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 3, batch_first=True)
        self.out = nn.Linear(3, 1)

    def forward(self, presses):
        return self.out(self.gru(presses)[0]).squeeze(-1)


def presses(n, steps=20):
    which = torch.multinomial(torch.tensor([0.7, 0.15, 0.15]), n * steps, replacement=True).view(n, steps)
    state = torch.zeros(n)
    states = []
    for t in range(steps):
        state = torch.where(which[:, t] == 1, 1.0, torch.where(which[:, t] == 2, 0.0, state))
        states.append(state)
    return torch.stack([which == 1, which == 2], 2).float(), torch.stack(states, 1)


model = Latch()
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for step in range(350):
    x, y = presses(24)
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())

x, y = presses(300)
with torch.no_grad():
    print("metric accuracy", ((model(x) > 0) == (y > 0.5)).float().mean().item())
