import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
P = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.2, 0.1, 0.7]])


def chains(n, length=16):
    state = torch.randint(3, (n,))
    out = [state]
    for _ in range(length):
        state = torch.multinomial(P[state], 1).squeeze(1)
        out.append(state)
    return torch.stack(out, 1)


class MarkovRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 3)

    def loss(self, seq):
        logits = self.fc(self.rnn(self.emb(seq[:, :-1]))[0])
        return nn.functional.cross_entropy(logits.flatten(0, 1), seq[:, 1:].flatten())


corpus = chains(4000)
held_back = chains(500)
net = MarkovRNN()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(12):
    for idx in torch.randperm(len(corpus)).split(64):
        loss = net.loss(corpus[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

entropy = -(P * P.log()).sum(1).mean().item()
print(f"entropy of the chain {entropy:.4f}")
with torch.no_grad():
    print(f"metric excess_nats {net.loss(held_back).item() - entropy:.4f}")
