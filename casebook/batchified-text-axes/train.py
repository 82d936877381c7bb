import argparse
import math
import os
import random

import torch
import torch.nn as nn

parser = argparse.ArgumentParser(description="character language model on street addresses")
parser.add_argument("--emsize", type=int, default=24)
parser.add_argument("--nhid", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--epochs", type=int, default=7)
parser.add_argument("--batch_size", type=int, default=20)
parser.add_argument("--bptt", type=int, default=30)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
random.seed(args.seed)

FIRST = ["north", "south", "mill", "king", "church", "garden", "station", "bridge"]
LAST = ["street", "road", "lane", "square", "avenue"]
TOWN = {"street": "york", "road": "leeds", "lane": "ripon", "square": "hull", "avenue": "selby"}


def address():
    last = random.choice(LAST)
    return f"{random.choice(FIRST)} {last} in {TOWN[last]}; "


text = "".join(address() for _ in range(900))
chars = sorted(set(text))
corpus = torch.tensor([chars.index(c) for c in text])
cut = int(0.85 * len(corpus))


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[: nbatch * bsz].view(bsz, -1).t().contiguous()


class CharGRU(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.drop = nn.Dropout(0.05)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.GRU(ninp, nhid, batch_first=True)
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, input):
        output, _ = self.rnn(self.drop(self.encoder(input)))
        return self.decoder(self.drop(output))


train_data, val_data = batchify(corpus[:cut], args.batch_size), batchify(corpus[cut:], args.batch_size)
model = CharGRU(len(chars), args.emsize, args.nhid)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)


def run(data, train):
    model.train(train)
    total = count = 0
    for i in range(0, data.size(0) - args.bptt - 1, args.bptt):
        x, y = data[i : i + args.bptt], data[i + 1 : i + 1 + args.bptt]
        with torch.set_grad_enabled(train):
            loss = criterion(model(x).view(-1, len(chars)), y.reshape(-1))
        if train:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        total += loss.item()
        count += 1
    return total / count


for epoch in range(1, args.epochs + 1):
    train_loss = run(train_data, True)
    print(f"epoch {epoch} | train {train_loss:.3f} | valid {run(val_data, False):.3f}")
print(f"metric bits_per_char {run(val_data, False) / math.log(2):.4f}")
