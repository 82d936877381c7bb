import os
from pathlib import Path

import pandas as pd
import torch
from torch import nn, optim

torch.manual_seed(int(os.environ.get("SEED", 0)))

frame = pd.read_csv(Path(__file__).parents[2] / "data" / "vowels-four.csv")
features = [c for c in frame.columns if c.startswith("x")]
speakers = sorted(frame["label"].unique())


def part(name):
    series = [g for _, g in frame[frame["split"] == name].groupby("series")]
    length = max(len(g) for g in series)
    x = torch.zeros(len(series), length, len(features))
    for i, g in enumerate(series):
        x[i, length - len(g):] = torch.tensor(g[features].to_numpy())
    return x, torch.tensor([speakers.index(g["label"].iloc[0]) for g in series])


x_train, y_train = part("train")
x_test, y_test = part("test")

model = nn.LSTM(len(features), 32, batch_first=True)
classifier = nn.Linear(32, len(speakers))
optimizer = optim.Adam(list(model.parameters()) + list(classifier.parameters()), lr=0.01)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
criterion = nn.CrossEntropyLoss()

for epoch in range(30):
    for batch in torch.randperm(len(x_train)).split(16):
        optimizer.zero_grad()
        _, (hidden, _) = model(x_train[batch])
        loss = criterion(classifier(hidden[-1]), y_train[batch])
        loss.backward()
        optimizer.step()
    scheduler.step()
    if (epoch + 1) % 5 == 0:
        print(f"Epoch {epoch + 1}, Loss: {loss.item():.4f}, LR: {scheduler.get_last_lr()[0]}")

with torch.no_grad():
    accuracy = (classifier(model(x_test)[1][0][-1]).argmax(1) == y_test).float().mean().item()
print("metric accuracy", accuracy)
