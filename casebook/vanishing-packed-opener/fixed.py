import os
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

CLASSES, WORDS, EMBED, HIDDEN = 4, 20, 12, 32


class Opener(nn.Module):
    """The first word of a talk says what it will be about."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, EMBED)
        self.lstm = nn.LSTM(EMBED, HIDDEN, batch_first=True)
        self.topic = nn.Linear(HIDDEN, CLASSES)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.embed(words), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.topic(h[-1])


def talks(n, rng):
    lengths = torch.randint(26, 37, (n,), generator=rng)
    words = torch.randint(1, WORDS, (n, 36), generator=rng)
    words[torch.arange(36) >= lengths[:, None]] = 0
    return words, lengths, (words[:, 0] - 1) * CLASSES // (WORDS - 1)


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed + 7)
    net = Opener()
    net.load_state_dict(torch.load(Path(__file__).with_suffix(".pt"), weights_only=True))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(400):
        words, lengths, topic = talks(32, rng)
        loss = nn.functional.cross_entropy(net(words, lengths), topic)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.4f}")
    words, lengths, topic = talks(600, rng)
    with torch.no_grad():
        accuracy = (net(words, lengths).argmax(1) == topic).float().mean().item()
    print(f"metric accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
