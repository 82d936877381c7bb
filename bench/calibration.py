"""Does a confidence of 0.9 mean that nine in ten are right? Reliability of the first finding, and its Brier score.

    python casebook/score.py --root BOOK --keep RUNS --no-plain
    python bench/calibration.py --root BOOK --runs RUNS

Of every run the first finding counts: it is right where its cause is accepted for the run; on sound runs a finding of
severity error is wrong, and warnings and notes are left out (they claim nothing). The Brier score is the mean square of
(confidence - right); that of always saying the mean share is beside it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "casebook"))

from cases import find_cases

BINS = (0.0, 0.5, 0.65, 0.75, 0.85, 0.92, 1.01)


def claims(root: Path, runs: Path) -> list[tuple[float, bool, str]]:
    """(confidence, is it right, cause) of the first finding of each run that was kept."""
    found = []
    for case in find_cases(root.resolve()):
        for script in case.scripts:
            path = runs / case.id / Path(script).stem / "report.json"
            if not path.is_file():
                continue
            findings = json.loads(path.read_text())["findings"]
            sound = case.healthy or script == "fixed.py"
            if findings and (not sound or findings[0]["severity"] == "error"):
                first = findings[0]
                found.append((float(first["confidence"]), not sound and first["cause"] in case.causes, first["cause"]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="the book of cases")
    parser.add_argument("--runs", type=Path, required=True, help="what score.py --keep has kept of its runs")
    args = parser.parse_args()
    found = claims(args.root, args.runs)
    if not found:
        parser.error(f"no run of {args.root} under {args.runs}")
    print("| confidence | first findings | mean confidence | right |\n| --- | ---: | ---: | ---: |")
    for low, high in itertools.pairwise(BINS):
        here = [(c, right) for c, right, _ in found if low <= c < high]
        if here:
            mean, share = (sum(column) / len(here) for column in zip(*here, strict=True))
            print(f"| {low:.2f} to {min(high, 1.0):.2f} | {len(here)} | {mean:.2f} | {share:.0%} |")
    brier = sum((c - right) ** 2 for c, right, _ in found) / len(found)
    share = sum(right for _, right, _ in found) / len(found)
    print(f"\nBrier score {brier:.3f} (always saying {share:.2f}: {share * (1 - share):.3f}), {len(found)} first findings")
    wrong = sorted((c, cause) for c, right, cause in found if not right)
    print("wrong: " + ", ".join(f"{cause} at {c:.2f}" for c, cause in reversed(wrong)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
