import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

torch.manual_seed(int(os.environ.get("SEED", 0)))
DATA = Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv"


def load():
    utterances, labels, part = defaultdict(list), {}, {}
    with open(DATA) as f:
        for row in csv.DictReader(f):
            key = row["series"], row["split"]
            utterances[key].append([float(row[f"x{i}"]) for i in range(8)])
            labels[key] = "1368".index(row["label"])
    train = [(torch.tensor(v), labels[k]) for k, v in utterances.items() if k[1] == "train"]
    test = [(torch.tensor(v), labels[k]) for k, v in utterances.items() if k[1] != "train"]
    return train, test


def collate(batch):
    batch = sorted(batch, key=lambda item: len(item[0]), reverse=True)
    lengths = torch.tensor([len(x) for x, _ in batch])
    padded = pad_sequence([x for x, _ in batch], batch_first=True)
    return padded, lengths, torch.tensor([y for _, y in batch])


class SpeakerNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 48, num_layers=2, batch_first=True, bidirectional=True)
        self.classifier = nn.Sequential(nn.Linear(96, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        _, (h, _) = self.lstm(packed)
        return self.classifier(torch.cat((h[-2], h[-1]), dim=1))


train_set, test_set = load()
train_loader = torch.utils.data.DataLoader(train_set, batch_size=12, shuffle=True, collate_fn=collate)
test_loader = torch.utils.data.DataLoader(test_set, batch_size=48, collate_fn=collate)
net = SpeakerNet()
optimiser = torch.optim.Adam(net.parameters(), lr=0.001)
loss_function = nn.CrossEntropyLoss()

for epoch in range(12):
    net.train()
    running_loss = 0.0
    for x, lengths, y in train_loader:
        optimiser.zero_grad()
        loss = loss_function(net(x, lengths), y)
        loss.backward()
        optimiser.step()
        running_loss += loss.item()
    print(f"epoch {epoch + 1} loss {running_loss / len(train_loader):.4f}")

net.eval()
correct = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        correct += (net(x, lengths).argmax(1) == y).sum().item()
print("metric accuracy", round(correct / len(test_set), 4))
