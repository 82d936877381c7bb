"""Mark the words of a message that name a place or a person (toy corpus)."""
import os
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

WORDS = [f"w{i}" for i in range(40)]
VOCAB = {w: i + 1 for i, w in enumerate(WORDS)}
CUES = {"w0", "w1", "w2"}


def sentence():
    words = random.choices(WORDS, k=random.randint(10, 18))
    tags = [0] * len(words)
    for i in range(1, len(words)):
        if words[i - 1] in CUES and random.random() < 0.35:
            tags[i] = 1
    return torch.tensor([VOCAB[w] for w in words]), torch.tensor(tags)


corpus = [sentence() for _ in range(900)]
train, test = corpus[:700], corpus[700:]


class Tagger(nn.Module):
    def __init__(self, emb=16, hidden=20):
        super().__init__()
        self.emb = nn.Embedding(len(VOCAB) + 1, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 2)

    def forward(self, tokens):
        return self.out(self.rnn(self.emb(tokens))[0])


def collate(batch):
    tokens = pad_sequence([t for t, _ in batch], batch_first=True)
    tags = pad_sequence([g for _, g in batch], batch_first=True, padding_value=-100)
    return tokens, tags


tagger = Tagger()
optimizer = torch.optim.Adam(tagger.parameters(), lr=4e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    random.shuffle(train)
    for i in range(0, len(train), 25):
        tokens, tags = collate(train[i : i + 25])
        loss = loss_fn(tagger(tokens).transpose(1, 2), tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

tokens, tags = collate(test)
with torch.no_grad():
    guess = tagger(tokens).argmax(-1)
tp = ((guess == 1) & (tags == 1)).sum().item()
fp = ((guess == 1) & (tags == 0)).sum().item()
fn = ((guess == 0) & (tags == 1)).sum().item()
print("metric f1_rare", 2 * tp / max(2 * tp + fp + fn, 1))
