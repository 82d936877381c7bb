# Two microphones, one job: the words should be told apart, the microphones should not.
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, amount):
        ctx.amount = amount
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.amount * grad, None


WORDS = torch.randn(4, 12, 5)


def recordings(n):
    word, mic = torch.randint(4, (n,)), torch.randint(2, (n,))
    x = WORDS[word].repeat_interleave(2, dim=1) + 0.6 * torch.randn(n, 24, 5)
    x[..., 0] += 0.8 * (mic * 2 - 1).unsqueeze(1)
    return x, word, mic


encoder = nn.GRU(5, 32, batch_first=True)
word_head = nn.Linear(32, 4)
mic_head = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))
params = [p for m in (encoder, word_head, mic_head) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=4e-3)
criterion = nn.CrossEntropyLoss()

for step in range(1, 301):
    x, word, mic = recordings(32)
    features = encoder(x)[1][-1]
    amount = min(1.0, step / 200) * 0.3
    word_loss = criterion(word_head(features), word)
    mic_loss = criterion(mic_head(Reverse.apply(features, amount)), mic)
    optimizer.zero_grad()
    (word_loss + mic_loss).backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step}: words {word_loss.item():.3f} microphones {mic_loss.item():.3f}")

with torch.no_grad():
    x, word, mic = recordings(500)
    print("metric accuracy", (word_head(encoder(x)[1][-1]).argmax(1) == word).float().mean().item())
