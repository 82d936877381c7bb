#!/usr/bin/env python
# coding: utf-8

# In[1]:

import os
import random
from pathlib import Path

import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
torch.manual_seed(SEED)

path = Path(__file__).resolve().parents[1] / "data" / "sms-excerpt.tsv"
lines = [l.split("\t", 1) for l in path.read_text(encoding="utf-8").splitlines() if "\t" in l]
random.shuffle(lines)
len(lines)

# In[2]:

from collections import Counter

tokenize = lambda s: s.lower().replace(",", " ").replace(".", " ").split()
counts = Counter(w for _, s in lines[:650] for w in tokenize(s))
vocab = {w: i + 2 for i, (w, c) in enumerate(counts.most_common()) if c > 1}
MAXLEN = 16


def encode(s):
    ids = [vocab.get(w, 1) for w in tokenize(s)][:MAXLEN]
    return [0] * (MAXLEN - len(ids)) + ids


X = torch.tensor([encode(s) for _, s in lines])
y = torch.tensor([float(label == "spam") for label, _ in lines])
X_train, y_train, X_test, y_test = X[:650], y[:650], X[650:], y[650:]

# In[3]:


class SpamLSTM(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, 32, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(self.drop(out[:, -1, :])).squeeze(1)


model = SpamLSTM(len(vocab) + 2)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

# In[4]:

history = []
for epoch in range(8):
    model.train()
    perm = torch.randperm(len(X_train))
    epoch_loss = 0
    for i in range(0, len(perm), 25):
        batch = perm[i : i + 25]
        y_hat = model(X_train[batch])
        loss = criterion(y_hat, y_train[batch])
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        epoch_loss += loss.item() * len(batch)
    history.append(epoch_loss / len(perm))
    print("Epoch", epoch + 1, "loss", history[-1])

# In[5]:

model.eval()
with torch.no_grad():
    spam = model(X_test) > 0
recall = (spam & (y_test == 1)).sum() / (y_test == 1).sum()
specificity = (~spam & (y_test == 0)).sum() / (y_test == 0).sum()
print("metric balanced_accuracy", ((recall + specificity) / 2).item())
