"""Whose argument is it? Ours stand before the script; behind it they are ours only if the script takes none."""

from __future__ import annotations

import re
from pathlib import Path

RUNNERS = ("check", "run", "fix")
FLAGS = frozenset({
    "--no-panel", "--exit-zero", "--notify", "-q", "--quiet", "--show-output", "--help", "--no-html", "--resume",
    "--write", "--higher", "--lower",
})  # fmt: skip
"""Our options that take no value; every other one takes the next word."""

TAKES_ARGUMENTS = re.compile(
    r"\b(sys\.argv|argparse|optparse|getopt|docopt|click|typer|fire|absl|hydra|simple_parsing|tap|jsonargparse|tyro|HfArgumentParser|LightningCLI)\b"
)


def rearranged(argv: list[str]) -> list[str]:
    """The words as the parser wants them: options, script, `--`, and what belongs to the script."""
    if not argv or argv[0] not in RUNNERS:
        return argv
    place = script_place(argv)
    if place is None:
        return argv
    before, script, rest = argv[1:place], argv[place], argv[place + 1 :]
    is_module = bool(before) and before[-1] in ("-m", "--module")
    if rest[:1] == ["--"]:
        return (
            [argv[0], *before, *([] if is_module else ["--"]), script, *rest[1:]]
            if not is_module
            else [argv[0], *before, script, "--", *rest[1:]]
        )
    ours: list[str] = []
    if not is_module and rest and not takes_arguments(script):
        ours, rest = rest, []
        if "--" in ours:
            cut = ours.index("--")
            ours, rest = ours[:cut], ours[cut + 1 :]
    if is_module:
        return [argv[0], *before, script, "--", *rest]
    return [argv[0], *before, *ours, "--", script, *rest]


def script_place(argv: list[str]) -> int | None:
    """Index of the script (or of the module's name after -m) among the words."""
    index = 1
    while index < len(argv):
        word = argv[index]
        if word in ("-m", "--module"):
            return index + 1 if index + 1 < len(argv) else None
        if word == "--":
            return index + 1 if index + 1 < len(argv) else None
        if word in ("--help", "-h"):
            return None
        if word.startswith("-") and len(word) > 1:
            index += 1 if word in FLAGS or "=" in word else 2
            continue
        return index
    return None


def takes_arguments(script: str) -> bool:
    """Does the script look as if it read its command line? Then what follows it is its own."""
    try:
        return bool(TAKES_ARGUMENTS.search(Path(script).read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False
