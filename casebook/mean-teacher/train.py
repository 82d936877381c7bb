"""Few labels, many recordings: a student learns from labels and from its own running average."""
import copy
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def heartbeats(rng, n, steps=24):
    """0 regular, 1 with a double beat, 2 with a beat left out; every six steps."""
    kind = rng.integers(3, size=n)
    x = rng.normal(0, 0.15, (n, steps))
    phase = rng.integers(6, size=n)
    for i in range(n):
        beats = np.arange(phase[i], steps, 6)
        spare = beats[len(beats) // 2]
        x[i, beats] += 1.5
        if kind[i] == 1:
            x[i, min(spare + 2, steps - 1)] += 1.5
        elif kind[i] == 2:
            x[i, spare] -= 1.5
    return torch.tensor(x[..., None], dtype=torch.float32), torch.tensor(kind)


class BeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0].amax(1))


@torch.no_grad()
def follow(teacher, student, keep):
    for a, b in zip(teacher.parameters(), student.parameters()):
        a.mul_(keep).add_(b, alpha=1 - keep)


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x, y = heartbeats(rng, 240)
    unlabelled, _ = heartbeats(rng, 1000)
    student = BeatNet()
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.Adam(student.parameters(), lr=8e-3)
    for step in range(300):
        i = torch.randint(len(x), (24,))
        j = torch.randint(len(unlabelled), (24,))
        with torch.no_grad():
            wanted = F.softmax(teacher(unlabelled[j]), -1)
        own = F.softmax(student(unlabelled[j] + 0.1 * torch.randn(24, 24, 1)), -1)
        loss = F.cross_entropy(student(x[i]), y[i]) + 0.5 * F.mse_loss(own, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow(teacher, student, 0.95)
        if step % 60 == 0:
            print(f"step {step}: {loss.item():.4f}")
    x, y = heartbeats(rng, 500)
    with torch.no_grad():
        print(f"metric accuracy {(teacher(x).argmax(1) == y).float().mean().item():.4f}")


main()
