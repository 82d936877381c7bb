"""Hidden weather: infer today's state (sun, cloud, storm) from the readings up to now."""
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

STAY = 0.85
MEANS = torch.tensor([[1.0, 0.0], [0.0, 0.6], [-1.0, -0.4]])


def simulate(n, steps):
    state = torch.randint(3, (n,))
    states, readings = [], []
    for _ in range(steps):
        move = torch.rand(n) > STAY
        state = torch.where(move, torch.randint(3, (n,)), state)
        states.append(state)
        readings.append(MEANS[state] + 0.7 * torch.randn(n, 2))
    return torch.stack(readings, 1), torch.stack(states, 1)


class Filter(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 20, batch_first=True)
        self.state = nn.Linear(20, 3)

    def forward(self, readings):
        return self.state(self.gru(readings)[0]).log_softmax(-1)

    def log_likelihood(self, readings, states):
        return self(readings).gather(-1, states.unsqueeze(-1)).mean()


model = Filter()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, maximize=True)
for step in range(300):
    optimizer.zero_grad()
    objective = model.log_likelihood(*simulate(16, 25))
    objective.backward()
    optimizer.step()
    if step % 60 == 0:
        print(f"step {step}: log likelihood {objective.item():.3f}")

readings, states = simulate(300, 25)
with torch.no_grad():
    hit = (model(readings).argmax(-1) == states).float().mean().item()
print(f"metric accuracy {hit:.4f}")
