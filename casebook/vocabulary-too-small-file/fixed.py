import json
import os
import random
from pathlib import Path

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

words = [f"t{rank}" for rank in range(240)]
frequency = [1 / (rank + 3) for rank in range(240)]
opinion = {f"t{rank}": 1 if rank % 2 else -1 for rank in range(40, 140)}


def review():
    while True:
        text = random.choices(words, frequency, k=18)
        score = sum(opinion.get(word, 0) for word in text)
        if score:
            return text, float(score > 0)


vocabulary = json.loads(Path(__file__).with_suffix(".json").read_text())
ids = {word: i + 1 for i, word in enumerate(vocabulary)}


def encode(reviews):
    return torch.tensor([[ids.get(word, 0) for word in text] for text, _ in reviews]), torch.tensor([y for _, y in reviews])


x, y = encode([review() for _ in range(1200)])
x_test, y_test = encode([review() for _ in range(400)])


class Opinion(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(ids) + 1, 16)
        self.gru = nn.GRU(16, 16, batch_first=True)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.gru(self.emb(x))[0].mean(1)).squeeze(1)


model = Opinion()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(12):
    for rows in torch.randperm(len(x)).split(40):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

with torch.no_grad():
    print("metric accuracy", ((model(x_test) > 0) == (y_test > 0.5)).float().mean().item())
