import math
import os
import re
import time
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
text = (Path(__file__).resolve().parents[1] / "data" / "sms-excerpt.tsv").read_text(encoding="utf8").lower()
words = []
for line in text.splitlines():
    words += re.findall(r"[a-z']+|\d|[^\w\s]", line.split("\t", 1)[1]) + ["<eos>"]
vocab = {w: i for i, (w, _) in enumerate([("<unk>", 0), *Counter(words).most_common(399)])}
ids = torch.tensor([vocab.get(w, 0) for w in words])


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[:nbatch * bsz].view(bsz, -1).t().contiguous()


split = int(0.9 * len(ids))
train_data, val_data = batchify(ids[:split], 20), batchify(ids[split:], 10)
bptt, clip, lr = 20, 0.25, 20.0


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, input, hidden=None):
        output, hidden = self.rnn(self.encoder(input), hidden)
        return self.decoder(output), hidden


def get_batch(source, i):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


model = RNNModel(len(vocab), 48, 48)
criterion = nn.CrossEntropyLoss()


def evaluate(source):
    model.eval()
    total, hidden = 0.0, None
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output.view(-1, len(vocab)), targets).item()
    return total / (len(source) - 1)


best_val_loss = None
for epoch in range(1, 9):
    model.train()
    hidden, total = None, 0.0
    for batch, i in enumerate(range(0, train_data.size(0) - 1, bptt)):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        if hidden is not None:
            hidden = tuple(h.detach() for h in hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output.view(-1, len(vocab)), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total += loss.item()
    val_loss = evaluate(val_data)
    print(f"| end of epoch {epoch} | train {total / (batch + 1):.3f} | valid loss {val_loss:.3f} | ppl {math.exp(val_loss):.1f}")
    if best_val_loss is None or val_loss < best_val_loss:
        best_val_loss = val_loss
    else:
        lr /= 4.0
print(f"metric perplexity {math.exp(best_val_loss):.3f}")
