"""Before, after and refused, verb by verb; and what every diff has to be good for."""



from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossdoctor.source import (
    Edit,
    Script,
    across,
    calls,
    delete_line,
    drop_keyword,
    insert_after,
    insert_before,
    replace_in_line,
    set_keyword,
    together,
    unwrap,
)

Verb = Callable[[Script], Edit | None]


def read(text: str) -> Script:
    script = Script.of(text, "train.py")
    assert script is not None
    return script


def keyword(name: str, key: str, value: str) -> Verb:
    return lambda s: set_keyword(s, calls(s, (name,))[0], key, value)


CHANGED: list[tuple[str, Verb, str, str]] = [
    ("before", lambda s: insert_before(s, 2, ["a()", "if b:", "    c()"]), "for x in y:\n  g(x)\n", "for x in y:\n  a()\n  if b:\n    c()\n  g(x)\n"),
    ("before, tabs", lambda s: insert_before(s, 2, ["if b:", "    c()"]), "if x:\n\tg()\n", "if x:\n\tif b:\n\t\tc()\n\tg()\n"),
    ("before a call of many lines", lambda s: insert_before(s, 2, ["a()"]), "g(\n  1,\n)\n", "a()\ng(\n  1,\n)\n"),
    ("before, shared line", lambda s: insert_before(s, 1, ["a()"]), "for x in y: g(x)\n", "for x in y: a(); g(x)\n"),
    ("before a decorated function", lambda s: insert_before(s, 2, ["a()"]), "@d\ndef f():\n    pass\n", "a()\n@d\ndef f():\n    pass\n"),
    ("after", lambda s: insert_after(s, 1, ["a()"]), "g()  # why\nh()\n", "g()  # why\na()\nh()\n"),
    ("after the loop", lambda s: insert_after(s, 1, ["a()"]), "for x in y:\n    g()\n    h()\nk()\n", "for x in y:\n    g()\n    h()\na()\nk()\n"),
    ("after, no end of line", lambda s: insert_after(s, 1, ["a()"]), "g()", "g()\na()"),
    ("after, semicolons", lambda s: insert_after(s, 1, ["a()"]), "g(); h()\n", "g(); a(); h()\n"),
    ("after, windows", lambda s: insert_after(s, 1, ["a()"]), "g()\r\nh()\r\n", "g()\r\na()\r\nh()\r\n"),
    ("replace", lambda s: replace_in_line(s, 1, "lr", "rate"), "lrs = f(lr)\n", "lrs = f(rate)\n"),
    ("delete", lambda s: delete_line(s, 2), "a()\nb(\n 1)  # x\nc()\n", "a()\nc()\n"),
    ("delete the only one", lambda s: delete_line(s, 2), "if x:\n    b()\n", "if x:\n    pass\n"),
    ("delete, semicolons", lambda s: delete_line(s, 1), "a(); b()\n", "b()\n"),
    ("keyword changed", keyword("SGD", "lr", "0.1"), "o = SGD(p, lr=1)\n", "o = SGD(p, lr=0.1)\n"),
    ("keyword in a bracket", keyword("SGD", "lr", "0.1"), "o = SGD(p, lr=(1))\n", "o = SGD(p, lr=(0.1))\n"),
    ("keyword by position", keyword("SGD", "lr", "0.1"), "o = optim.SGD(p, 1, 0.9)\n", "o = optim.SGD(p, 0.1, 0.9)\n"),
    ("keyword added", keyword("SGD", "momentum", "0.9"), "o = SGD((p), 1)\n", "o = SGD((p), 1, momentum=0.9)\n"),
    ("keyword added to a bracket", keyword("SGD", "lr", "1"), "o = SGD((p))\n", "o = SGD((p), lr=1)\n"),
    ("keyword added behind a comma", keyword("f", "a", "1"), "f(p, )\n", "f(p, a=1 )\n"),
    ("keyword of nothing", keyword("f", "a", "1"), "f( )\n", "f(a=1 )\n"),
    (
        "keyword on its own line", keyword("DataLoader", "shuffle", "True"),
        "d = DataLoader(\n    data,\n    batch_size=4,  # small\n)\n", "d = DataLoader(\n    data,\n    batch_size=4,  # small\n    shuffle=True,\n)\n",
    ),
    (
        "keyword on its own line, no comma", keyword("DataLoader", "shuffle", "True"),
        "d = DataLoader(\n    data,\n    batch_size=4  # small\n)\n", "d = DataLoader(\n    data,\n    batch_size=4,  # small\n    shuffle=True\n)\n",
    ),
    (
        "keyword, hanging", keyword("f", "z", "3"), "f(a,\n  b)\n", "f(a,\n  b, z=3)\n",
    ),
    ("keyword, unicode before", keyword("f", "z", "3"), "é = 'ü' + f('ö')\n", "é = 'ü' + f('ö', z=3)\n"),
    ("keyword dropped", lambda s: drop_keyword(s, calls(s, ("f",))[0], "b"), "f(a, b=1, c=2)\n", "f(a, c=2)\n"),
    ("first keyword dropped", lambda s: drop_keyword(s, calls(s, ("f",))[0], "b"), "f(b=1, c=2)\n", "f(c=2)\n"),
    ("only keyword dropped", lambda s: drop_keyword(s, calls(s, ("f",))[0], "b"), "f(b=1)\n", "f()\n"),
    ("unwrap", lambda s: unwrap(s, 1), "with n():\n    a()\n\n    if b:\n        c()\nd()\n", "a()\n\nif b:\n    c()\nd()\n"),
    (
        "a move", lambda s: together(delete_line(s, 2), insert_before(s, 1, ["z()"])), "b()\nz()\ns()\n", "z()\nb()\ns()\n",
    ),
]  # fmt: skip

