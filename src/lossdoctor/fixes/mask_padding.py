"""Keep padding out of the loss and the state."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, set_keyword
from .fix import Args, Fix
from .head import criterion_made
from .places import finite, fragment


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, index = criterion_made(signs), finite(args.get("index"))
    if call is None or index is None or call.last not in ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"):
        return None
    return set_keyword(call.script, call, "ignore_index", str(int(index)))


def otherwise(signs: Signs, args: Args) -> str:
    code = (
        "packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)",
        "output, state = self.lstm(packed)",
        "output, _ = pad_packed_sequence(output, batch_first=True)",
        "# and in the loss: keep = torch.arange(output.shape[1]) < lengths[:, None]; criterion(output[keep], y[keep])",
    )
    return fragment("in the model's forward, with the true lengths", *code)


FIX = Fix(
    id="mask-padding",
    safety="unsafe",
    title=lambda signs, args: "keep padding out of the loss and the state",
    edit=_edit,
    otherwise=otherwise,
)
