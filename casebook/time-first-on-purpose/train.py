"""Speaker identification, time-first layout as cuDNN likes it."""
import csv
import itertools
import os
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


def utterances(split):
    path = Path(__file__).resolve().parent.parent / "data" / "vowels-four.csv"
    with path.open(newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["split"] == split]
    for _, group in itertools.groupby(rows, key=lambda r: (r["series"], r["label"])):
        group = list(group)
        yield torch.tensor([[float(r[f"x{i}"]) for i in range(8)] for r in group]), int(group[0]["label"])


train, test = list(utterances("train")), list(utterances("test"))
labels = {label: i for i, label in enumerate(sorted({l for _, l in train}))}
frames = torch.cat([x for x, _ in train])
mean, std = frames.mean(0), frames.std(0)


def collate(batch):
    x = pad_sequence([(x - mean) / std for x, _ in batch], batch_first=True)
    return x.permute(1, 0, 2), torch.tensor([len(u) for u, _ in batch]), torch.tensor([labels[l] for _, l in batch])


class SpeakerNet(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.LSTM(8, hidden, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, len(labels))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return self.fc(h.transpose(0, 1).flatten(1))


net = SpeakerNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate)
for epoch in range(16):
    for x, lengths, target in loader:
        loss = nn.functional.cross_entropy(net(x, lengths), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 4 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")

net.eval()
with torch.no_grad():
    x, lengths, target = collate(test)
    print(f"metric accuracy {(net(x, lengths).argmax(1) == target).float().mean().item():.4f}")
