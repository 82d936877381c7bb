import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--hidden", type=int, default=24)
ap.add_argument("--steps", type=int, default=350)
ap.add_argument("--lr", type=float, default=5e-3)
args = ap.parse_args()
torch.manual_seed(int(os.environ.get("SEED", 0)))

with np.load(Path(__file__).with_suffix(".npz")) as f:
    signal = torch.tensor(f["signal"])
    kind = torch.tensor(f["kind"])


class ShapeNet(nn.Module):
    """Looks at the shape of a signal only: offset and amplitude are taken out per window."""

    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, 3)

    def forward(self, s):
        s = (s - s.mean(dim=1, keepdim=True)) / s.std(dim=1, keepdim=True)
        out, _ = self.lstm(s.unsqueeze(-1))
        return self.fc(out.mean(1))


perm = torch.randperm(len(signal))
train, test = perm[:300], perm[300:]
net = ShapeNet(args.hidden)
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
for step in range(args.steps):
    pick = train[torch.randint(len(train), (24,))]
    loss = nn.functional.cross_entropy(net(signal[pick]), kind[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.4f}")

net.eval()
with torch.no_grad():
    acc = (net(signal[test]).argmax(-1) == kind[test]).float().mean()
print(f"metric accuracy {acc.item():.4f}")