REFUSED: list[tuple[str, Verb, str]] = [
    ("before an elif", lambda s: insert_before(s, 3, ["c()"]), "if a:\n    b()\nelif d:\n    e()\n"),
    ("a block into a shared line", lambda s: insert_before(s, 2, ["if a:", "    b()"]), "x = 1\nif x: z = 2\n"),
    ("after a return", lambda s: insert_after(s, 2, ["a()"]), "def f():\n    return 1\n"),
    ("no such line", lambda s: insert_after(s, 7, ["a()"]), "f()\n"),
    ("no Python", lambda s: insert_before(s, 1, ["a("]), "f()\n"),
    ("twice in the line", lambda s: replace_in_line(s, 1, "lr", "x"), "f(lr, lr)\n"),
    ("inside a word", lambda s: replace_in_line(s, 1, "lr", "x"), "f(lrs)\n"),
    ("nothing changes", lambda s: replace_in_line(s, 1, "lr", "lr"), "f(lr)\n"),
    ("delete a loop", lambda s: delete_line(s, 1), "for x in y:\n    pass\n"),
    ("keyword maybe in **", keyword("SGD", "momentum", "1"), "SGD(p, **k)\n"),
    ("position maybe in *", keyword("SGD", "lr", "1"), "SGD(*p, 1)\n"),
    ("behind a generator", keyword("f", "a", "1"), "f(x for x in y)\n"),
    ("two calls in the line", lambda s: set_keyword(s, 1, "a", "1"), "f(1) + g(2)\n"),
    ("drop what is not there", lambda s: drop_keyword(s, calls(s, ("f",))[0], "b"), "f(a)\n"),
    ("unwrap a file", lambda s: unwrap(s, 1), "with open(p) as f:\n    a()\n"),
    ("unwrap a long text", lambda s: unwrap(s, 1), "with n():\n    a = '''\n    b'''\n"),
    ("touching", lambda s: together(replace_in_line(s, 1, "a", "b"), replace_in_line(s, 1, "a", "c")), "f(a)\n"),
    ("one is missing", lambda s: together(delete_line(s, 1), None), "f(a)\ng()\n"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "before", "after"), [c[1:] for c in CHANGED], ids=[c[0] for c in CHANGED])
def test_before_and_after(verb: Verb, before: str, after: str, tmp_path: Path) -> None:
    script = read(before)
    edit = verb(script)
    assert edit is not None and edit.after == after
    assert patched(tmp_path, before, edit.diff) == after


