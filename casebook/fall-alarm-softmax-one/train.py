# Fall detection from a wrist accelerometer (simulated): a dip, then a spike, then stillness.
import argparse
import os
import random

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--hidden", type=int, default=24)
parser.add_argument("--lr", type=float, default=0.005)
args, _ = parser.parse_known_args()
seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

T = 30


def record(fall):
    g = 1.0 + 0.3 * torch.randn(T)
    at = random.randrange(5, T - 12)
    if fall:
        g[at : at + 3] -= 0.8
        g[at + 3] += 2.0
        g[at + 4 :] = 1.0 + 0.05 * torch.randn(T - at - 4)
    else:
        g[at + 3] += 2.0
        g[at + 5 : at + 8] -= 0.8
    return g


def dataset(n):
    labels = [random.random() < 0.5 for _ in range(n)]
    return torch.stack([record(l) for l in labels]).unsqueeze(-1), torch.tensor(labels).float().unsqueeze(-1)


class FallDetector(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.classifier = nn.Sequential(nn.Linear(hidden, 1), nn.Softmax(dim=1))

    def forward(self, x):
        out, _ = self.lstm(x - 1.0)
        return self.classifier(out[:, -1])


X, y = dataset(900)
Xv, yv = dataset(300)
model = FallDetector(args.hidden)
loss_fn = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(X)).split(30):
        p = model(X[idx])
        loss = loss_fn(p, y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        acc = ((model(Xv) > 0.5) == (yv > 0.5)).float().mean().item()
    print(f"epoch {epoch + 1}: loss {total / len(X):.4f} acc {acc:.3f}")
print(f"metric accuracy {acc:.4f}")
