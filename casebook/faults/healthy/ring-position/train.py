# Where on a ring of three places are we? Moves: 0 stay, 1 one on, 2 one back, 3-5 jump to a place. A place for every move.
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

DIR = Path(__file__).resolve().parent
settings = {}
for line in (DIR / "run.cfg").read_text().splitlines():
    if "=" in line:
        key, value = line.split("=", 1)
        settings[key.strip()] = value.strip()
LR = float(settings["learning_rate"])
BATCH = max(1, int(float(settings["batch"])))
STEPS = max(1, int(float(settings["updates"])))
HIDDEN = max(1, int(float(settings["hidden"])))
LAYERS = max(1, int(float(settings["layers"])))
CLIP = float(settings["clip"])
WINDOW = max(1, int(float(settings["window"])))

torch.manual_seed(int(os.environ.get("SEED", 0)))
file = np.load(DIR / "moves.npz")
moves = torch.tensor(file["moves"], dtype=torch.int64)[:, :WINDOW]
places = torch.tensor(file["places"], dtype=torch.int64)[:, :WINDOW]

embed = nn.Embedding(6, 8)
gru = nn.GRU(8, HIDDEN, LAYERS, batch_first=True)
head = nn.Linear(HIDDEN, 3)
model = nn.ModuleList([embed, gru, head])
params = list(model.parameters())
if settings["optimizer"] == "sgd":
    optimizer = torch.optim.SGD(params, lr=LR, momentum=float(settings["momentum"]))
elif settings["optimizer"] == "rmsprop":
    optimizer = torch.optim.RMSprop(params, lr=LR, momentum=float(settings["momentum"]))
else:
    optimizer = torch.optim.Adam(params, lr=LR)
criterion = nn.CrossEntropyLoss()

for step in range(STEPS):
    pick = torch.randint(len(moves), (BATCH,))
    states, _ = gru(embed(moves[pick]))
    loss = criterion(head(states).flatten(0, 1), places[pick].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, CLIP)
    optimizer.step()
    if step % 50 == 0:
        print("step", step, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    states, _ = gru(embed(torch.tensor(file["moves_test"], dtype=torch.int64)))
    guess = head(states).argmax(-1)
print("metric accuracy", round((guess.numpy() == file["places_test"]).mean(), 4))
