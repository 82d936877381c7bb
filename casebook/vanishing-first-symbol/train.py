import os

import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))

SEQ_LEN = 30
N_SYMBOLS = 8
HIDDEN = 32


class FirstSymbol(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(N_SYMBOLS, 16)
        self.lstm = nn.LSTM(16, HIDDEN, batch_first=True)
        self.fc = nn.Linear(HIDDEN, N_SYMBOLS)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x))
        return self.fc(out[:, -1])


model = FirstSymbol()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for step in range(500):
    x = torch.randint(N_SYMBOLS, (32, SEQ_LEN))
    loss = F.cross_entropy(model(x), x[:, 0])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    x = torch.randint(N_SYMBOLS, (1000, SEQ_LEN))
    accuracy = (model(x).argmax(1) == x[:, 0]).float().mean().item()
print("metric accuracy", accuracy)
