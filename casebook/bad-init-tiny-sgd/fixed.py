import os

import torch
from torch import nn, optim

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Sentiment(nn.Module):
    """Words carry -1, 0 or +1; a 'not' turns the next word round."""

    def __init__(self, vocab=12, dim=16, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.decoder = nn.Linear(hidden, 1)
        self.init_weights()

    def init_weights(self):
        initrange = 0.1
        for weight in self.parameters():
            nn.init.uniform_(weight, -initrange, initrange)

    def forward(self, words):
        _, h = self.rnn(self.embedding(words))
        return self.decoder(h[-1]).squeeze(-1)


def sample(n, length=8):
    words = torch.randint(12, (n, length))
    value = torch.where(words < 4, -1.0, torch.where(words < 8, 1.0, 0.0))
    negated = torch.zeros(n, length, dtype=torch.bool)
    negated[:, 1:] = words[:, :-1] == 11
    score = torch.where(negated, -value, value).sum(1)
    return words, (score > 0).float()


net = Sentiment()
optimizer = optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
loss_fn = nn.BCEWithLogitsLoss()
for step in range(600):
    words, label = sample(32)
    loss = loss_fn(net(words), label)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 0:
        print(f"{step}: {loss.item():.4f}")

words, label = sample(1000)
with torch.no_grad():
    accuracy = ((net(words) > 0).float() == label).float().mean().item()
print(f"metric accuracy {accuracy:.4f}")
