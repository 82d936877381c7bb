"""What else a setting could say, as far as a script's text knows: the other truth value, the other words that it chooses by."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .locate import all_calls, dotted
from .script import Script
from .settings_file import Setting, alike
from .values import bound, setting_keys

MOST = 4
_NO_MATTER = frozenset({
    "verbose", "debug", "log", "logs", "logging", "save", "plot", "plots", "show", "print", "wandb", "track", "tracking", "upload", "download",
    "resume", "cuda", "gpu", "cpu", "device", "seed", "deterministic", "path", "file", "dir", "folder", "url",
})  # fmt: skip
"""Words in the names of settings that have nothing to do with learning, or may reach out of the run."""
PASSES_ON = "Identity"
SQUASHING = ("Sigmoid", "Tanh", "ReLU", "Softmax", "LogSoftmax", "Softplus", "Hardtanh", "ELU", "GELU")


def other_values(setting: Setting, scripts: Sequence[Script]) -> tuple[str, ...]:
    """The other values, each as it is written in the settings file; () where none is known."""
    if _NO_MATTER & set(setting.key.split("_")):
        return ()
    begin, end = setting.script.span(setting.node)
    written = setting.script.text[begin:end]
    if isinstance(setting.value, bool):
        other = "false" if setting.value else "true"
        return (other.capitalize() if written[:1].isupper() else other,)
    if not isinstance(setting.value, str):
        return ()
    quote = written[:1] if written[:1] in ("'", '"') else ""
    words = dict.fromkeys(word for script in scripts for word in _words(script, setting))
    return tuple(f"{quote}{word}{quote}" for word in words if word != setting.value)[:MOST]


def names_an_attribute(setting: Setting, scripts: Sequence[Script], owner: str) -> bool:
    """Is the setting the name of something that a module holds: `getattr(torch.optim, config["optimizer"])`?"""
    return any(
        call.name == "getattr" and len(call.node.args) == 2 and dotted(call.node.args[0]).rpartition(".")[2] == owner
        and _asks(script, call.node.args[1], setting)
        for script in scripts for call in all_calls(script)
    )  # fmt: skip


def other_magnitudes(setting: Setting) -> tuple[str, ...]:
    """A number with a point in it, a hundredth and a hundred times as large; () for counts and what does not matter."""
    begin, end = setting.script.span(setting.node)
    written = setting.script.text[begin:end]
    value = setting.value
    if not isinstance(value, float) or not value or not set(written) & set(".eE") or _NO_MATTER & set(setting.key.split("_")):
        return ()
    return tuple(repr(float(f"{value * times:.6g}")) for times in (0.01, 100.0))


def _words(script: Script, setting: Setting) -> Iterator[str]:
    """The keys of a table that the setting is looked up in, the words that it is compared with, `choices=` of its option, and
    for a layer's name the layer that changes nothing."""
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Subscript) and _asks(script, node.slice, setting):
            table = bound(script, node.value) if isinstance(node.value, ast.Name) else node.value
            if isinstance(table, ast.Dict):
                yield from _strings(table.keys)
        elif isinstance(node, ast.Compare) and _asks(script, node.left, setting):
            for other in node.comparators:
                yield from _strings(other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else [other])
    for call in all_calls(script):
        if call.last == "add_argument" and any(alike(text.lstrip("-")) == setting.key for text in _strings(call.node.args)):
            for given in call.node.keywords:
                if given.arg == "choices" and isinstance(given.value, ast.List | ast.Tuple):
                    yield from _strings(given.value.elts)
        if call.name == "getattr" and len(call.node.args) == 2 and _asks(script, call.node.args[1], setting):
            if dotted(call.node.args[0]).endswith("nn") and setting.value in SQUASHING:
                yield PASSES_ON
            if dotted(call.node.args[0]) == "torch" and setting.value in ("float16", "half", "bfloat16"):
                yield from ("float32", "bfloat16")


def _asks(script: Script, node: ast.expr, setting: Setting) -> bool:
    keys = setting_keys(script, node)
    if not keys and isinstance(node, ast.Name):
        value = bound(script, node)
        keys = setting_keys(script, value) if value is not None else ()
    return keys[-1:] == (setting.key,)


def _strings(nodes: Sequence[ast.expr | None]) -> Iterator[str]:
    return (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
