import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

LENGTH, SYMBOLS, HIDDEN, BATCH = 8, 6, 48, 32


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, 12)
        self.gru = nn.GRU(12, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, tokens):
        _, last = self.gru(self.embedding(tokens))
        return self.head(last[0])


model = Memory()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-2)
loss_fn = nn.CrossEntropyLoss()
history = []

for i in range(500):
    tokens = torch.randint(SYMBOLS, (BATCH, LENGTH))
    loss = loss_fn(model(tokens), tokens[:, 1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if i % 100 == 99:
        print(f"iteration {i + 1}: mean loss of the last 100 = {sum(history[-100:]) / 100:.4f}")

tokens = torch.randint(SYMBOLS, (1000, LENGTH))
with torch.no_grad():
    hits = (model(tokens).argmax(-1) == tokens[:, 1]).float().mean().item()
print(f"metric accuracy {hits:.4f}")
