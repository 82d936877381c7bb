"""SMS spam, letter by letter: packed GRU over the first 50 characters."""
import os
import random
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

CHARS = "abcdefghijklmnopqrstuvwxyz0123456789 .,!?£&*:/'"


class SpamNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(len(CHARS) + 2, 16, padding_idx=0)
        self.gru = nn.GRU(16, hidden, bidirectional=True, batch_first=True)
        self.fc1 = nn.Linear(2 * hidden, 16)
        self.fc2 = nn.Linear(16, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        z = torch.relu(self.fc1(torch.cat([h[0], h[1]], dim=1)))
        return self.fc2(z)


def encode(message):
    return torch.tensor([CHARS.find(c) + 2 for c in message.lower()[:50]])


def load(seed):
    path = Path(__file__).resolve().parent.parent / "data" / "sms-excerpt.tsv"
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [(encode(m), float(label == "spam")) for label, m in (r for r in rows if len(r) == 2) if m.strip()]
    random.Random(seed).shuffle(rows)
    return rows[:650], rows[650:]


def collate(rows):
    x = pad_sequence([r[0] for r in rows], batch_first=True)
    return x, torch.tensor([len(r[0]) for r in rows]), torch.tensor([[r[1]] for r in rows])


def train(model, rows, epochs, lr):
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        random.shuffle(rows)
        total = 0.0
        for i in range(0, len(rows), 26):
            x, lengths, y = collate(rows[i : i + 26])
            output = model(x, lengths)
            loss = criterion(output, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / (len(rows) // 26):.4f}")


def test(model, rows):
    x, lengths, y = collate(rows)
    with torch.no_grad():
        predicted = torch.sigmoid(model(x, lengths)) > 0.5
    spam = y > 0.5
    return 0.5 * (predicted[spam].float().mean() + (~predicted[~spam]).float().mean()).item()


if __name__ == "__main__":
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    torch.manual_seed(seed)
    train_rows, test_rows = load(seed)
    model = SpamNet()
    train(model, train_rows, epochs=7, lr=5e-3)
    print(f"metric balanced_accuracy {test(model, test_rows):.4f}")
