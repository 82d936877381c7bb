"""Mark the first visit to every room on a walk through a house with eight rooms."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class StackedLSTM(nn.Module):
    def __init__(self, n_tokens, width, depth, n_classes):
        super().__init__()
        self.width = width
        self.embedding = nn.Embedding(n_tokens, width)
        self.cells = [nn.LSTMCell(width, width) for _ in range(depth)]
        self.classifier = nn.Linear(width, n_classes)

    def forward(self, tokens):
        n = tokens.size(0)
        states = [(torch.zeros(n, self.width), torch.zeros(n, self.width)) for _ in self.cells]
        outputs = []
        for t in range(tokens.size(1)):
            x = self.embedding(tokens[:, t])
            for level, cell in enumerate(self.cells):
                states[level] = cell(x, states[level])
                x = states[level][0]
            outputs.append(self.classifier(x))
        return torch.stack(outputs, dim=1)


def sample(n, length=16, rooms=8):
    tokens = torch.randint(rooms, (n, length))
    before = torch.tril(torch.ones(length, length, dtype=torch.bool), diagonal=-1)
    seen = ((tokens.unsqueeze(2) == tokens.unsqueeze(1)) & before).any(dim=2)
    return tokens, (~seen).long()


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net = StackedLSTM(n_tokens=8, width=32, depth=2, n_classes=2)
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    smooth = None
    for step in range(1, 321):
        tokens, label = sample(32)
        loss = F.cross_entropy(net(tokens).flatten(0, 1), label.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 100 == 0:
            print(f"{step:4d}  {smooth:.4f}")
    tokens, label = sample(600)
    with torch.no_grad():
        acc = (net(tokens).argmax(-1) == label).float().mean().item()
    print(f"metric accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
