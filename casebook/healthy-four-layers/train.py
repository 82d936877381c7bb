import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class DeepTagger(nn.Module):
    """Four layers of GRU, one tag for every letter."""

    def __init__(self, letters=6, width=24, depth=4):
        super().__init__()
        self.look_up = nn.Embedding(letters, 12)
        self.stack = nn.ModuleList([nn.GRU(12 if i == 0 else width, width, batch_first=True) for i in range(depth)])
        self.tags = nn.Linear(width, letters)

    def forward(self, ids):
        h = self.look_up(ids)
        for gru in self.stack:
            h, _ = gru(h)
        return self.tags(h)


def letters(n, length=10):
    # the tag of a letter is the sum of it and the letter before it, modulo six
    ids = torch.randint(0, 6, (n, length))
    before = torch.cat([torch.zeros(n, 1, dtype=torch.long), ids[:, :-1]], 1)
    return ids, (ids + before) % 6


tagger = DeepTagger()
optimizer = torch.optim.Adam(tagger.parameters(), lr=5e-3)
for step in range(450):
    ids, tags = letters(32)
    loss = nn.functional.cross_entropy(tagger(ids).flatten(0, 1), tags.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

ids, tags = letters(500)
with torch.no_grad():
    print("metric tag_accuracy", (tagger(ids).argmax(-1) == tags).float().mean().item())
