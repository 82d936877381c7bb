"""Read a Morse letter from a noisy on/off signal."""
import os

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

CODES = {"A": ".-", "N": "-.", "D": "-..", "U": "..-", "K": "-.-", "R": ".-.", "S": "...", "O": "---"}
LETTERS = list(CODES)
LENGTH = 24


def signal(letter):
    out = [0.0] * rng.integers(0, 4)
    for mark in CODES[letter]:
        out += [1.0] * (1 if mark == "." else 3) + [0.0] * rng.integers(1, 3)
    return (out + [0.0] * LENGTH)[:LENGTH]


def dataset(n):
    labels = rng.integers(len(LETTERS), size=n)
    x = np.array([signal(LETTERS[k]) for k in labels]) + rng.normal(0, 0.15, (n, LENGTH))
    return torch.tensor(x, dtype=torch.float32).unsqueeze(-1), torch.tensor(labels)


class MorseNet(nn.Module):
    def __init__(self):
        super(MorseNet, self).__init__()
        self.gru = nn.GRU(1, 32, batch_first=True)
        self.fc = nn.Linear(32, len(LETTERS))

    def forward(self, x):
        output, hidden = self.gru(x)
        return self.fc(output[:, -1, :])


x_train, y_train = dataset(800)
x_valid, y_valid = dataset(300)
net = MorseNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
loss_function = nn.CrossEntropyLoss()

for epoch in range(16):
    net.train()
    permutation = torch.randperm(800)
    for i in range(0, 800, 32):
        indices = permutation[i : i + 32]
        optimizer.zero_grad()
        outputs = net(x_train[indices])
        predicted = torch.argmax(outputs, dim=1)
        loss = nn.functional.l1_loss(predicted.float(), y_train[indices].float())
        loss.requires_grad = True
        loss.backward()
        optimizer.step()
    print("Epoch: {}, loss: {:.4f}".format(epoch, loss.item()))

net.eval()
with torch.no_grad():
    accuracy = (net(x_valid).argmax(1) == y_valid).float().mean().item()
print("metric accuracy {:.4f}".format(accuracy))
