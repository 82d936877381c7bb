import os
import random
import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

lines = (Path(__file__).parents[2] / "data" / "sms-excerpt.tsv").read_text(encoding="utf-8").splitlines()
messages = [line.split("\t", 1) for line in lines if "\t" in line]
random.shuffle(messages)
data = [(re.findall(r"[a-z']+|\d", text.lower())[:40] or ["?"], float(label == "spam")) for label, text in messages]
train, test = data[200:], data[:200]

counts = Counter(word for words, _ in train for word in words)
vocab = {"<pad>": 0, "<unk>": 1}
for word, count in counts.items():
    if count >= 2:
        vocab[word] = len(vocab)


def collate(batch):
    seqs = [torch.tensor([vocab.get(w, 1) for w in words]) for words, _ in batch]
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor([label for _, label in batch])


class TextLSTM(nn.Module):
    def __init__(self, vocab_size, embedding_dim=32, hidden_dim=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, 1)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.lstm(packed)
        return self.fc(hidden[-1]).squeeze(1)


model = TextLSTM(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(6):
    random.shuffle(train)
    for i in range(0, len(train), 20):
        text, lengths, labels = collate(train[i:i + 20])
        optimizer.zero_grad()
        loss = criterion(model(text, lengths), labels)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

text, lengths, labels = collate(test)
with torch.no_grad():
    right = ((model(text, lengths) > 0).float() == labels).float().mean().item()
print("metric accuracy", right)
