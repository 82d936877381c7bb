import math
import os
import random

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = random.Random(seed)

###############################################################################
# Corpus: sentences of a small grammar
###############################################################################
SUBJECTS = ["the cat", "a dog", "my uncle", "the old teacher", "nobody", "every child"]
VERBS = ["sees", "follows", "paints", "forgets", "answers"]
OBJECTS = ["the moon", "a letter", "the river", "some bread", "his brother"]
WHEN = ["", " in winter", " at night", " again", " before noon"]
text = " ".join(
    f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(OBJECTS)}{rng.choice(WHEN)}."
    for _ in range(900)
)
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
ntokens = len(chars)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


train_data = batchify(ids[: int(0.9 * len(ids))], 16)
val_data = batchify(ids[int(0.9 * len(ids)) :], 16)
bptt = 25


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, inp, hidden):
        output, hidden = self.rnn(self.encoder(inp), hidden)
        return self.decoder(output).view(-1, ntokens), hidden


def repackage_hidden(h):
    return tuple(v.detach() for v in h)


def get_batch(source, i):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i : i + seq_len], source[i + 1 : i + 1 + seq_len].view(-1)


model = RNNModel(ntokens, 48, 48)
criterion = nn.CrossEntropyLoss()
lr = 20.0


def evaluate(source):
    model.eval()
    total, hidden = 0.0, None
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output, targets).item()
    return total / (len(source) - 1)


best = None
for epoch in range(1, 7):
    model.train()
    hidden = (torch.zeros(1, 16, 48), torch.zeros(1, 16, 48))
    for i in range(0, train_data.size(0) - 1, bptt):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
    val_loss = evaluate(val_data)
    print(f"| end of epoch {epoch} | lr {lr:5.2f} | valid loss {val_loss:5.2f} | ppl {math.exp(val_loss):6.2f}")
    if best is None or val_loss < best:
        best = val_loss
    else:
        lr /= 4.0

print(f"metric bits_per_char {best / math.log(2):.4f}")
