import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)

MAX_LEN = 64
PAD = 0


def example():
    """Commands of a few words; a word is marked when the same word came before."""
    n = random.randint(3, 9)
    words = [random.randint(1, 12) for _ in range(n)]
    tags = [int(w in words[:i]) for i, w in enumerate(words)]
    return words + [PAD] * (MAX_LEN - n), tags + [0] * (MAX_LEN - n), n


def batchify(examples):
    words, tags, lengths = zip(*examples)
    return torch.tensor(words), torch.tensor(tags), torch.tensor(lengths)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(13, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.tag = nn.Linear(32, 2)

    def forward(self, words):
        return self.tag(self.rnn(self.embed(words))[0])


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for step in range(220):
    words, tags, lengths = batchify([example() for _ in range(16)])
    loss = F.cross_entropy(model(words).reshape(-1, 2), tags.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.4f}")

words, tags, lengths = batchify([example() for _ in range(300)])
with torch.no_grad():
    guess = model(words).argmax(-1)
real = torch.arange(MAX_LEN)[None] < lengths[:, None]
tp = ((guess == 1) & (tags == 1) & real).sum().item()
wrong = ((guess != tags) & real).sum().item()
print("metric f1", 2 * tp / max(2 * tp + wrong, 1))
