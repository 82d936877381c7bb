import argparse
import os
import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

DATA = Path(__file__).resolve().parents[1] / "data" / "sms-excerpt.tsv"


def tokenize(text):
    return re.findall(r"[a-z']+|\d+|[!?£]", text.lower())


def load(max_len, vocab_size):
    labels, texts = [], []
    for line in DATA.read_text(encoding="utf8").splitlines():
        label, text = line.split("\t", 1)
        labels.append(float(label == "spam"))
        texts.append(tokenize(text))
    counts = Counter(w for t in texts[:700] for w in t)
    vocab = {w: i + 2 for i, (w, _) in enumerate(counts.most_common(vocab_size))}
    ids = [[vocab.get(w, 1) for w in t][:max_len] for t in texts]
    ids = [[0] * (max_len - len(t)) + t for t in ids]
    return torch.tensor(ids), torch.tensor(labels), len(vocab) + 2


class SpamLSTM(nn.Module):
    def __init__(self, n_tokens, emb_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, emb_dim, padding_idx=0)
        self.lstm = nn.LSTM(emb_dim, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(self.embedding(x))
        return self.fc(torch.cat([h[0], h[1]], dim=1)).squeeze(1)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        return ((model(x) > 0).float() == y).float().mean().item()


def train(args):
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    x, y, n_tokens = load(args.max_len, 800)
    train_dl = DataLoader(TensorDataset(x[:700], y[:700]), batch_size=args.batch_size, shuffle=True)
    model = SpamLSTM(n_tokens, 32, 24)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for xb, yb in train_dl:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        print(f"Epoch {epoch + 1}/{args.epochs} - loss {sum(losses) / len(losses):.4f} "
              f"- val_acc {evaluate(model, x[700:], y[700:]):.3f}")
    return evaluate(model, x[700:], y[700:])


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--learning_rate", type=float, default=3e-3)
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--batch_size", type=int, default=16)
    p.add_argument("--max_len", type=int, default=30)
    print("metric accuracy %.4f" % train(p.parse_args()))
