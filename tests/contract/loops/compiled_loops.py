"""torch.compile in front of recurrent models. The backend stands in the environment."""

from __future__ import annotations

import os

import torch
import torch._dynamo
import torch.nn as nn
import torch.nn.functional as F
from looplist import loop, main

BACKEND = os.environ.get("BACKEND", "eager")


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head, self.loss = nn.LSTMCell(3, 8), nn.Linear(8, 1), nn.MSELoss()

    def forward(self, x):
        h, c = torch.zeros(x.shape[0], 8), torch.zeros(x.shape[0], 8)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
        return self.head(h)


class Fused(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def train(model, inner, loss_of):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    opt = torch.optim.Adam(inner.parameters(), lr=0.01)
    for index in range(16):
        if index == 10:
            model.eval()
            with torch.no_grad():
                print(float(model(torch.randn(4, 5, 3)).sum()))
            model.train()
        x = torch.randn(4, 5, 3)
        opt.zero_grad()
        loss = loss_of(model, x, x.sum((1, 2)).unsqueeze(1))
        loss.backward()
        opt.step()
        print(float(loss))
    counted = torch._dynamo.utils.counters
    print(dict(counted["stats"]), sum(counted["graph_break"].values()))
    return inner, opt


def plain_loss(model, x, y):
    return F.mse_loss(model(x), y)


@loop
def cells():
    model = Cells()
    return train(torch.compile(model, backend=BACKEND), model, plain_loss)


@loop
def cells_compiled_in_place():
    model = Cells()
    model.compile(backend=BACKEND)
    return train(model, model, plain_loss)


@loop
def fused():
    model = Fused()
    return train(torch.compile(model, backend=BACKEND), model, plain_loss)


@loop
def the_loss_compiled_too():
    model = Cells()
    compiled = torch.compile(lambda m, x, y: m.loss(m(x), y), backend=BACKEND)
    return train(model, model, compiled)


@loop
def a_compiled_step():
    model = Cells()
    opt = torch.optim.SGD(model.parameters(), lr=0.01)

    @torch.compile(backend=BACKEND)
    def step(x, y):
        loss = F.mse_loss(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        return loss

    for _ in range(12):
        x = torch.randn(4, 5, 3)
        print(float(step(x, x.sum((1, 2)).unsqueeze(1))))
    return model, opt


if __name__ == "__main__":
    main()
