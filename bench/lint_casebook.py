"""Which sick scripts of the casebook does lint name rightly, and which fixed and healthy ones does it blame?

    python bench/lint_casebook.py [--mutants FOLDER]

Counts files only, runs none. `FOLDER` holds the mutants of `casebook/faults/make.py`.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter
from pathlib import Path

from lossdoctor.lint import lint_paths

CASEBOOK = Path(__file__).resolve().parent.parent / "casebook"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=Path)
    named, missed, beside, false = [], Counter[str](), [], []
    for folder in parser.parse_args().mutants, CASEBOOK, CASEBOOK / "faults" / "healthy":
        for case in sorted(folder.glob("*/case.toml")) if folder is not None else []:
            causes = tomllib.loads(case.read_text())["causes"]
            script, fixed = case.with_name("train.py"), case.with_name("fixed.py")
            sick = causes != ["healthy"]
            alarms = {f.cause: f for looked in lint_paths([str(script)]) for f in looked.findings}
            if sick and any(c in alarms for c in causes):
                named.append(case.parent.name)
            elif sick:
                missed[causes[0]] += 1
            blamed = alarms if not sick else {c: f for c, f in alarms.items() if c not in causes}
            (beside if sick else false).extend(f"{script}: {f.severity} {c}: {f.summary}" for c, f in blamed.items())
            if fixed.exists():
                found = [f for looked in lint_paths([str(fixed)]) for f in looked.findings]
                false.extend(f"{fixed}: {f.severity} {f.cause}: {f.summary}" for f in found)
    print(f"named: {len(named)} of {len(named) + missed.total()} sick scripts", *named, sep="\n    ")
    print("not seen:", ", ".join(f"{c} {n}" for c, n in missed.most_common()))
    print(f"other causes said of sick scripts: {len(beside)}", *beside, sep="\n    ")
    print(f"said of fixed and healthy scripts: {len(false)}", *false, sep="\n    ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
