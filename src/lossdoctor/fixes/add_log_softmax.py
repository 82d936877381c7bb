"""Give the negative log likelihood the log probabilities that it expects."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.locate import spelled
from .fix import Args, Fix
from .head import criterion_call
from .places import fragment


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, term = criterion_call(signs), signs.loss.term
    if call is None or (term is not None and term.input_shape[1:2] == (1,)):
        return None
    given = call.node.args[0]
    name = spelled(call.script, "torch.log_softmax") or spelled(call.script, "torch.nn.functional.log_softmax")
    return None if name is None else replace_node(call.script, given, f"{name}({call.args[0]}, dim=1)")


FIX = Fix(
    id="add-log-softmax",
    safety="unsafe",
    title=lambda signs, args: "give the loss log probabilities instead of raw scores",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the loss is computed", "loss = criterion(torch.log_softmax(output, dim=1), target)"
    ),
    fits=lambda signs, args: signs.loss.term is None or signs.loss.term.fn == "nll_loss",
)
