"""How long does `check` take beside the plain script? Over a spread of the casebook.

    python bench/check_time.py --cases 8

Runs each train.py plainly, then under `lossdoctor check` without and with the what-if panel, one after the other, and
prints the seconds beside the bounds: plain x 1.3 + 8 s without the panel, + 20 s with it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def seconds(words: list[str], folder: Path) -> float:
    environment = {**os.environ, "SEED": "0", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    began = time.monotonic()
    subprocess.run([sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=8)
    args = parser.parse_args()
    scripts = sorted((ROOT / "casebook").glob("*/train.py"))
    chosen = scripts[3 :: max(1, len(scripts) // args.cases)][: args.cases]
    rows = []
    print("| case | plain | check without panel | bound | check | bound |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for script in chosen:
        with tempfile.TemporaryDirectory() as place:
            check = ["-m", "lossdoctor", "check", "-q", "--out", place]
            plain = seconds([str(script)], script.parent)
            bare = seconds([*check, "--no-panel", str(script)], script.parent)
            whole = seconds([*check, str(script)], script.parent)
        rows.append((plain, bare, whole))
        name = script.parent.name
        print(f"| {name} | {plain:.1f} s | {bare:.1f} s | {plain * 1.3 + 8:.1f} s | {whole:.1f} s | {plain * 1.3 + 20:.1f} s |", flush=True)
    middle = [statistics.median(column) for column in zip(*rows, strict=True)]
    within = sum(b <= p * 1.3 + 8 and w <= p * 1.3 + 20 for p, b, w in rows)
    print(f"\nmedian: plain {middle[0]:.1f} s, check without panel {middle[1]:.1f} s, check {middle[2]:.1f} s; {within} of {len(rows)} within both bounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
