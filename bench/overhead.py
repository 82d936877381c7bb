"""What being watched costs: the same training step with and without us, in turns, in one process.

    python bench/overhead.py                     # a Markdown table
    python bench/overhead.py --json FILE         # and the numbers
    python bench/overhead.py --scaling           # what our own cost a step grows with; writes docs/overhead.svg

Blocks of steps are taken in turns (watched, unwatched, unwatched, watched ...), so that whatever else the
machine does falls on both. A step's time is the process's CPU time; a pair gives one ratio, the table shows
their median and quartiles. Steady state: the watcher has seen a few hundred steps before. Starting up
(importing ours, the first steps, which are all looked into) is measured apart, in seconds once a run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

ALLOWANCE = 0.25
BATCH = 32
INPUTS = 8
Step = Callable[[], None]


class Fused(nn.Module):
    """An LSTM and a head."""

    def __init__(self, hidden: int, layers: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(INPUTS, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Unrolled(nn.Module):
    """The same net written with cells."""

    def __init__(self, hidden: int, layers: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.cells = nn.ModuleList(nn.LSTMCell(INPUTS if i == 0 else hidden, hidden) for i in range(layers))
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = [(x.new_zeros(len(x), self.hidden), x.new_zeros(len(x), self.hidden)) for _ in self.cells]
        for t in range(x.shape[1]):
            below = x[:, t]
            for i, cell in enumerate(self.cells):
                states[i] = cell(below, states[i])
                below = states[i][0]
        return self.head(below)


class Stack(nn.Module):
    """Many small modules, for the scaling."""

    def __init__(self, modules: int, width: int = 8) -> None:
        super().__init__()
        between = (nn.Linear(width, width) for _ in range(modules - 2))
        self.parts = nn.Sequential(nn.Linear(INPUTS, width), *between, nn.Linear(width, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.parts(x[:, 0])


def step_of(model: nn.Module, steps: int) -> Step:
    opt = torch.optim.Adam(model.parameters())
    x, y = torch.randn(BATCH, steps, INPUTS), torch.randn(BATCH, 1)

    def step() -> None:
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        opt.step()

    return step


class Watching:
    """A watcher that steps into and out of the doors of this process."""

    def __init__(self, folder: Path, budget: float) -> None:
        from lossdoctor.frameworks.sampling import OwnTime
        from lossdoctor.frameworks.torch.watcher import Watcher
        from lossdoctor.trace.writer import TraceWriter

        self.folder = folder
        self.writer = TraceWriter(folder)
        self.own = OwnTime()
        self.watcher = Watcher(self.writer, own=self.own, budget=budget, allowance=ALLOWANCE)
        self._left = 0

    def enter(self) -> None:
        from lossdoctor.frameworks.torch.install import install

        if self._left:
            # The budget is a share of the watched time alone: our clock stands still while we are out.
            self.own.start_ns += time.perf_counter_ns() - self._left
        self.doors = install(self.watcher)
        if not self.watcher.sampled:
            self.doors.shut()

    def leave(self) -> None:
        self.doors.close()
        self._left = time.perf_counter_ns()

    def settle(self) -> None:
        """Steady state: what starting up may cost on top of the budget has been spent."""
        self.watcher.sampler.allowance = max(0.0, self.own.spent - self.watcher.sampler.budget * self.own.elapsed)

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Row:
    """One net. Ratios are watched / unwatched of the CPU time of a step; bytes of trace after `steps` steps."""

    net: str
    hidden: int
    time: int
    layers: int
    step_ms: float
    ratio: float
    low: float
    high: float
    pairs: int
    start_s: float
    trace_kb: float
    memory_mb: float
    steps: int


def timed(step: Step, count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - began) / count


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(net: str, hidden: int, steps: int, layers: int, seconds: float, budget: float) -> Row:
    torch.manual_seed(0)
    model = (Fused if net == "LSTM" else Unrolled)(hidden, layers)
    step = step_of(model, steps)
    timed(step, 3)
    bare = timed(step, 5)
    block = max(3, min(100, round(0.15 / bare)))
    before_mb = memory_mb()
    with tempfile.TemporaryDirectory() as place:
        watching = Watching(Path(place), budget)
        watching.enter()
        began = time.process_time()
        early = max(20, min(300, round(0.15 * seconds / bare)))
        timed(step, early)
        start = time.process_time() - began - early * bare
        watching.settle()
        watching.leave()
        pairs: list[tuple[float, float]] = []
        until = time.monotonic() + seconds

        def watched() -> float:
            watching.enter()
            try:
                return timed(step, block)
            finally:
                watching.leave()

        while time.monotonic() < until or len(pairs) < 4:
            if len(pairs) % 2:
                without = timed(step, block)
                pairs.append((watched(), without))
            else:
                with_us = watched()
                pairs.append((with_us, timed(step, block)))
        watching.watcher.finish()
        size = watching.size() / 1024
        done = watching.watcher.updates
    ratios = [a / b for a, b in pairs]
    low, _, high = statistics.quantiles(ratios, n=4)
    return Row(
        net, hidden, steps, layers, 1e3 * statistics.median(b for _, b in pairs), statistics.median(ratios), low, high,
        len(pairs), max(0.0, start), size, max(0.0, memory_mb() - before_mb), done,
    )  # fmt: skip


def table(rows: list[Row]) -> str:
    head = "| net | hidden | time steps | layers | step | watched / unwatched (quartiles) | start-up | trace | memory |\n"
    head += "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n"
    lines = [
        f"| {r.net} | {r.hidden} | {r.time} | {r.layers} | {r.step_ms:.2f} ms | {r.ratio:.4f} ({r.low:.3f} to {r.high:.3f}) "
        f"| {r.start_s:.2f} s | {r.trace_kb:.0f} kB / {r.steps} steps | {r.memory_mb:.0f} MB |"
        for r in rows
    ]
    return head + "\n".join(lines)


def own_cost(model: nn.Module, steps: int, count: int) -> float:
    """Microseconds of our own in one step that is not looked into: the median over `count` steps."""
    step = step_of(model, steps)
    with tempfile.TemporaryDirectory() as place:
        watching = Watching(Path(place), 0.02)
        watching.enter()
        timed(step, 3)
        watching.watcher.sampler.wants = lambda iteration: False  # type: ignore[method-assign]
        timed(step, 45)  # beyond the early batches, which are kept
        costs = []
        for _ in range(count):
            before = watching.watcher.own.spent_ns
            step()
            costs.append((watching.watcher.own.spent_ns - before) / 1e3)
        watching.leave()
    return statistics.median(costs)


def scaling(count: int) -> dict[str, list[tuple[int, float]]]:
    """What the own cost of a step grows with, and what it does not."""
    return {
        "modules (and their parameters)": [(n, own_cost(Stack(n), 1, count)) for n in (2, 8, 32, 128)],
        "weights": [
            (sum(p.numel() for p in Fused(h, 1).parameters()), own_cost(Fused(h, 1), 4, count)) for h in (16, 64, 256, 512)
        ],
        "time steps, LSTM": [(t, own_cost(Fused(32, 1), t, count)) for t in (8, 32, 128, 512)],
        "time steps, LSTMCell": [(t, own_cost(Unrolled(16, 1), t, count)) for t in (8, 32, 128, 512)],
    }


def drawing(lines: dict[str, list[tuple[int, float]]]) -> str:
    """Own microseconds a step, one panel for each thing that was made larger, to one scale."""
    width, height, left, top, bottom, gap = 190, 150, 44, 26, 34, 26
    most = max(y for points in lines.values() for _, y in points) * 1.1
    total = left + len(lines) * (width + gap)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {top + height + bottom}" font-family="sans-serif" '
        'font-size="11" fill="#444" role="img" aria-label="own cost of a step">'
    ]
    for panel, (name, points) in enumerate(lines.items()):
        x0 = left + panel * (width + gap)
        xs = [x0 + 10 + (width - 20) * i / max(1, len(points) - 1) for i in range(len(points))]
        ys = [top + height * (1 - y / most) for _, y in points]
        parts.append(f'<text x="{x0}" y="{top - 10}" font-weight="bold">{name}</text>')
        parts.append(f'<path d="M{x0} {top}V{top + height}H{x0 + width}" fill="none" stroke="#999"/>')
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        parts.append(f'<polyline points="{line}" fill="none" stroke="#2266aa" stroke-width="2"/>')
        for x, y, (size, cost) in zip(xs, ys, points, strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2266aa"/>')
            parts.append(f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle">{cost:.0f}</text>')
            parts.append(f'<text x="{x:.1f}" y="{top + height + 15}" text-anchor="middle">{size}</text>')
    parts.append(f'<text x="4" y="{top + 4}">µs</text>')
    parts.append(f'<text x="{left - 6}" y="{top + height + 4}" text-anchor="end">0</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each net")
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--smoke", action="store_true", help="two small nets, a second each")
    parser.add_argument("--only", default="", metavar="H/T/N", help="nets of this hidden size, time steps, layers: 128/50/1")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--svg", type=Path, default=ROOT / "docs" / "overhead.svg")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.scaling:
        lines = scaling(20 if options.smoke else 200)
        options.svg.parent.mkdir(exist_ok=True)
        options.svg.write_text(drawing(lines), encoding="utf-8")
        for name, points in lines.items():
            print(f"{name}: " + ", ".join(f"{size}: {cost:.0f} µs" for size, cost in points))
        result: object = lines
    else:
        nets = [("LSTM", h, t, n) for h in (32, 128, 512) for t in (50, 200) for n in (1, 3)] + [("LSTMCell", 64, 50, 1)]
        if options.smoke:
            nets = [("LSTM", 32, 50, 1), ("LSTMCell", 32, 20, 1)]
        nets = [net for net in nets if options.only in ("", "/".join(map(str, net[1:])))]
        rows = [compare(*net, 1.0 if options.smoke else options.seconds, options.budget) for net in nets]
        print(table(rows))
        result = [asdict(row) for row in rows]
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
