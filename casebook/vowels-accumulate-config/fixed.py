# Speaker identification from vowel utterances (8 cepstral coefficients a step).
import csv
import json
import os
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_sequence

torch.manual_seed(int(os.environ.get("SEED", 0)))
here = Path(__file__).resolve()
hp = json.loads(here.with_suffix(".json").read_text())

utterances = defaultdict(list)
meta = {}
with (here.parent.parent / "data" / "vowels-four.csv").open(newline="") as handle:
    for row in csv.DictReader(handle):
        key = int(row["series"]), row["split"]
        utterances[key].append([float(row[f"x{i}"]) for i in range(8)])
        meta[key] = row["split"], int(row["label"]) - 1
speakers = sorted({label for _, label in meta.values()})
data = {"train": [], "test": []}
for key, frames in utterances.items():
    split, label = meta[key]
    data["train" if split == "train" else "test"].append((torch.tensor(frames), speakers.index(label)))


class Speaker(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.lstm = nn.LSTM(8, hp["hidden"])
        self.classify = nn.Linear(hp["hidden"], len(speakers))

    def forward(self, seqs):
        packed = pack_sequence([self.norm(s) for s in seqs], enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.classify(h[-1])


def batches(split, size):
    order = torch.randperm(len(data[split])).tolist()
    for i in range(0, len(order), size):
        chunk = [data[split][j] for j in order[i : i + size]]
        yield [s for s, _ in chunk], torch.tensor([l for _, l in chunk])


model = Speaker()
opt = torch.optim.Adam(model.parameters(), lr=hp["lr"])
for epoch in range(hp["epochs"]):
    for i, (seqs, labels) in enumerate(batches("train", hp["batch_size"])):
        loss = nn.functional.cross_entropy(model(seqs), labels)
        (loss / hp["accumulate"]).backward()
        if (i + 1) % hp["accumulate"] == 0:
            opt.step()
            opt.zero_grad()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    seqs = [s for s, _ in data["test"]]
    labels = torch.tensor([l for _, l in data["test"]])
    acc = (model(seqs).argmax(1) == labels).float().mean().item()
print(f"metric accuracy {acc:.4f}")
