"""A small project, and the SDK's own client on the other end of the pipes."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SRC = Path(__file__).resolve().parents[2] / "src"

NEVER_STEPS = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 8, 1)
y = x.sum(1)
net, head = nn.GRU(1, 8, batch_first=True), nn.Linear(8, 1)
optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=1e-2)
print('{"jsonrpc": "2.0", "id": 1, "result": {}}', flush=True)
for step in range(200):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(head(net(x)[0][:, -1]), y)
    loss.backward()
    print("step", step, loss.item())
    print("noise", file=sys.stderr)
"""

ENDLESS = """
import os, subprocess, sys, time
from pathlib import Path
import torch
from torch import nn

other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("pids", os.getpid(), other.pid, flush=True)
Path("pids").write_text(f"pids {os.getpid()} {other.pid}\\n")
net = nn.LSTM(1, 4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
while True:
    optimizer.zero_grad()
    net(torch.randn(5, 4, 1))[0].pow(2).mean().backward()
    optimizer.step()
    time.sleep(0.01)
"""


def made_project(root: Path) -> Path:
    """The two scripts, beside files that are called like modules of others and must not be taken for them."""
    root.mkdir()
    (root / "train.py").write_text(NEVER_STEPS)
    (root / "endless.py").write_text(ENDLESS)
    for name in ("typer.py", "libcst.py", "rich.py"):
        (root / name).write_text("raise SystemExit('taken for a module')\n")
    return root


def talk(root: Path, words: Callable[[Any], Awaitable[None]], **environment: str) -> None:
    """Start a server for `root` and run `words(client)`."""
    import anyio
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    env = {"PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1", **environment}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "lossdoctor", "mcp", "--root", str(root)], env=env, cwd=str(root.parent)
    )

    async def main() -> None:
        with anyio.fail_after(240):
            async with Client(stdio_client(server)) as client:
                await words(client)

    anyio.run(main)


def pids_of(root: Path) -> list[int]:
    """The processes of endless.py: from the file that it writes, or, where its files go elsewhere, from what it printed."""
    for file in (root / "pids", root / "lossdoctor-out" / "script-output.txt"):
        if file.exists() and (line := file.read_text().partition("\n")[0]).startswith("pids "):
            return [int(word) for word in line.split()[1:]]
    return []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def at_work_in(root: Path) -> list[str]:
    """Every process that stands in `root`, whoever started it (seen on Linux alone)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(root) and alive(int(entry.name)):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
