"""After how many updates is the first finding certain? From reports that casebook/score.py has kept.

    python casebook/score.py --root BOOK --keep RUNS
    python bench/certainty.py RUNS [RUNS ...]
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

CERTAIN = 0.85


def main(folders: list[str]) -> int:
    steps: list[int] = []
    undated = 0
    for path in (report for folder in folders for report in Path(folder).glob("*/train/report.json")):
        findings = json.loads(path.read_text())["findings"]
        if not findings or findings[0]["severity"] != "error" or findings[0]["confidence"] < CERTAIN:
            continue
        if findings[0].get("certain_step") is None:
            undated += 1
        else:
            steps.append(findings[0]["certain_step"])
    if len(steps) < 2:
        print("no certain findings in these folders", file=sys.stderr)
        return 2
    low, middle, high = statistics.quantiles(steps, n=4)
    print(f"{len(steps)} certain first findings ({undated} more without a date): median {middle:g} updates, quartiles {low:g} and {high:g}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
