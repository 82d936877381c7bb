import os
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder = Path(__file__).resolve().parent
with open(folder / "config.toml", "rb") as f:
    config = tomllib.load(f)
torch.manual_seed(int(os.environ.get("SEED", 0)))

names = np.load(folder / "names.npz")
letters = torch.as_tensor(names["letters"], dtype=torch.long)
sizes = torch.as_tensor(names["sizes"], dtype=torch.long).clamp(1, letters.shape[1])
language = torch.as_tensor(names["language"], dtype=torch.long)


class Surname(nn.Module):
    def __init__(self, embed, hidden, layers, dropout):
        super().__init__()
        self.embed = nn.Embedding(27, embed, padding_idx=0)
        self.gru = nn.GRU(embed, hidden, layers, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, 5)

    def forward(self, letters, sizes):
        states, _ = self.gru(self.embed(letters))
        last = states.gather(1, (sizes - 1).view(-1, 1, 1).expand(-1, 1, states.shape[2])).squeeze(1)
        return self.out(self.dropout(last))


net = Surname(16, int(config["net"]["hidden"]), int(config["net"]["layers"]), config["net"]["dropout"])
if config["optim"]["name"] == "sgd":
    opt = torch.optim.SGD(net.parameters(), lr=config["optim"]["lr"], momentum=config["optim"]["momentum"])
else:
    opt = torch.optim.Adam(net.parameters(), lr=config["optim"]["lr"])
loss_fn = nn.CrossEntropyLoss()

size = max(1, int(config["batch_size"]))
for epoch in range(max(1, int(config["epochs"]))):
    net.train()
    losses = []
    order = torch.randperm(len(letters)) if config["shuffle"] else torch.arange(len(letters))
    for start in range(0, len(order), size):
        pick = order[start : start + size]
        logits = net(letters[pick], sizes[pick])
        loss = loss_fn(logits, language[pick])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), config["optim"]["max_norm"])
        opt.step()
        losses.append(loss.item())
    print(epoch, "loss", np.mean(losses).round(4))

net.eval()
with torch.no_grad():
    held = torch.as_tensor(names["letters_test"], dtype=torch.long)
    held_sizes = torch.as_tensor(names["sizes_test"], dtype=torch.long).clamp(1, held.shape[1])
    guess = net(held, held_sizes).argmax(1).numpy()
print("metric accuracy", (guess == names["language_test"]).mean().round(4))
