"""Which of the open brackets does each word belong to? Tag = kind of the last opener before it."""
import os
import random

import torch
import torch.nn as nn
import torch.optim as optim

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)

WORDS = ["<name>", "<place>", "<time>", "</>", "anna", "paris", "noon", "went", "to", "at", "old", "river"]
word_to_ix = {w: i for i, w in enumerate(WORDS)}
tag_to_ix = {"O": 0, "NAME": 1, "PLACE": 2, "TIME": 3}
LENGTH = 14


def make_sentence():
    words, tags, state = [], [], "O"
    for _ in range(LENGTH):
        r = random.random()
        if r < 0.2:
            state = random.choice(["NAME", "PLACE", "TIME"])
            words.append(f"<{state.lower()}>")
        elif r < 0.3:
            state = "O"
            words.append("</>")
        else:
            words.append(random.choice(WORDS[4:]))
        tags.append(state)
    return [word_to_ix[w] for w in words], [tag_to_ix[t] for t in tags]


def make_set(n):
    pairs = [make_sentence() for _ in range(n)]
    return torch.tensor([p[0] for p in pairs]), torch.tensor([p[1] for p in pairs])


class LSTMTagger(nn.Module):
    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMTagger, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentences):
        embeds = self.word_embeddings(sentences)
        lstm_out, _ = self.lstm(embeds)
        return self.hidden2tag(lstm_out)


sentences, tags = make_set(800)
model = LSTMTagger(16, 32, len(WORDS), len(tag_to_ix))
loss_function = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)

for epoch in range(12):
    for idx in torch.randperm(len(sentences)).split(32):
        model.zero_grad()
        tag_scores = model(sentences[idx])
        loss = loss_function(tag_scores.view(-1, len(tag_to_ix)), tags[idx].view(-1))
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

sentences, tags = make_set(300)
with torch.no_grad():
    predicted = model(sentences).argmax(dim=-1)
print("metric tag_accuracy", (predicted == tags).float().mean().item())
