import csv
import os
import random
from pathlib import Path

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

# names of two languages, one name at a time, as in the tutorial
data = []
with open(Path(__file__).resolve().parents[1] / "data" / "names-six.csv", encoding="utf8") as f:
    for row in csv.DictReader(f):
        if row["language"] in ("Italian", "Japanese"):
            data.append((row["name"].lower(), int(row["language"] == "Italian")))
random.shuffle(data)
train, test = data[:-120], data[-120:]
letters = "abcdefghijklmnopqrstuvwxyz' "


def line_to_tensor(name):
    tensor = torch.zeros(len(name), 1, len(letters))
    for i, c in enumerate(name):
        tensor[i, 0, max(letters.find(c), 0)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, hidden_size=48):
        super().__init__()
        self.gru = nn.GRU(len(letters), hidden_size)
        self.h2o = nn.Linear(hidden_size, 2)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, line):
        _, hidden = self.gru(line)
        return self.softmax(self.h2o(hidden[0]))


rnn = RNN()
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
for i in range(1500):
    name, label = random.choice(train)
    output = rnn(line_to_tensor(name))
    loss = criterion(output, torch.tensor([label]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 150 == 0:
        print(f"{i} {name} loss {loss.item():.4f}")

with torch.no_grad():
    right = sum(rnn(line_to_tensor(name)).argmax().item() == label for name, label in test)
print("metric accuracy", right / len(test))
