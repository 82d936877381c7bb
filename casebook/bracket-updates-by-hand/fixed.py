# Exercise 4: recognise balanced brackets with your own training loop
import os
import random

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

LENGTH = 12


def balanced(s):
    depth = 0
    for c in s:
        depth += 1 if c == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def random_balanced(n):
    if n == 0:
        return ""
    k = random.randrange(0, n, 2)
    return "(" + random_balanced(k) + ")" + random_balanced(n - 2 - k)


def example():
    if random.random() < 0.5:
        s = random_balanced(LENGTH)
    else:
        s = "".join(random.choice("()") for _ in range(LENGTH))
    return [1.0 if c == "(" else -1.0 for c in s], int(balanced(s))


def batch(n):
    xs, ys = zip(*(example() for _ in range(n)))
    return torch.tensor(xs).t().unsqueeze(-1), torch.tensor(ys)


lstm = nn.LSTM(1, 16)
linear = nn.Linear(16, 2)
parameters = list(lstm.parameters()) + list(linear.parameters())
loss_fn = nn.CrossEntropyLoss()
lr = 0.5

for it in range(700):
    x, y = batch(32)
    out, _ = lstm(x)
    loss = loss_fn(linear(out[-1]), y)
    for p in parameters:
        p.grad = None
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    with torch.no_grad():
        for p in parameters:
            p -= lr * p.grad
    if it % 100 == 0:
        print("iteration %d, loss %.4f" % (it, loss.item()))

x, y = batch(400)
with torch.no_grad():
    prediction = linear(lstm(x)[0][-1]).argmax(dim=1)
print("metric accuracy", (prediction == y).float().mean().item())
