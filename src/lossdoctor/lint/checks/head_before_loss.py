"""What stands between the last layer and the loss is wrong for that loss: softmax before cross entropy, sigmoid before
BCE with logits, probabilities or raw scores before NLL.

Silent where the way from the activation to the loss cannot be followed for certain, where branches of `forward`
differ (logits in training, probabilities in use), and where anything is computed in between (a log, a product).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...words.finding import Severity
from ..check import Alarm, Check
from ..facts import Facts
from ..heads import Op, head
from ..training import loss_kind

_WRONG: dict[tuple[str, str], tuple[Severity, str]] = {
    ("cross_entropy", "softmax"): ("error", "cross entropy takes raw scores and gets probabilities from a softmax, which "
                                   "flattens its gradient. Drop the softmax before the loss"),
    ("cross_entropy", "sigmoid"): ("error", "cross entropy takes raw scores and gets values between 0 and 1 from a sigmoid. "
                                   "Drop the sigmoid before the loss"),
    ("cross_entropy", "log_softmax"): ("note", "cross entropy does the log-softmax itself; doing it twice changes nothing. "
                                       "Drop it, or use the NLL loss"),
    ("bce_logits", "sigmoid"): ("error", "BCE with logits takes raw scores and gets probabilities from a sigmoid, so it can "
                                "never be sure of a 0. Drop the sigmoid before the loss"),
    ("bce_logits", "softmax"): ("error", "BCE with logits takes raw scores and gets probabilities from a softmax, so it can "
                                "never be sure of a 0. Drop the softmax before the loss"),
    ("nll", "softmax"): ("error", "the NLL loss takes log-probabilities and gets probabilities. Use log_softmax, or give raw "
                         "scores to cross entropy"),
    ("nll", "linear"): ("error", "the NLL loss takes log-probabilities and gets a linear layer's raw scores, which can fall "
                        "without end. Use cross entropy, or put log_softmax before it"),
}  # fmt: skip


def look(facts: Facts) -> Iterator[Alarm]:
    for calls in list(facts.calls.values()):
        for call in calls:
            kind = loss_kind(facts, call)
            if kind not in ("cross_entropy", "bce_logits", "nll"):
                continue
            given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "input"), None)
            op = head(facts, given)
            wrong = _WRONG.get((kind, op.kind)) if op is not None else None
            if wrong is not None and op is not None:
                yield Alarm(op.node, _said(call, op, wrong[1]), wrong[0])


def _said(call: ast.Call, op: Op, text: str) -> str:
    where = "" if op.node.lineno == call.lineno else f" (loss in line {call.lineno})"
    return f"{text[0].upper()}{text[1:]}{where}."


CHECK = Check("output-activation-mismatch", "head-before-loss", look, ("softmax", "oftmax", "igmoid", "NLL", "nll"))
