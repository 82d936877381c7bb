"""Facts of the user's script, locating, and small edits as diffs. Imports the standard library alone."""

from .actors import model_name, optimizer_name, scheduler_name
from .cuts import Cut, cuts
from .diff import (
    Change,
    Edit,
    across,
    delete_line,
    drop_keyword,
    insert_after,
    insert_before,
    replace_in_line,
    replace_node,
    set_keyword,
    together,
    unwrap,
)
from .locate import Call, Loops, calls, enclosing_function, enclosing_loop
from .script import Script
from .values import Origin, argument, origin

__all__ = [
    "Call", "Change", "Cut", "Edit", "Loops", "Origin", "Script", "across", "argument", "calls", "cuts", "delete_line",
    "drop_keyword", "enclosing_function", "enclosing_loop", "insert_after", "insert_before", "model_name", "optimizer_name", "origin",
    "replace_in_line", "replace_node", "scheduler_name", "set_keyword", "together", "unwrap",
]  # fmt: skip
