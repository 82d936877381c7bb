import math
import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)


def recipe():
    """One line of a made-up cook book."""
    amount = random.choice(["two", "three", "ten", "some"])
    thing = random.choice(["eggs", "onions", "spoons of oil", "cups of rice", "cloves", "leeks"])
    verb = random.choice(["boil", "fry", "chop", "stir in", "add"])
    end = random.choice(["until soft", "with salt", "and rest", "for an hour"])
    return f"{verb} {amount} {thing} {end}. "


text = "".join(recipe() for _ in range(420))
vocab = sorted(set(text))
data = torch.tensor([vocab.index(c) for c in text])
split = int(len(data) * 0.85)
CONTEXT = 32


def get_batch(source, n):
    starts = torch.randint(len(source) - CONTEXT - 1, (n,)).tolist()
    x = torch.stack([source[s : s + CONTEXT] for s in starts])
    y = torch.stack([source[s + 1 : s + CONTEXT + 1] for s in starts])
    return x, y


class CharModel(nn.Module):
    def __init__(self, n_chars, emb=24, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(n_chars, emb)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, n_chars)

    def forward(self, x, h=None):
        out, h = self.rnn(self.emb(x), h)
        return F.softmax(self.fc(out), dim=-1), h


model = CharModel(len(vocab))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for it in range(320):
    x, y = get_batch(data[:split], 24)
    out, _ = model(x)
    loss = criterion(out.view(-1, len(vocab)), y.view(-1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5)
    optimizer.step()
    if it % 80 == 0:
        print(f"iter {it}: loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    x, y = get_batch(data[split:], 64)
    out, _ = model(x)
    loss = criterion(out.view(-1, len(vocab)), y.view(-1)).item()
print(f"metric perplexity {math.exp(loss):.4f}")
