"""How many mistakes does lint see that were put into healthy scripts, and in how many it says nothing, or another thing?

    python bench/lint_planted.py [-v]

Plants one mistake at a time into each fixed and healthy script of the casebook, by its syntax tree. Nothing is run.
"""

from __future__ import annotations

import ast
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from lossdoctor.lint import lint_paths

CASEBOOK = Path(__file__).resolve().parent.parent / "casebook"


def healthy() -> Iterator[Path]:
    for case in sorted([*CASEBOOK.glob("*/case.toml"), *CASEBOOK.glob("faults/healthy/*/base.toml")]):
        sick = case.name == "case.toml" and tomllib.loads(case.read_text())["causes"] != ["healthy"]
        yield case.with_name("fixed.py" if sick else "train.py")


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def called(statement: ast.stmt) -> str:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def whose(statement: ast.stmt) -> str:
    return ast.unparse(statement.value.func.value)  # type: ignore[attr-defined]


def without(name: str) -> Callable[[ast.Module], bool]:
    def plant(tree: ast.Module) -> bool:
        done = False
        for block in blocks(tree):
            for index, statement in enumerate(block):
                if called(statement) == name and not (name == "step" and "sched" in whose(statement)):
                    block[index] = ast.copy_location(ast.Pass(), statement)
                    done = True
        return done

    return plant


def moved(tree: ast.Module) -> bool:
    """Zeroed between backward and step."""
    for block in blocks(tree):
        names = [called(s) for s in block]
        if {"zero_grad", "backward", "step"} <= set(names) and names.index("zero_grad") < names.index("backward"):
            zero = block.pop(names.index("zero_grad"))
            block.insert([called(s) for s in block].index("backward") + 1, zero)
            return True
    return False


def clipped_late(tree: ast.Module) -> bool:
    for block in blocks(tree):
        names = [ast.unparse(s) for s in block]
        clip = next((i for i, n in enumerate(names) if "clip_grad_" in n and isinstance(block[i], ast.Expr)), None)
        if clip is not None and "step" in [called(s) for s in block[clip:]]:
            statement = block.pop(clip)
            block.insert([called(s) for s in block].index("step") + 1, statement)
            return True
    return False


def activated(name: str, kinds: tuple[str, ...]) -> Callable[[ast.Module], bool]:
    """An activation round the prediction, in every call of such a loss."""

    def plant(tree: ast.Module) -> bool:
        made = {
            ast.unparse(n.targets[0]) for n in ast.walk(tree)
            if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and ast.unparse(n.value.func).endswith(kinds[0])
        }  # fmt: skip
        done = False
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                spelled = ast.unparse(node.func)
                if spelled in made or spelled.endswith(kinds[1]):
                    node.args[0] = ast.parse(f"torch.{name}({ast.unparse(node.args[0])}{', dim=-1' if name == 'softmax' else ''})").body[0].value  # type: ignore[attr-defined]
                    done = True
        return done

    return plant


def in_forward(name: str) -> Callable[[ast.Module], bool]:
    """Softmax in what `forward` returns, where cross entropy follows."""

    def plant(tree: ast.Module) -> bool:
        text = ast.unparse(tree)
        if "CrossEntropyLoss" not in text and "cross_entropy" not in text:
            return False
        done = False
        for cls in [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]:
            for node in [n for m in cls.body if isinstance(m, ast.FunctionDef) and m.name == "forward" for n in ast.walk(m)]:
                if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Tuple):
                    node.value = ast.parse(f"torch.softmax({ast.unparse(node.value)}, dim=-1)").body[0].value  # type: ignore[attr-defined]
                    done = True
        return done

    return plant


def rebuilt(tree: ast.Module) -> bool:
    """`torch.tensor(loss.item(), requires_grad=True)` before backward."""
    for block in blocks(tree):
        for index, statement in enumerate(block):
            if called(statement) == "backward" and isinstance(statement.value.func.value, ast.Name):  # type: ignore[attr-defined]
                name = whose(statement)
                block.insert(index, ast.parse(f"{name} = torch.tensor({name}.item(), requires_grad=True)").body[0])
                return True
    return False


PLANTS: dict[str, tuple[Callable[[ast.Module], bool], str]] = {
    "no zero_grad": (without("zero_grad"), "missing-zero-grad"),
    "no step": (without("step"), "missing-optimizer-step"),
    "no backward": (without("backward"), "gradients-cleared"),
    "zeroed between backward and step": (moved, "gradients-cleared"),
    "clipped after the step": (clipped_late, "exploding-gradients"),
    "softmax in the call of cross entropy": (activated("softmax", ("CrossEntropyLoss", "cross_entropy")), "output-activation-mismatch"),
    "softmax in forward, cross entropy": (in_forward("softmax"), "output-activation-mismatch"),
    "sigmoid in the call of BCE with logits": (
        activated("sigmoid", ("BCEWithLogitsLoss", "cross_entropy_with_logits")), "output-activation-mismatch"),
    "loss rebuilt from its number": (rebuilt, "detached-graph"),
}  # fmt: skip


def main() -> int:
    verbose = "-v" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name, (plant, cause) in PLANTS.items():
            count: Counter[str] = Counter()
            missed = []
            for script in healthy():
                tree = ast.parse(script.read_text())
                if not plant(tree):
                    continue
                file = Path(folder) / "train.py"
                file.write_text(ast.unparse(ast.fix_missing_locations(tree)))
                said = {f.cause for looked in lint_paths([str(file)]) for f in looked.findings if f.severity != "note"}
                count["planted"] += 1
                count["named"] += cause in said
                count["other"] += bool(said - {cause})
                missed += [] if cause in said else [str(script.parent.name)]
            print(f"{name:40} {cause:28} {count['named']:4} of {count['planted']:4}, another cause said of {count['other']}")
            if verbose:
                print("    ", *missed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
