import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser(description="yield of a reactor from its temperature profile")
parser.add_argument("--batch-size", type=int, default=2)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--lr", type=float, default=2e-3)
args = parser.parse_args()
torch.manual_seed(int(os.environ.get("SEED", 0)))


def make(n):
    profile = torch.randn(n, 8, 2)
    clean = torch.tanh(profile[..., 0] + 0.5 * profile[..., 1]).sum(1) / 2
    return profile, clean + torch.randn(n)


train, test = make(2000), make(1000)
loader = DataLoader(TensorDataset(*train), batch_size=args.batch_size, shuffle=True)


class Yield(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 20, batch_first=True)
        self.out = nn.Linear(20, 1)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.out(h[:, -1])[:, 0]


model = Yield()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
mse = nn.MSELoss()
for epoch in range(args.epochs):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        optimizer.step()
        if i % 200 == 0:
            print(f"[{epoch}:{i}] loss {loss.item():.3f}")

model.eval()
x, y = test
with torch.no_grad():
    print("metric r2", 1 - mse(model(x), y).item() / y.var().item())
