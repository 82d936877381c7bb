"""Who walks there? Rhythm of footsteps from a floor sensor, four people."""
import json
import os
from pathlib import Path

import torch
from torch import nn

settings = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
torch.manual_seed(int(os.environ.get("SEED", 0)))

PERIODS = torch.tensor([4.0, 5.5, 7.5, 10.0])


def walks(n, steps=30):
    person = torch.randint(len(PERIODS), (n,))
    period = PERIODS[person] * (1 + 0.04 * torch.randn(n))
    beat = (torch.arange(steps)[None] / period[:, None] + torch.rand(n, 1)) % 1
    press = torch.exp(-((beat - 0.5) ** 2) / 0.02) + 0.15 * torch.randn(n, steps)
    return torch.stack([press, 0.3 * torch.randn(n, steps)], dim=-1), person


class WalkNet(nn.Module):
    def __init__(self, rnn, people):
        super().__init__()
        self.rnn = nn.LSTM(**rnn)
        width = rnn["hidden_size"] * (2 if rnn.get("bidirectional") else 1)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, people)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.head(self.norm(y).mean(dim=1))


net = WalkNet(settings["rnn"], len(PERIODS))
optimizer = torch.optim.Adam(net.parameters(), lr=settings["lr"])
criterion = nn.CrossEntropyLoss()
average = 1.4
for step in range(1, settings["steps"] + 1):
    x, person = walks(settings["batch_size"])
    loss = criterion(net(x), person)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    average += 0.05 * (loss.item() - average)
    if step % 50 == 0:
        print(f"step {step}  loss {average:.3f}")

net.eval()
with torch.no_grad():
    x, person = walks(400)
    accuracy = (net(x).argmax(-1) == person).float().mean().item()
print(f"metric accuracy {accuracy:.4f}")
