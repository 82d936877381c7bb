"""Small changes of a script as unified diffs. A verb that cannot be sure of its result answers None.

Every change is parsed before it is given out, so that what applies is Python; other lines stay as they are,
to the byte.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import textwrap
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .locate import Call, all_calls, block_of, calls, first_line, statement_at
from .script import Script
from .signatures import position_of

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Edit:
    """Some stretches of a script's text replaced: (begin, end, new text), offsets into `script.text`."""

    script: Script = field(repr=False)
    spans: tuple[Span, ...]

    @property
    def after(self) -> str:
        """The whole script after the change."""
        text = self.script.text
        for begin, end, new in reversed(_in_order(self.spans)):
            text = text[:begin] + new + text[end:]
        return text

    @property
    def diff(self) -> str:
        """The change as `git apply` and `patch -p1` take it."""
        old, new = (_lines(self.script.bom + text) for text in (self.script.text, self.after))
        shown = self.script.shown + ("\t" if " " in self.script.shown else "")
        out = []
        for line in difflib.unified_diff(old, new, f"a/{shown}", f"b/{shown}", lineterm="\n"):
            out.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
        return "".join(out)


@dataclass(frozen=True)
class Change:
    """Edits of several scripts that belong together, one for each."""

    edits: tuple[Edit, ...]

    @property
    def diff(self) -> str:
        return "".join(edit.diff for edit in self.edits)


def across(*edits: Edit | None) -> Change | None:
    """Several edits, of any scripts, as one change; None if one is missing or those of one script do not fit."""
    by_script: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit is None:
            return None
        by_script.setdefault(edit.script.file, []).append(edit)
    merged = [found[0] if len(found) == 1 else together(*found) for found in by_script.values()]
    whole = tuple(edit for edit in merged if edit is not None)
    return Change(whole) if whole and len(whole) == len(merged) else None


def together(*edits: Edit | None) -> Edit | None:
    """Several changes of one script as one; None if one is missing, two touch, or the result is no Python."""
    if not edits or any(e is None for e in edits):
        return None
    whole = [e for e in edits if e is not None]
    script = whole[0].script
    if any(e.script != script for e in whole):
        return None
    spans = _in_order([span for e in whole for span in e.spans])
    if any(a[1] > b[0] for a, b in pairwise(spans)):
        return None
    return _sure(Edit(script, tuple(spans)))


def insert_before(script: Script, line: int, code_lines: Sequence[str]) -> Edit | None:
    """Put statements before the one at `line`, as deep as it. Deeper lines among `code_lines` are given with
    four blanks a level. None where nothing can stand there (before an `elif`, inside a shared line)."""
    statement = statement_at(script, line)
    if statement is None:
        return None
    begin = script.offset(statement.lineno, statement.col_offset)
    if not _begins_line(script, statement):
        inline = _inline(code_lines)
        return None if inline is None else _sure(Edit(script, ((begin, begin, f"{inline}; "),)))
    number = first_line(statement)
    at = script.starts[number - 1]
    return _sure(Edit(script, ((at, at, _block(script, code_lines, script.indent_of(number))),)))


def insert_after(script: Script, line: int, code_lines: Sequence[str]) -> Edit | None:
    """Put statements after the whole statement at `line` (after the loop, where that is a loop's header), as
    deep as it. None after `return`, `break`, `continue` and `raise`, where nothing would run."""
    statement = statement_at(script, line)
    if statement is None or isinstance(statement, ast.Return | ast.Break | ast.Continue | ast.Raise):
        return None
    _, end = script.span(statement)
    number = statement.end_lineno or statement.lineno
    rest = script.text[end : script.starts[number]]
    if not _begins_line(script, statement) or (rest.strip() and not rest.strip().startswith("#")):
        inline = None if isinstance(statement, ast.stmt) and hasattr(statement, "body") else _inline(code_lines)
        return None if inline is None else _sure(Edit(script, ((end, end, f"; {inline}"),)))
    return _sure(Edit(script, (_after_line(script, number, code_lines, script.indent_of(first_line(statement))),)))


