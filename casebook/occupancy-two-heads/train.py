"""Is anybody in the meeting room, and how many? From carbon dioxide and sound."""
import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Room(NamedTuple):
    occupied: Tensor  # probability
    people: Tensor  # count, not negative


class RoomNet(nn.Module):
    def __init__(self, hidden: int = 28):
        super().__init__()
        self.rnn = nn.LSTM(2, hidden, batch_first=True)
        self.occupied = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())
        self.people = nn.Sequential(nn.Linear(hidden, 16), nn.Tanh(), nn.Linear(16, 1), nn.ReLU())
        nn.init.constant_(self.people[2].bias, 1.0)

    def forward(self, x: Tensor) -> Room:
        out, _ = self.rnn(x)
        last = out[:, -1]
        return Room(self.occupied(last).squeeze(-1), self.people(last).squeeze(-1))


def simulate(rng: np.random.Generator, n: int, steps: int = 20) -> tuple[Tensor, Tensor]:
    arrive = rng.integers(0, steps, n)
    leave = np.where(rng.random(n) < 0.45, arrive + rng.integers(1, steps, n), 2 * steps)
    size = rng.integers(1, 7, n)
    co2, sound, inside = np.zeros((n, steps)), np.zeros((n, steps)), np.zeros(n)
    for t in range(steps):
        inside = size * ((arrive <= t) & (t < leave))
        co2[:, t] = 0.85 * co2[:, t - 1] + 0.15 * inside if t else 0.15 * inside
        sound[:, t] = np.log1p(inside) + rng.normal(0, 0.3, n)
    x = np.stack([co2 / 2, sound / 1.5], -1) + rng.normal(0, 0.02, (n, steps, 2))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(inside, dtype=torch.float32)


def main() -> None:
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    x, people = simulate(np.random.default_rng(seed), 1200)
    net = RoomNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.006)
    bce, mse = nn.BCELoss(), nn.MSELoss()
    for epoch in range(14):
        for idx in torch.randperm(900).split(30):
            room = net(x[idx])
            loss = bce(room.occupied, (people[idx] > 0).float()) + 0.5 * mse(room.people, people[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 3 == 0:
            print(f"epoch {epoch}: {loss.item():.4f}")
    with torch.no_grad():
        room = net(x[900:])
    print(f"yes/no right: {((room.occupied > 0.5) == (people[900:] > 0)).float().mean():.3f}")
    print(f"metric skill {1 - mse(room.people, people[900:]).item() / people[900:].var().item():.4f}")


if __name__ == "__main__":
    main()
