import os
import tomllib
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


def linear_warmup_decay(optimizer, warmup_steps, total_steps):
    def scale(step):
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return max(0.0, (total_steps - step) / max(1, total_steps - warmup_steps))

    return LambdaLR(optimizer, scale)


class Seq2Seq(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab + 1, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)
        self.start = vocab

    def forward(self, source, target):
        _, h = self.encoder(self.embed(source))
        shifted = torch.cat([torch.full_like(target[:, :1], self.start), target[:, :-1]], 1)
        out, _ = self.decoder(self.embed(shifted), h)
        return self.out(out)

    @torch.no_grad()
    def translate(self, source):
        _, h = self.encoder(self.embed(source))
        token = torch.full_like(source[:, :1], self.start)
        words = []
        for _ in range(source.size(1)):
            out, h = self.decoder(self.embed(token), h)
            token = self.out(out).argmax(-1)
            words.append(token)
        return torch.cat(words, 1)


def pairs(n, vocab, length, gen):
    source = torch.randint(0, vocab, (n, length), generator=gen)
    return source, source.flip(1)


config = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
gen = torch.Generator().manual_seed(seed)
model = Seq2Seq(config["model"]["vocab"], config["model"]["dim"])
optimizer = torch.optim.AdamW(model.parameters(), lr=config["train"]["lr"])
scheduler = linear_warmup_decay(optimizer, config["train"]["warmup_steps"], config["train"]["total_steps"])
steps = config["train"]["epochs"] * config["train"]["steps_per_epoch"]

for step in range(steps):
    source, target = pairs(32, config["model"]["vocab"], config["model"]["length"], gen)
    logits = model(source, target)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if step % config["train"]["steps_per_epoch"] == 0:
        print(f"step {step}/{steps} loss {loss.item():.4f}")

source, target = pairs(300, config["model"]["vocab"], config["model"]["length"], gen)
accuracy = (model.translate(source) == target).float().mean().item()
print(f"metric token_accuracy {accuracy:.4f}")