def replace_in_line(script: Script, line: int, old: str, new: str) -> Edit | None:
    """Replace `old`, which must stand in the line exactly once and not inside a longer word."""
    text = script.line(line)
    edges = (r"(?<!\w)" if old[:1].isidentifier() else "", r"(?!\w)" if re.match(r"\w", old[-1:]) else "")
    found = list(re.finditer(edges[0] + re.escape(old) + edges[1], text)) if old else []
    if len(found) != 1:
        return None
    begin = script.starts[line - 1] + found[0].start()
    return _sure(Edit(script, ((begin, begin + len(old), new),)))


def replace_node(script: Script, node: ast.expr | ast.stmt, new: str) -> Edit | None:
    """Replace an expression or a statement."""
    begin, end = script.span(node)
    return _sure(Edit(script, ((begin, end, new),)))


def delete_line(script: Script, line: int) -> Edit | None:
    """Take out the simple statement at `line`, all its lines; `pass` takes its place where its block would be
    empty. None for a loop, an `if`, a definition."""
    statement = statement_at(script, line)
    return None if statement is None or hasattr(statement, "body") else delete_statement(script, statement)


def delete_statement(script: Script, statement: ast.stmt) -> Edit | None:
    """Take out a whole statement, also one with a body; `pass` takes its place where its block would be empty."""
    begin, end = script.span(statement)
    if len(block_of(script, statement)) == 1 and statement not in script.tree.body:
        return _sure(Edit(script, ((begin, end, "pass"),)))
    number = statement.end_lineno or statement.lineno
    rest = script.text[end : script.starts[number]]
    if _begins_line(script, statement) and (not rest.strip() or rest.strip().startswith("#")):
        return _sure(Edit(script, ((script.starts[statement.lineno - 1], script.starts[number], ""),)))
    behind = re.match(r"[ \t]*;[ \t]*", script.text[end:])
    before = re.search(r"[ \t]*;[ \t]*$", script.text[:begin])
    if behind and script.text[end + behind.end() :][:1] not in ("", "\n", "\r", "#"):
        return _sure(Edit(script, ((begin, end + behind.end(), ""),)))
    return _sure(Edit(script, ((before.start(), end, ""),))) if before else None


def unwrap(script: Script, line: int) -> Edit | None:
    """Take away the `with` at `line` and move its body one level out. None where the body holds a text of
    several lines, or the `with` manages more than one thing or binds a name."""
    node = statement_at(script, line)
    if not isinstance(node, ast.With) or len(node.items) != 1 or node.items[0].optional_vars is not None:
        return None
    begin, end = script.starts[node.lineno - 1], script.starts[(node.end_lineno or node.lineno)]
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant | ast.JoinedStr) and inner.end_lineno != inner.lineno:
            return None
    outer, deeper = script.indent_of(node.lineno), script.indent_of(node.body[0].lineno)
    if node.body[0].lineno == node.lineno:
        return None
    kept = [
        outer + line[len(deeper) :] if line.startswith(deeper) else line
        for line in script.lines[(node.items[0].context_expr.end_lineno or node.lineno) : (node.end_lineno or 0)]
    ]
    return _sure(Edit(script, ((begin, end, "".join(kept)),)))


def set_keyword(
    script: Script, call_line: int | Call, keyword: str, value_text: str, names: Sequence[str] = ()
) -> Edit | None:
    """Give a call an argument, or change it, by keyword or where the constructor takes it by position.

    The call is given itself, or by a line on which it begins, and by its name where there are several. None
    where `**settings` may hold the keyword already.
    """
    call = _call(script, call_line, keyword, names)
    if call is None:
        return None
    for given in call.node.keywords:
        if given.arg == keyword:
            return _kept(script, call, keyword, replace_node(script, given.value, value_text))
    position = position_of(call.last, keyword)
    if position is not None and position < len(call.node.args):
        if any(isinstance(a, ast.Starred) for a in call.node.args[: position + 1]):
            return None
        return replace_node(script, call.node.args[position], value_text)
    if call.open_ended:
        return None
    return _kept(script, call, keyword, _sure(Edit(script, (_new_argument(script, call, f"{keyword}={value_text}"),))))


