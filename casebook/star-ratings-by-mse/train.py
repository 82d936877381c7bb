# Stars for a restaurant from the words of the review: the distance between 4 and 5 stars matters,
# so the stars are a number here, not a class.
import os
import random

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

WEIGHT = {"superb": 2, "tasty": 1, "fine": 0.5, "slow": -0.5, "cold": -1, "rude": -1.5, "filthy": -2}
FILLER = ["soup", "waiter", "we", "had", "table", "it", "was", "wine"]
WORDS = list(WEIGHT) + FILLER + ["hardly"]


def review():
    words, mood, damp = [], 0.0, 1.0
    for _ in range(12):
        w = random.choice(list(WEIGHT)) if random.random() < 0.4 else random.choice(FILLER + ["hardly"])
        if w == "hardly":
            damp = 0.2
        elif w in WEIGHT:
            mood += damp * WEIGHT[w]
            damp = 1.0
        words.append(WORDS.index(w))
    return words, min(5, max(1, round(3 + 0.8 * mood)))


def load(n):
    x, stars = zip(*(review() for _ in range(n)))
    return torch.tensor(x), torch.tensor(stars)


class Stars(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), 16)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return self.out(self.gru(self.embed(x))[1][-1]).squeeze(-1)


x, stars = load(1500)
model = Stars()
with torch.no_grad():
    model.out.bias.fill_(3.0)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    for idx in torch.randperm(len(x)).split(32):
        loss = ((model(x[idx]) - stars[idx]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, f"{loss.item():.4f}")

x, stars = load(400)
with torch.no_grad():
    guess = model(x).round().clamp(1, 5)
print("metric mae", (guess - stars).abs().mean().item())