@pytest.mark.parametrize(("verb", "before"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused(verb: Verb, before: str) -> None:
    assert verb(read(before)) is None


def test_edits_of_several_scripts_are_one_change() -> None:
    one, other = Script.of("a = 1\nb = 2\n", "one.py"), Script.of("c = 3\n", "other.py")
    assert one is not None and other is not None
    change = across(replace_in_line(one, 1, "1", "4"), replace_in_line(other, 1, "3", "5"), replace_in_line(one, 2, "2", "6"))
    assert change is not None
    assert [edit.after for edit in change.edits] == ["a = 4\nb = 6\n", "c = 5\n"]
    assert change.diff == "".join(edit.diff for edit in change.edits)
    assert across(replace_in_line(one, 1, "1", "4"), None) is None
    assert across(replace_in_line(one, 1, "1", "4"), replace_in_line(one, 1, "a = 1", "z = 1")) is None
    assert across() is None


def test_a_call_by_its_line_and_its_name() -> None:
    script = read("opt = wrap(SGD(p, 1))\n")
    by_keyword = set_keyword(script, 1, "lr", "2")
    assert by_keyword is not None and by_keyword.after == "opt = wrap(SGD(p, 2))\n"
    by_name = set_keyword(script, 1, "k", "3", names=("wrap",))
    assert by_name is not None and by_name.after == "opt = wrap(SGD(p, 1), k=3)\n"


def test_a_byte_order_mark_and_a_blank_in_the_name(tmp_path: Path) -> None:
    script = Script.of("\ufefff(1)\ng()\n", "my train.py")
    assert script is not None
    edit = insert_before(script, 1, ["a()"])
    assert edit is not None
    assert patched(tmp_path, "\ufefff(1)\ng()\n", edit.diff, "my train.py") == "\ufeffa()\nf(1)\ng()\n"


def patched(folder: Path, before: str, diff: str, name: str = "train.py", tool: str = "git") -> str:
    """The text after `git apply` (or `patch -p1`) in an empty folder."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / name).write_bytes(before.encode())
    command = ["git", "apply", "--whitespace=nowarn", "-"] if tool == "git" else ["patch", "-p1", "--binary", "-s"]
    ran = subprocess.run(command, cwd=work, input=diff.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, (ran.stderr.decode(), ran.stdout.decode(), diff)
    assert [p.name for p in work.iterdir()] == [name], "no fuzz, no leftovers"
    return (work / name).read_bytes().decode()


STATEMENTS = (
    "a = 1", "opt.step()", "loss.backward(); opt.step()", "x = f(1, b=2)", "g(\n{i}    1,\n{i}    b=2,\n{i})",
    "t = 'é'  # ü", "for i in z: g(i)", "s = '''one\ntwo'''", "f(\n{i}  a, # c\n{i}  b)", "if q:\n{i}{u}h(3)", "f()",
)  # fmt: skip


@st.composite
def sources(draw: st.DrawFn) -> str:
    unit = draw(st.sampled_from(["    ", "  ", "\t"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines: list[str] = []
    depth = 0
    for _ in range(draw(st.integers(1, 7))):
        indent = unit * depth
        if draw(st.booleans()):
            lines.append(f"{indent}{draw(st.sampled_from(['for i in z:', 'if q:', 'def k():', 'with n():']))}")
            depth += 1
            indent = unit * depth
        text = draw(st.sampled_from(STATEMENTS)).replace("{i}", indent).replace("{u}", unit)
        lines.append(indent + text)
        if draw(st.booleans()):
            lines.append("")
        depth = draw(st.integers(0, depth))
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", newline)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=sources(), data=st.data())
def test_every_diff_applies_and_parses_and_leaves_the_rest(text: str, data: st.DataObject, tmp_path: Path) -> None:
    script = read(text)
    line = data.draw(st.integers(1, len(script.lines)))
    found = calls(script, ("f", "g", "h"))
    verbs: list[Verb] = [
        lambda s: insert_before(s, line, ["new()", "if new:", "    more()"]),
        lambda s: insert_after(s, line, ["new()"]),
        lambda s: delete_line(s, line),
        lambda s: unwrap(s, line),
        *(lambda s, c=c, k=k: set_keyword(s, c, k, "7") for c in found for k in ("b", "extra")),  # type: ignore[misc]
    ]
    edit = data.draw(st.sampled_from(verbs))(script)
    if edit is None:
        return
    ast.parse(edit.after)
    tool = data.draw(st.sampled_from(["git", "patch"]))
    assert patched(tmp_path, text, edit.diff, tool=tool) == edit.after