def drop_keyword(script: Script, call: Call, keyword: str) -> Edit | None:
    """Take a keyword argument out of a call, with its comma."""
    found = next((k for k in call.node.keywords if k.arg == keyword), None)
    if found is None:
        return None
    begin, end = script.offset(found.lineno, found.col_offset), script.span(found.value)[1]
    before = re.search(r",\s*$", script.text[:begin])
    behind = re.match(r"\s*,[ \t]*", script.text[end:])
    if before:
        return _sure(Edit(script, ((before.start(), end, ""),)))
    return _sure(Edit(script, ((begin, end + (behind.end() if behind else 0), ""),)))


def _call(script: Script, where: int | Call, keyword: str, names: Sequence[str]) -> Call | None:
    if isinstance(where, Call):
        return where
    here = [c for c in (calls(script, names) if names else all_calls(script)) if c.line == where]
    if len(here) > 1:
        here = [c for c in here if keyword in c.keywords or position_of(c.last, keyword) is not None] or here
    return here[0] if len(here) == 1 else None


_BLANK = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def _new_argument(script: Script, call: Call, text: str) -> Span:
    """Where one more argument goes: behind the last one, on a line of its own where that one has one."""
    begin, end = script.span(call.node)
    source = script.text[begin:end]
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source, newline="").readline) if t.type not in _BLANK]
    before = tokens[-2]
    row, column = before.end
    at = begin + sum(map(len, _lines(source)[: row - 1])) + column
    if before.string == "(":
        return at, at, text
    comma = before.string == ","
    every: list[ast.expr | ast.keyword] = [*call.node.args, *call.node.keywords]
    given = max(every, key=lambda a: (a.lineno, a.col_offset))
    lead = script.text[script.starts[given.lineno - 1] : script.offset(given.lineno, given.col_offset)]
    stop = script.starts[script.text.count("\n", 0, at) + 1] - len(script.newline)
    trail = script.text[at:stop]
    if given.lineno == call.line or lead.strip() or (trail.strip() and not trail.strip().startswith("#")):
        return at, at, f" {text}" if comma else f", {text}"
    return at, stop, f"{'' if comma else ','}{trail}{script.newline}{lead}{text}{',' if comma else ''}"


def _kept(script: Script, call: Call, keyword: str, edit: Edit | None) -> Edit | None:
    """The edit, if the call now has that keyword and all that it had before."""
    if edit is None:
        return None
    changed = Script.of(edit.after, script.file, script.shown)
    if changed is None:
        return None
    for node in ast.walk(changed.tree):
        if isinstance(node, ast.Call) and (node.lineno, node.col_offset) == (call.node.lineno, call.node.col_offset):
            names = [k.arg for k in node.keywords]
            old = [k.arg for k in call.node.keywords]
            if ast.dump(node.func) == ast.dump(call.node.func) and len(node.args) == len(call.node.args):
                return edit if names.count(keyword) == 1 and set(old) <= set(names) else None
    return None


def _begins_line(script: Script, statement: ast.stmt) -> bool:
    return not script.line(statement.lineno)[: script.column(statement)].strip()


def _inline(code_lines: Sequence[str]) -> str | None:
    """Simple statements on one line; None where there are comments or blocks among them."""
    try:
        body = ast.parse("\n".join(code_lines)).body
    except SyntaxError:
        return None
    if any(hasattr(s, "body") for s in body) or any("#" in line for line in code_lines) or not body:
        return None
    return "; ".join(line.strip() for line in code_lines)


def _block(script: Script, code_lines: Sequence[str], indent: str) -> str:
    out = []
    for line in textwrap.dedent("\n".join(code_lines)).split("\n"):
        depth = (len(line) - len(line.lstrip(" "))) // 4
        out.append(indent + script.indent * depth + line.lstrip(" ") if line.strip() else "")
    return "".join(line + script.newline for line in out)


def _after_line(script: Script, number: int, code_lines: Sequence[str], indent: str) -> Span:
    at = script.starts[number]
    text = _block(script, code_lines, indent)
    if number == len(script.lines) and not script.text.endswith("\n"):
        text = script.newline + text.removesuffix(script.newline)
    return at, at, text


def _in_order(spans: Sequence[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span[:2])


def _lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)", text) if part]


def _sure(edit: Edit) -> Edit | None:
    if edit.after == edit.script.text:
        return None
    return edit if edit.script.plain or Script.of(edit.after, edit.script.file) is not None else None
