"""Recurrences in every form."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from looplist import loop, main
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence


def train(net, forward, steps=8, lr=0.01, **opt):
    head = nn.Linear(forward(net, torch.randn(5, 9, 3)).shape[-1], 1)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=lr, **opt)
    for _ in range(steps):
        x = torch.randn(5, 9, 3)
        opt.zero_grad()
        F.mse_loss(head(forward(net, x)), x.sum((1, 2)).unsqueeze(1)).backward()
        opt.step()
    return net, head, opt


def last(net, x):
    return net(x)[0][:, -1]


@loop
def stacked_both_ways_with_dropout():
    return train(nn.LSTM(3, 6, 2, batch_first=True, bidirectional=True, dropout=0.4), last)


@loop
def projected():
    return train(nn.LSTM(3, 6, 2, batch_first=True, proj_size=4, bidirectional=True), last)


@loop
def gru_and_rnn():
    kinds = [
        nn.GRU(3, 6, 2, batch_first=True, bias=False, dropout=0.1), nn.RNN(3, 6, batch_first=True),
        nn.RNN(3, 6, 2, batch_first=True, nonlinearity="relu", bidirectional=True),
    ]  # fmt: skip
    return [train(net, last) for net in kinds]


@loop
def time_first_and_final_state():
    return train(nn.LSTM(3, 6), lambda net, x: net(x.transpose(0, 1))[1][0][-1])


@loop
def cell_state_read_out():
    return train(nn.LSTM(3, 6, batch_first=True), lambda net, x: net(x)[1][1][-1])


@loop
def states_given_and_learned():
    class Learned(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 6, batch_first=True)
            self.h0 = nn.Parameter(torch.zeros(1, 1, 6))

        def forward(self, x):
            return self.rnn(x, self.h0.expand(-1, x.shape[0], -1).contiguous())

    return train(Learned(), last)


@loop
def no_batch_axis():
    net = nn.LSTM(3, 6)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        opt.zero_grad()
        net(torch.randn(9, 3))[0].pow(2).mean().backward()
        opt.step()
    return net, opt


@loop
def packed_in_every_way():
    left = []
    for net in (nn.LSTM(3, 6, batch_first=True, bidirectional=True), nn.GRU(3, 6, 2, batch_first=True), nn.RNN(3, 6, batch_first=True)):
        def forward(net, x):
            packed = pack_padded_sequence(x, torch.tensor([3, 9, 1, 7, 7]), batch_first=True, enforce_sorted=False)
            out, _ = net(packed)
            return pad_packed_sequence(out, batch_first=True)[0].sum(1)

        left.append(train(net, forward))
    net = nn.LSTM(3, 4)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        opt.zero_grad()
        out, (h, c) = net(pack_sequence([torch.randn(4, 3), torch.randn(2, 3)]))
        (h.sum() + c.sum() + out.data.sum()).backward()
        opt.step()
    return left, net, opt


@loop
def cells_in_a_loop():
    def lstm(net, x):
        h, c = torch.zeros(5, 6), torch.zeros(5, 6)
        for t in range(x.shape[1]):
            h, c = net(x[:, t], (h, c))
        return h

    def gru(net, x):
        h = None
        for t in range(x.shape[1]):
            h = net(x[:, t], h)
        return h

    return train(nn.LSTMCell(3, 6), lstm), train(nn.GRUCell(3, 6, bias=False), gru), train(nn.RNNCell(3, 6), gru)


@loop
def functions_called_by_hand():
    net = nn.LSTM(3, 6, batch_first=True)

    def forward(net, x):
        state = (torch.zeros(1, 5, 6), torch.zeros(1, 5, 6))
        out, _, _ = torch.lstm(x, state, net._flat_weights, True, 1, 0.0, net.training, False, True)
        h, c = torch.lstm_cell(out[:, -1], (state[0][0], state[1][0]), cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
        return h

    cell = nn.LSTMCell(6, 6)
    return train(net, forward), cell


@loop
def state_carried_detached_and_attached():
    net, head = nn.LSTM(3, 6, batch_first=True), nn.Linear(6, 3)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()])
    stream = torch.randn(4, 60, 3)
    state, total = None, 0.0
    for t in range(0, 50, 5):
        out, state = net(stream[:, t : t + 5], state)
        total = total + F.mse_loss(head(out), stream[:, t + 1 : t + 6])
        if t % 10 == 5:
            opt.zero_grad()
            total.backward()
            opt.step()
            state, total = tuple(s.detach() for s in state), 0.0
    return net, head, opt, state


@loop
def the_same_layer_twice_and_frozen():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen = nn.GRU(3, 3, batch_first=True).requires_grad_(False)
            self.rnn = nn.LSTM(3, 3, batch_first=True)

        def forward(self, x):
            y, s = self.rnn(self.frozen(x)[0])
            return self.rnn(y, s)

    return train(Twice(), last)


@loop
def teacher_and_student():
    enc, dec, out = nn.LSTM(3, 6, batch_first=True), nn.LSTMCell(2, 6), nn.Linear(6, 2)
    opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), *out.parameters()])
    for _ in range(5):
        x, y = torch.randn(4, 8, 3), torch.randn(4, 6, 2)
        _, (h, c) = enc(x)
        h, c, given, made = h[0], c[0], torch.zeros(4, 2), []
        for t in range(6):
            h, c = dec(given, (h, c))
            made.append(out(h))
            given = y[:, t] if torch.rand(()) < 0.5 else made[-1].detach()
        opt.zero_grad()
        F.smooth_l1_loss(torch.stack(made, 1), y).backward()
        opt.step()
    return enc, dec, out, opt


if __name__ == "__main__":
    main()
