"""Guess the language of a surname, letter by letter."""
import csv
import os
import random
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
torch.manual_seed(SEED)

DATA = Path(__file__).resolve().parent.parent / "data" / "names-six.csv"


def load():
    with open(DATA, encoding="utf-8", newline="") as f:
        rows = [(r["name"].lower(), r["language"]) for r in csv.DictReader(f)]
    random.shuffle(rows)
    letters = sorted({c for name, _ in rows for c in name})
    languages = sorted({lang for _, lang in rows})
    stoi = {c: i + 1 for i, c in enumerate(letters)}
    samples = [
        (torch.tensor([stoi[c] for c in name]), languages.index(lang)) for name, lang in rows
    ]
    cut = int(0.8 * len(samples))
    return samples[:cut], samples[cut:], len(letters) + 1, len(languages)


def collate(batch):
    lengths = torch.tensor([len(n) for n, _ in batch])
    names = pad_sequence([n for n, _ in batch], batch_first=True)
    labels = torch.tensor([y for _, y in batch])
    return names, lengths, labels


class SurnameNet(nn.Module):
    def __init__(self, n_letters, n_languages):
        super().__init__()
        self.embed = nn.Embedding(n_letters, 16, padding_idx=0)
        self.gru = nn.GRU(16, 48, batch_first=True)
        self.out = nn.Linear(48, n_languages)

    def forward(self, names, lengths):
        packed = pack_padded_sequence(
            self.embed(names), lengths, batch_first=True, enforce_sorted=False
        )
        _, h = self.gru(packed)
        return self.out(h[-1])


def main():
    train, test, n_letters, n_languages = load()
    model = SurnameNet(n_letters, n_languages)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)

    for epoch in range(1, 9):
        model.train()
        optimizer.zero_grad()
        running = 0.0
        for names, lengths, labels in loader:
            loss = loss_fn(model(names, lengths), labels)
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"epoch {epoch}: {running / len(loader):.3f}")

    model.eval()
    names, lengths, labels = collate(test)
    with torch.no_grad():
        accuracy = (model(names, lengths).argmax(1) == labels).float().mean().item()
    print(f"metric accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
