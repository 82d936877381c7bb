"""Who is speaking? Cepstra of one vowel (already standardised) -> LSTM -> speaker."""
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class SpeakerNet(nn.Module):
    def __init__(self, features, hidden, layers, speakers=4):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, num_layers=layers, batch_first=True)
        self.fc = nn.Linear(hidden, speakers)

    def forward(self, x, n):
        packed = pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return self.fc(h[-1])


class SpeakerClassifier:
    def __init__(self, features, learning_rate, batch_size, epochs, hidden, layers, clip, weight_decay, step_size, gamma, dtype):
        self.dtype = getattr(torch, dtype)
        self.net = SpeakerNet(features, int(hidden), int(layers)).to(self.dtype)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, max(1, int(step_size)), gamma)
        self.loss = nn.CrossEntropyLoss()
        self.batch_size, self.epochs, self.clip = max(1, int(batch_size)), max(1, int(epochs)), clip

    def _tensors(self, x, n):
        return torch.from_numpy(x).to(self.dtype), torch.from_numpy(n).long().clamp(1, x.shape[1])

    def fit(self, x, n, y):
        x, n = self._tensors(x, n)
        y = torch.from_numpy(y).long()
        for epoch in range(self.epochs):
            self.net.train()
            losses = []
            for i in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = self.loss(self.net(x[i], n[i]), y[i])
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
                self.optimizer.step()
                losses.append(loss.item())
            self.scheduler.step()
            if epoch % 4 == 0:
                print(f"epoch {epoch}: loss {np.mean(losses):.4f}")
        return self

    @torch.no_grad()
    def predict(self, x, n):
        self.net.eval()
        return self.net(*self._tensors(x, n)).argmax(1).numpy()


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    settings = json.loads((here / "settings.json").read_text())
    d = np.load(here / "data.npz")
    model = SpeakerClassifier(d["x_train"].shape[2], **settings)
    model.fit(d["x_train"], d["n_train"], d["y_train"])
    accuracy = (model.predict(d["x_test"], d["n_test"]) == d["y_test"]).mean()
    print(f"metric accuracy {accuracy:.4f}")
