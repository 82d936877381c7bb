"""Recall the first symbol of a sequence after all the others have been seen."""
import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
SYMBOLS, CLASSES, EMBED = 10, 4, 12


def get_args():
    defaults = json.loads((HERE / "defaults.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--batch-size", type=lambda v: int(float(v)))
    parser.add_argument("--epochs", type=lambda v: int(float(v)))
    parser.add_argument("--weight-decay", type=float)
    parser.add_argument("--momentum", type=float)
    parser.add_argument("--clip-norm", type=float)
    parser.add_argument("--window", type=lambda v: int(float(v)), help="read at most so many symbols")
    parser.add_argument("--optimizer", choices=["adam", "adamw", "sgd", "rmsprop"])
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.set_defaults(**defaults)
    return parser.parse_args()


class Recall(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, EMBED)
        self.lstm = nn.LSTM(EMBED, hidden, batch_first=True)
        self.out = nn.Linear(hidden, CLASSES)
        nn.init.constant_(self.lstm.bias_hh_l0[hidden : 2 * hidden].data, 3.0)  # begin by remembering

    def forward(self, tokens):
        _, (h, _) = self.lstm(self.embed(tokens))
        return self.out(h[-1])


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    data = {k: torch.from_numpy(v.astype(np.int64)) for k, v in np.load(HERE / "data.npz").items()}
    tokens, labels = data["tokens"][:, : args.window], data["labels"]

    weights = torch.load(HERE / "start.pt")
    model = Recall(weights["out.weight"].shape[1])
    model.load_state_dict(weights)

    if args.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), args.learning_rate, momentum=args.momentum, weight_decay=args.weight_decay)
    elif args.optimizer == "rmsprop":
        optimizer = torch.optim.RMSprop(model.parameters(), args.learning_rate, weight_decay=args.weight_decay)
    else:
        kind = torch.optim.AdamW if args.optimizer == "adamw" else torch.optim.Adam
        optimizer = kind(model.parameters(), args.learning_rate, weight_decay=args.weight_decay)

    for epoch in range(max(1, int(args.epochs))):
        model.train()
        losses = []
        for batch in torch.randperm(len(tokens)).split(max(1, int(args.batch_size))):
            loss = nn.functional.cross_entropy(model(tokens[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), args.clip_norm)
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f}")

    model.eval()
    with torch.no_grad():
        guess = model(data["tokens_test"][:, : args.window]).argmax(1)
    print("metric accuracy", round((guess == data["labels_test"]).float().mean().item(), 4))


if __name__ == "__main__":
    main()
