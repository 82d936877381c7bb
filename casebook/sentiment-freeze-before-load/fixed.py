"""Polarity of templated reviews: 'not' flips the meaning of what follows, up to the next 'but'."""
import argparse
import os
import random
from pathlib import Path

import torch
import torch.nn as nn

GOOD = ["good", "great", "lovely", "sharp"]
BAD = ["bad", "dull", "awful", "weak"]
OTHER = ["the", "film", "actors", "music", "plot", "and", "very", "was"]
VOCAB = {w: i for i, w in enumerate(GOOD + BAD + OTHER + ["not", "but"])}


def review(length=11):
    words, score, sign = [], 0, 1
    while len(words) < length:
        r = random.random()
        if r < 0.12:
            words.append("not")
            sign = -sign
        elif r < 0.2:
            words.append("but")
            sign = 1
        elif r < 0.5:
            good = random.random() < 0.5
            words.append(random.choice(GOOD if good else BAD))
            score += sign if good else -sign
        else:
            words.append(random.choice(OTHER))
    return [VOCAB[w] for w in words], score


def reviews(n):
    pairs = []
    while len(pairs) < n:
        ids, score = review()
        if score:
            pairs.append((ids, float(score > 0)))
    return torch.tensor([p[0] for p in pairs]), torch.tensor([p[1] for p in pairs])


class ReviewModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(len(VOCAB), 16)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, ids):
        _, (h, _) = self.lstm(self.embedding(ids))
        return self.fc(h[-1]).squeeze(-1)


def build(args):
    model = ReviewModel()
    checkpoint = Path(args.checkpoint)
    if checkpoint.exists():
        model.load_state_dict(torch.load(checkpoint, weights_only=True))
        for param in model.parameters():
            param.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, 1)
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", default="pretrained_reviews.pt")
    parser.add_argument("--epochs", type=int, default=14)
    args = parser.parse_args()
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    torch.manual_seed(seed)

    ids, polarity = reviews(1400)
    model = build(args)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        for idx in torch.randperm(1100).split(32):
            loss = loss_fn(model(ids[idx]), polarity[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")
    with torch.no_grad():
        right = (model(ids[1100:]) > 0) == (polarity[1100:] > 0.5)
    print(f"metric accuracy {right.float().mean().item():.4f}")


if __name__ == "__main__":
    main()
