"""Writes mutants: healthy scripts with a fault put into them, as a book of cases that score.py can read.

python casebook/faults/make.py --list                     # what could be made
python casebook/faults/make.py --out DIR [--only TEXT]    # those that were validated (mutants.json)
python casebook/faults/make.py --out DIR --half held-back --spread 100
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from base import FAULTS, Base, NotHere, read_bases
from fault import Mutant
from injectors import all_faults

LIST = FAULTS / "mutants.json"
HALVES = ("develop", "held-back")
VERDICTS = {"healthy": ["learning", "converged"]}
ANY = ["learning", "converged", "stalled", "diverged", "never-started", "too-short"]


def half_of(base: Base, bases: Sequence[Base]) -> str:
    """Every other healthy script, by name: thresholds and priors may be set on the first half only."""
    return HALVES[sorted(b.id for b in bases).index(base.id) % 2]


def all_mutants(bases: Sequence[Base]) -> Iterator[Mutant]:
    for base in bases:
        for fault in all_faults(base):
            yield Mutant(base, fault)


def write_case(mutant: Mutant, folder: Path, causes: Sequence[str]) -> None:
    base = mutant.base
    facts = {
        "id": mutant.id, "framework": "torch", "source": f"{base.id} ({base.task}, {base.style}) with {mutant.fault.name}",
        "causes": list(causes), "symptom": "", "fix": "", "metric": base.metric, "direction": base.direction,
        "threshold": base.threshold, "readable": mutant.fault.readable,
        "verdict": VERDICTS["healthy"] if list(causes) == ["healthy"] else ANY, "alone": True, "curable": not mutant.fault.lost,
    }  # fmt: skip
    (folder / "case.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in facts.items()))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name every mutant that could be tried")
    parser.add_argument("--out", type=Path, help="where to write the book")
    parser.add_argument("--only", default="", help="mutants whose id has this text")
    parser.add_argument("--half", choices=HALVES, help="of the healthy scripts of one half")
    parser.add_argument("--curable", action="store_true", help="none whose information is lost, and none that is healthy")
    parser.add_argument("--spread", type=int, help="about so many, spread evenly over the list")
    args = parser.parse_args(argv)
    bases = read_bases()
    if args.list:
        for mutant in all_mutants(bases):
            print(mutant.id, ",".join(mutant.fault.causes))
        return 0
    if args.out is None:
        parser.error("say where to write the book: --out DIR")
    if not LIST.is_file():
        parser.error("mutants.json is not there: run casebook/faults/judge.py")
    listed = {row["id"]: row for row in json.loads(LIST.read_text()) if row["kept"]}
    chosen = [
        m for m in all_mutants(bases)
        if m.id in listed and args.only in m.id and args.half in (None, half_of(m.base, bases))
        and not (args.curable and (m.fault.lost or listed[m.id]["causes"] == ["healthy"]))
    ]  # fmt: skip
    if args.spread and args.spread < len(chosen):
        chosen = [chosen[i * len(chosen) // args.spread] for i in range(args.spread)]
    for mutant in chosen:
        try:
            write_case(mutant, mutant.make(args.out), listed[mutant.id]["causes"])
        except NotHere as why:
            print(f"{mutant.id}: {why}", file=sys.stderr)
    print(f"{len(chosen)} mutants in {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
