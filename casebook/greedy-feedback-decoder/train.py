import os
import random

import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)

# Caesar: the first symbol is the key, the rest must be shifted by it
SYMBOLS, LENGTH, GO = 8, 6, 8


def make_batch(n):
    key = torch.randint(SYMBOLS, (1, n))
    plain = torch.randint(SYMBOLS, (LENGTH, n))
    return torch.cat([key, plain]), (plain + key) % SYMBOLS


class AttnDecoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS + 1, hidden)
        self.place = nn.Embedding(LENGTH, hidden)
        self.gru = nn.GRUCell(2 * hidden, hidden)
        self.query = nn.Linear(hidden, hidden)
        self.out = nn.Sequential(nn.Linear(2 * hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, SYMBOLS))

    def forward(self, token, position, hidden, memory):
        q = self.query(hidden) + self.place(position)
        weights = torch.softmax((memory * q).sum(-1), dim=0)
        context = (weights.unsqueeze(-1) * memory).sum(0)
        hidden = self.gru(torch.cat([self.embedding(token), context], -1), hidden)
        return self.out(torch.cat([hidden, context], -1)), hidden


H = 32
embed = nn.Embedding(SYMBOLS, H)
encoder = nn.GRU(H, H)
decoder = AttnDecoder(H)
encoder_optimizer = torch.optim.Adam([*embed.parameters(), *encoder.parameters()], lr=0.006)
decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=0.006)
criterion = nn.CrossEntropyLoss()


def run(source, target=None):
    memory, h = encoder(embed(source))
    hidden, token = h[0], torch.full((source.shape[1],), GO)
    scores = []
    for t in range(LENGTH):
        out, hidden = decoder(token, torch.tensor(t), hidden, memory)
        scores.append(out)
        if target is not None and random.random() < 0.5:
            token = target[t]
        else:
            token = out.argmax(-1).detach()
    return torch.stack(scores)


for it in range(1, 551):
    source, target = make_batch(48)
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    loss = criterion(run(source, target).flatten(0, 1), target.flatten())
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    if it % 100 == 0:
        print(it, round(loss.item(), 4))

with torch.no_grad():
    source, target = make_batch(300)
    print("metric token_accuracy", (run(source).argmax(-1) == target).float().mean().item())
