"""Settings files beside a script (JSON, TOML, INI and the like, YAML): where each number or word in them stands.

Only files that the script's text names count. A file is read as lines of text, never by a parser that would lose
where a value stands; of JSON, only what the standard parser reads alike is believed.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .script import Script, path_in_diff, read_as

SUFFIXES = (".json", ".toml", ".ini", ".cfg", ".conf", ".yaml", ".yml", ".env", ".properties")
LARGEST = 200_000
"""Bytes; what is longer is data."""
MOST_FOLDERS = 40
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_LINE = re.compile(r"^(?P<indent>\s*)(?P<key>[\w.\-]+|\"[^\"]+\")\s*(?P<sign>[=:])\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s#;,{}\[\]]+)")
_SECTION = re.compile(r"^\s*\[+\s*(?P<name>[^\[\]]+?)\s*\]+\s*(?:[#;].*)?$")
_HEAD = re.compile(r"^(?P<indent>\s*)(?P<key>[\w.\-]+)\s*:\s*(?:[#;].*)?$")
_INLINE = re.compile(r"^\s*(?P<key>[\w.\-]+)\s*[=:]\s*\{(?P<inside>[^{}]*)\}\s*(?:[#;].*)?$")
_PAIR = re.compile(r"(?P<key>[\w.\-]+)\s*[=:]\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s,{}]+)")


@dataclass(frozen=True)
class Setting:
    """One value of a settings file. `path` are its section and key; `node` stands where its value does."""

    script: Script = field(repr=False)
    path: tuple[str, ...]
    value: float | str | bool
    node: ast.Constant = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        return alike(self.path[-1])


def alike(name: str) -> str:
    """Names of settings differ in case and in dashes from those of the variables that take them up."""
    return name.strip("\"'").replace("-", "_").lower()


def settings_beside(script: Script) -> tuple[Setting, ...]:
    """The settings of all files that a script's text names, looked for beside it and in the working folder."""
    if script.plain:
        return ()
    return settings_of(named_in(script), (str(Path(script.file).parent), str(Path.cwd())))


def named_in(script: Script) -> tuple[str, ...]:
    """Names of settings files that stand in the text, also behind those of folders that do (`HERE / "conf" / "net.toml"`), and
    with the script's own name (`HERE.with_suffix(".toml")`)."""
    words = sorted({n.value for n in ast.walk(script.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and "\n" not in n.value})
    files = [Path(script.file).stem + word if word in SUFFIXES else word for word in words if word.endswith(SUFFIXES)]
    folders = [word for word in words if re.fullmatch(r"[\w.\-]+/?", word) and not word.endswith(SUFFIXES)][:MOST_FOLDERS] if files else []
    return (*files, *(f"{folder.rstrip('/')}/{name}" for name in files for folder in folders))


def settings_of(names: Sequence[str], folders: Sequence[str]) -> tuple[Setting, ...]:
    """The settings of the files of these names, each as found in the first of the folders that has it."""
    found: dict[str, tuple[Setting, ...]] = {}
    for name in names:
        for folder in folders:
            place = Path(folder, name)
            text = _text(place)
            if text is not None:
                found.setdefault(os.path.realpath(place), _settings(str(place), text))
                break
    return tuple(setting for several in found.values() for setting in several)


def _text(path: Path) -> str | None:
    told = read_as(str(path))
    if told is not None:
        return told
    try:
        if path.stat().st_size > LARGEST:
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        return None


@lru_cache(maxsize=64)
def _settings(name: str, text: str) -> tuple[Setting, ...]:
    script = Script(name, text, ast.Module([], []), path_in_diff(Path(name)), plain=True)
    read = _of_json if name.endswith(".json") else _of_lines
    found = []
    for path, begin, end in read(text):
        value = _value(text[begin:end])
        line = text.count("\n", 0, begin) + 1
        start = text.rfind("\n", 0, begin) + 1
        node = ast.Constant(
            value, lineno=line, col_offset=len(text[start:begin].encode()), end_lineno=line, end_col_offset=len(text[start:end].encode()),
        )  # fmt: skip
        found.append(Setting(script, path, value, node))
    return tuple(found)


def _value(text: str) -> float | str | bool:
    if text in ("true", "True", "false", "False"):
        return text in ("true", "True")
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return text.strip("\"'")


Found = tuple[tuple[str, ...], int, int]


def _of_json(text: str) -> list[Found]:
    """(path, begin, end) of each number, word and truth value."""
    try:
        whole = json.loads(text)
    except ValueError:
        return []
    found: list[Found] = []
    path: list[str] = []
    inside: list[str] = []
    key: str | None = None
    after_colon = False
    for token in _JSON.finditer(text):
        word = token.group()
        if word in "{[":
            inside.append(word)
            path.append(key if key is not None else "")
            key, after_colon = None, False
        elif word in "}]":
            inside.pop()
            path.pop()
            key, after_colon = None, False
        elif word == ",":
            key, after_colon = None, False
        elif word == ":":
            after_colon = True
        elif inside and inside[-1] == "{" and not after_colon:
            key = json.loads(word)
        elif inside and inside[-1] == "{" and key is not None:
            found.append((tuple(part for part in (*path, key) if part), token.start(), token.end()))
    return [f for f in found if _at(whole, f[0]) == json.loads(text[f[1] : f[2]])]


def _at(whole: object, path: Sequence[str]) -> object:
    for key in path:
        whole = whole.get(key) if isinstance(whole, dict) else None
    return whole


def _of_lines(text: str) -> list[Found]:
    """`key = value` and `key: value`, under [sections] or less indented heads."""
    found: list[Found] = []
    section: tuple[str, ...] = ()
    heads: list[tuple[int, str]] = []
    at = 0
    for line in text.splitlines(keepends=True):
        begin, at = at, at + len(line)
        bare = line.rstrip("\r\n")
        if bare.lstrip().startswith(("#", ";")):
            continue
        if named := _SECTION.match(bare):
            section, heads = tuple(part.strip("\"' ") for part in named["name"].split(".")), []
            continue
        indent = len(bare) - len(bare.lstrip())
        heads = [h for h in heads if h[0] < indent]
        above = (*section, *(name for _, name in heads))
        if head := _HEAD.match(bare):
            heads.append((indent, head["key"]))
        elif table := _INLINE.match(bare):
            start = begin + table.start("inside")
            for pair in _PAIR.finditer(table["inside"]):
                found.append(((*above, table["key"], pair["key"]), start + pair.start("value"), start + pair.end("value")))
        elif line_pair := _LINE.match(bare):
            key = line_pair["key"].strip('"')
            found.append(((*above, key), begin + line_pair.start("value"), begin + line_pair.end("value")))
    return found
