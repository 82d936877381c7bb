import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def init_weights(m):
    if isinstance(m, (nn.LSTM, nn.Linear)):
        for name, param in m.named_parameters():
            if "weight" in name:
                nn.init.constant_(param, 0.1)
            else:
                nn.init.zeros_(param)


class Classifier(nn.Module):
    def __init__(self):
        super(Classifier, self).__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


def load(split, steps=12):
    frames, target = defaultdict(list), {}
    for row in csv.DictReader(open(Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv")):
        if row["split"] == split:
            frames[row["series"]].append([float(row["x%d" % i]) for i in range(8)])
            target[row["series"]] = ["1", "3", "6", "8"].index(row["label"])
    x = nn.utils.rnn.pad_sequence([torch.tensor(f).flip(0) for f in frames.values()], batch_first=True)
    return x[:, :steps].flip(1), torch.tensor([target[k] for k in frames])


x_train, y_train = load("train")
x_test, y_test = load("test")
model = Classifier()
model.apply(init_weights)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)

for epoch in range(20):
    for batch in torch.randperm(len(x_train)).split(10):
        optimizer.zero_grad()
        loss = criterion(model(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4))

with torch.no_grad():
    accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
print("metric accuracy", round(accuracy, 4))
