"""Starts a cause: its file with the headings, a test with three runs to write, and an empty case.

    make cause ID=labels-flipped FAMILY=data

Writes src/lossdoctor/causes/<family>/<id>.py, tests/causes/test_<id>.py and casebook/<id>-new/. All three fail
their checks until they are filled in; a cause starts as a preview, which never says error.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from lossdoctor.causes import all_causes
from lossdoctor.words import FAMILIES, HEADINGS

ROOT = Path(__file__).resolve().parent.parent
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

HINTS = {
    "What happens": "2 to 4 sentences: what is wrong, and how people come to it",
    "How it looks": "bullets: what one sees in the loss, the predictions, the messages",
    "Why it keeps the loss from falling": "the mechanism, with numbers where they were measured",
    "How lossdoctor tells": "what judge() does: what decides, what makes it healthy, what makes it not judged",
    "Not to be confused with": "bullets: `neighbour-id`: what is different there; and healthy runs that look alike",
    "What to do": "the fix ids, an indented example, the counterpart in Keras",
    "References": "bullets: author year, title (arXiv number)",
}

CAUSE = '''"""{title}.

{sections}
"""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause


def judge(signs: Signs) -> Judgement:
    return CAUSE.not_judged("a judgement: this cause is not written yet")


CAUSE = Cause("{id}", judge, __doc__, needs=("loss",), fixes=(), stage="preview")
'''

TEST = '''"""{title}: a sick run, its healthy twin, and a healthy run that looks sick."""

from __future__ import annotations

from pathlib import Path

from checked import answer

SICK = """
"""

TWIN = """
"""

TRICKY = """
"""


def test_the_sick_run_is_told(tmp_path: Path) -> None:
    assert SICK.strip(), "write a short script that has {id} and does not learn"
    assert answer("{id}", SICK, tmp_path) == "finding"


def test_its_twin_is_healthy(tmp_path: Path) -> None:
    assert TWIN.strip(), "write the same script without the fault"
    assert answer("{id}", TWIN, tmp_path) == "healthy"


def test_a_run_that_only_looks_sick_is_healthy(tmp_path: Path) -> None:
    assert TRICKY.strip(), "write a script that learns, and that a naive rule would take for {id}"
    assert answer("{id}", TRICKY, tmp_path) == "healthy"
'''

SCRIPT = '''import os

import torch

torch.manual_seed(int(os.environ.get("SEED", 0)))

raise SystemExit("to be written: the {what}")
value = 0.0
print(f"metric accuracy {{value:.4f}}")
'''

CASE = """# To be filled in, then: python casebook/validate.py {case}
id = "{case}"
framework = "torch"
source = ""                  # where such a script comes from, in a line
causes = ["{id}"]            # accepted ids, the best first
symptom = ""                 # what its user sees
fix = ""                     # what fixed.py does otherwise
metric = "accuracy"          # both scripts end with: metric <name> <value on held-back data>
direction = "higher"         # or "lower"
threshold = 0.9              # train.py misses it and fixed.py meets it, on seeds 0, 1, 2
readable = true              # does the fault stand in the text of train.py?
verdict = ["stalled"]        # accepted: learning, converged, stalled, diverged, never-started, too-short
"""


def files(id: str, family: str) -> dict[str, str]:
    """What is written, by path below the root."""
    title = id.replace("-", " ").capitalize()
    name, case = id.replace("-", "_"), f"{id}-new"
    sections = "\n\n".join(f"## {heading}\n<!-- {HINTS[heading]} -->" for heading in HEADINGS)
    return {
        f"src/lossdoctor/causes/{family}/{name}.py": CAUSE.format(title=title, sections=sections, id=id),
        f"tests/causes/test_{name}.py": TEST.format(title=title, id=id),
        f"casebook/{case}/train.py": SCRIPT.format(what="script as its user had it, with nothing that gives the fault away"),
        f"casebook/{case}/fixed.py": SCRIPT.format(what="same script with the one true fix"),
        f"casebook/{case}/case.toml": CASE.format(case=case, id=id),
    }


def main(argv: list[str], root: Path = ROOT) -> int:
    """0 when the files were written, 2 when the id or family will not do, or a file is there already."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("id", nargs="?", default="", help="small letters and hyphens: labels-flipped")
    parser.add_argument("--family", default="", help=", ".join(FAMILIES))
    args = parser.parse_args(argv)
    new = files(args.id, args.family)
    there = [path for path in new if (root / path).exists()]
    if not ID.fullmatch(args.id):
        return _refused(f"{args.id!r} is no id: small letters and digits in words joined by hyphens, as labels-flipped")
    if args.family not in FAMILIES:
        return _refused(f"which family? make cause ID={args.id} FAMILY=..., one of: {', '.join(FAMILIES)}")
    if args.id in all_causes():
        return _refused(f"there is a cause {args.id!r} already")
    if there:
        return _refused(f"it is there already: {there[0]}")
    for path, text in new.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    print("next: fill them in, then make gen and make test")
    return 0


def _refused(why: str) -> int:
    print(f"new_cause: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
