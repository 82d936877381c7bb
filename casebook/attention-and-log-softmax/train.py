# Find the marked word and say its class.
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))
WORDS, CLASSES, LENGTH = 40, 5, 15
word_class = torch.randint(CLASSES, (WORDS,))


def sentences(n):
    words = torch.randint(WORDS, (n, LENGTH))
    marker = F.one_hot(torch.randint(LENGTH, (n,)), LENGTH)
    return words, marker, word_class[(words * marker).sum(1)]


class AttentionReader(nn.Module):
    def __init__(self, dim=24, hidden=24):
        super().__init__()
        self.words = nn.Embedding(WORDS, dim)
        self.marks = nn.Embedding(2, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.score = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.out = nn.Linear(2 * hidden, CLASSES)

    def forward(self, words, marker):
        h, _ = self.gru(self.words(words) + self.marks(marker))
        attention = F.softmax(self.score(h), dim=1)
        return F.log_softmax(self.out((attention * h).sum(dim=1)), dim=1)


model = AttentionReader()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(350):
    words, marker, target = sentences(40)
    loss = F.cross_entropy(model(words, marker), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step:4d} {loss.item():.4f}")

with torch.no_grad():
    words, marker, target = sentences(500)
    print("metric accuracy", (model(words, marker).argmax(1) == target).float().mean().item())
