import os
from pathlib import Path
import random

import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)


class RecurrentDropoutLSTM(nn.Module):
    """LSTM with recurrent dropout."""

    def __init__(self, input_size, hidden_size, dropout):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.dropout(out), (h, c)


class NameClassifier(nn.Module):
    def __init__(self, n_chars, n_classes):
        super().__init__()
        self.emb = nn.Embedding(n_chars, 24, padding_idx=0)
        self.rnn = RecurrentDropoutLSTM(24, 48, dropout=0.3)
        self.fc = nn.Linear(48, n_classes)

    def forward(self, x):
        out, _ = self.rnn(self.emb(x))
        return self.fc(out[:, -1])


lines = (Path(__file__).parents[2] / "data" / "names-six.csv").read_text(encoding="utf-8").splitlines()[1:]
pairs = [line.rsplit(",", 1) for line in lines]
random.shuffle(pairs)
chars = {c: i + 1 for i, c in enumerate(sorted({c for name, _ in pairs for c in name.lower()}))}
langs = sorted({lang for _, lang in pairs})
width = 14


def encode(name):
    ids = [chars[c] for c in name.lower()][-width:]
    return [0] * (width - len(ids)) + ids


X = torch.tensor([encode(name) for name, _ in pairs])
Y = torch.tensor([langs.index(lang) for _, lang in pairs])
n_test = 300

model = NameClassifier(len(chars) + 1, len(langs))
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
criterion = nn.CrossEntropyLoss()
for epoch in range(12):
    model.train()
    for idx in (torch.randperm(len(X) - n_test) + n_test).split(32):
        loss = criterion(model(X[idx]), Y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    print("metric accuracy", (model(X[:n_test]).argmax(1) == Y[:n_test]).float().mean().item())
