import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class DoorTracker(nn.Module):
    """At every step: is the door open? Events: 0 nothing, 1 opened, 2 shut, 3 bell."""

    def __init__(self, n_hidden=24):
        super().__init__()
        self.n_hidden = n_hidden
        self.events = nn.Embedding(4, 8)
        self.cell = nn.GRUCell(8, n_hidden)
        self.open = nn.Linear(n_hidden, 1)

    def forward(self, events):
        batch, steps = events.shape
        state = torch.zeros(batch, self.n_hidden)
        states = []
        for t in range(steps):
            state = self.cell(self.events(events[:, t]), state)
            states.append(state)
        states = torch.stack(states, dim=1)
        return self.open(states).squeeze(-1)


def simulate(n, steps=14):
    events = torch.multinomial(torch.tensor([0.5, 0.15, 0.15, 0.2]), n * steps, replacement=True).view(n, steps)
    door = torch.zeros(n, dtype=torch.bool)
    doors = []
    for t in range(steps):
        door = (door | (events[:, t] == 1)) & (events[:, t] != 2)
        doors.append(door)
    return events, torch.stack(doors, dim=1).float()


tracker = DoorTracker()
opt = torch.optim.Adam(tracker.parameters(), lr=0.01)
for it in range(400):
    events, doors = simulate(32)
    loss = F.binary_cross_entropy_with_logits(tracker(events), doors)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print("iteration", it, "loss", round(loss.item(), 4))

events, doors = simulate(500)
with torch.no_grad():
    right = ((tracker(events) > 0) == doors.bool()).float().mean().item()
print("metric accuracy", round(right, 4))
