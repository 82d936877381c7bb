import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass
class Settings:
    length: int
    commands: int
    hidden: int
    lr: float
    steps: int
    keep_bias: float


class CommandReader(nn.Module):
    """A message is a command byte and a payload of noise."""

    def __init__(self, s):
        super().__init__()
        self.embed = nn.Embedding(16, 16)
        self.gru = nn.GRU(16, s.hidden, batch_first=True)
        self.out = nn.Linear(s.hidden, s.commands)
        with torch.no_grad():
            self.gru.bias_ih_l0[s.hidden:2 * s.hidden] += s.keep_bias

    def forward(self, message):
        _, h = self.gru(self.embed(message))
        return self.out(h.squeeze(0))


def messages(n, s):
    command = torch.randint(s.commands, (n,))
    payload = torch.randint(16, (n, s.length - 1))
    return torch.cat([command[:, None], payload], 1), command


s = Settings(**json.loads(Path(__file__).with_suffix(".json").read_text()))
torch.manual_seed(int(os.environ.get("SEED", 0)))
reader = CommandReader(s)
adam = torch.optim.Adam(reader.parameters(), lr=s.lr)
cross_entropy = nn.CrossEntropyLoss()
for step in range(s.steps):
    x, y = messages(32, s)
    loss = cross_entropy(reader(x), y)
    adam.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
    adam.step()
    if step % 40 == 0:
        print(f"{step:4d} {loss.item():.4f}")

reader.eval()
with torch.no_grad():
    x, y = messages(500, s)
    print("metric accuracy", round((reader(x).argmax(1) == y).float().mean().item(), 4))
