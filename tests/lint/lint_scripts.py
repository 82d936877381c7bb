"""Small training scripts, from parts, for the tables of the checks."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from lossdoctor.lint import lint_paths
from lossdoctor.words import Finding

HEAD = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
"""

NET = (
    HEAD
    + """

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.drop(self.rnn(x)[0][:, -1]))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
"""
)


def seen(folder: Path, text: str, name: str = "train.py") -> list[Finding]:
    """What lint says of a text."""
    file = folder / name
    file.write_bytes(text.encode())
    (looked,) = lint_paths([str(file)])
    assert looked.unread is None, looked.unread
    return list(looked.findings)


def checks(folder: Path, text: str) -> list[str]:
    return [f.id for f in seen(folder, text)]


def program(*parts: str) -> str:
    """Parts one after the other, each moved to the left."""
    return "\n".join(textwrap.dedent(part).strip("\n") + "\n" for part in parts)


def stepping(text: str) -> str:
    """The text with a step and zeroed gradients after each backward pass, where it has an optimizer that never steps."""
    if "optimizer =" not in text or "optimizer.step" in text:
        return text
    return re.sub(r"^( *)(.*\.backward\(\))$", r"\1\2\n\1optimizer.step()\n\1optimizer.zero_grad()", text, flags=re.MULTILINE)
