import csv
import os
import random
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Surnames(Dataset):
    def __init__(self, rows, letters, languages, width=12):
        self.x = torch.zeros(len(rows), width, dtype=torch.long)
        for i, (name, _) in enumerate(rows):
            ids = [letters[c] for c in name][-width:]
            self.x[i, width - len(ids) :] = torch.tensor(ids)
        self.y = torch.tensor([languages.index(language) for _, language in rows])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class LanguageLSTM(nn.Module):
    def __init__(self, n_letters, n_languages):
        super().__init__()
        self.embedding = nn.Embedding(n_letters, 20, padding_idx=0)
        self.lstm = nn.LSTM(20, 48, batch_first=True)
        self.linear = nn.Linear(48, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(self.embedding(x))
        return self.linear(h[-1]).squeeze(-1)


def main():
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    torch.manual_seed(seed)

    path = Path(__file__).resolve().parents[1] / "data" / "names-six.csv"
    with path.open(encoding="utf-8", newline="") as f:
        rows = [(row["name"].strip().lower(), row["language"]) for row in csv.DictReader(f)]
    random.shuffle(rows)
    letters = {c: i + 1 for i, c in enumerate(sorted({c for name, _ in rows for c in name}))}
    languages = sorted({language for _, language in rows})
    cut = len(rows) * 4 // 5
    train = Surnames(rows[:cut], letters, languages)
    test = Surnames(rows[cut:], letters, languages)

    model = LanguageLSTM(len(letters) + 1, len(languages))
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for epoch in range(9):
        total = 0.0
        for x, y in DataLoader(train, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            output = model(x)
            loss = criterion(output, y.float())
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print(f"Epoch {epoch + 1}, Loss: {total / len(train):.4f}")

    with torch.no_grad():
        predicted = model(test.x).round().clamp(0, len(languages) - 1).long()
    accuracy = (predicted == test.y).float().mean().item()
    print(f"metric accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
