"""Tell three kinds of oscillation apart."""
import argparse
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self, hidden=24, classes=3):
        super().__init__()
        self.rnn = nn.LSTM(1, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, x):
        out, _ = self.rnn(x.unsqueeze(-1))
        return self.head(out.mean(dim=1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.3)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=30)
    args = parser.parse_args()

    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    data = np.load(Path(__file__).with_suffix(".npz"))
    x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    order = torch.randperm(len(x))
    test, train = order[:90], order[90:]

    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
    for epoch in range(args.epochs):
        for batch in train[torch.randperm(len(train))].split(args.batch_size):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:3d} loss {loss.item():.3f}")

    with torch.no_grad():
        accuracy = (model(x[test]).argmax(1) == y[test]).float().mean().item()
    print(f"metric accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
