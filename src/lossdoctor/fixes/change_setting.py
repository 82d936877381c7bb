"""Another value of a setting that is read from a file: the other truth value, another word that the script knows, a number of another size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.choices import other_magnitudes, other_values
from ..source.settings_file import Setting
from .fix import Args, Fix
from .places import fragment, scripts
from .settings import ROLES, all_settings

STEM = 4
"""Letters by which `freeze` is found in `unfreeze`, and `shuffled` in `shuffle`."""


def others(signs: Signs, words: str) -> Iterator[dict[str, str]]:
    """Arguments of this fix, one for each setting and value that could be tried; first those whose names share a word with
    `words`."""
    for setting in _nearest(signs, words):
        for value in other_values(setting, scripts(signs)):
            yield {"setting": ".".join(setting.path), "value": value}


def magnitudes(signs: Signs, words: str) -> Iterator[dict[str, str]]:
    """As `others`, for numbers that no other fix changes: far smaller, far larger."""
    for setting in _nearest(signs, words):
        if not any(re.fullmatch(names, setting.key) for names in ROLES.values()):
            for value in other_magnitudes(setting):
                yield {"setting": ".".join(setting.path), "value": value}


def _nearest(signs: Signs, words: str) -> list[Setting]:
    """All settings, first those whose names share a word with `words`."""
    told = words.lower()

    def far(setting: Setting) -> bool:
        return not any(word[:STEM] in told for word in re.findall(r"[a-z]{3,}", setting.key))

    return sorted(all_settings(signs), key=far)


def _found(signs: Signs, args: Args) -> Setting | None:
    named = [s for s in all_settings(signs) if ".".join(s.path) == args.get("setting")]
    return named[0] if len(named) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    setting = _found(signs, args)
    return None if setting is None else replace_node(setting.script, setting.node, str(args.get("value")))


def title(signs: Signs, args: Args) -> str:
    setting = _found(signs, args) if args else None
    if setting is None:
        return "change the setting that asks for it"
    return f"set {args.get('setting')} to {args.get('value')} in {Path(setting.script.file).name}"


FIX = Fix(
    id="change-setting",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "in the settings file: another value of the setting that asks for it", '"output": "Identity",  for example'
    ),
    fits=lambda signs, args: bool(args),
)
