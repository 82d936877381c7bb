"""What would the trained weights get without the noise of training? The last batch once more, on a copy."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...trace import events
from .terms import per_element

if TYPE_CHECKING:
    from .watcher import Watcher


def probe_without_noise(watcher: Watcher) -> None:
    """The loss of the last captured training batch with the net as it is now and dropout off (`loss`, per element).
    Made only where dropout was at work."""
    if not watcher.saw_noise:
        return None

    def failed(reason: str) -> None:
        watcher.write(events.Probed("without-noise", False, facts={"reason": reason}))

    kept, model = watcher.batches.last, next(iter(watcher.models()), None)
    if kept is None or model is None:
        return failed("no model call with a target was captured")
    given, term, answer, target = kept
    call = watcher.terms.call_of.get(term)
    if call is None:
        return failed("the loss was written by hand")
    fn, rest, options = call
    try:
        twin = copy.deepcopy(model).eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            output = _first(twin(*given))
            shaped = _shaped(output, answer)
            if shaped is None:
                return failed("between the model and its loss something is done to the output")
            result = getattr(nn.functional, fn)(shaped, target, *rest, **options)
            value, _ = per_element(fn, shaped, target, (shaped, target, *rest), options, result)
    except Exception as error:
        return failed(f"the copy could not be run: {type(error).__name__}: {error}"[:300])
    watcher.write(events.Probed("without-noise", True, {"loss": float(value)}))
    return None


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple | list) and output else output


def _shaped(output: Any, answer: torch.Tensor) -> torch.Tensor | None:
    """The model's output in the shape in which the loss was given it; None where the shapes tell no way."""
    if not isinstance(output, torch.Tensor) or output.numel() != answer.numel():
        return None
    if output.shape == answer.shape:
        return output
    if output.dim() == 3 and output.transpose(1, 2).shape == answer.shape:
        return output.transpose(1, 2)
    return output.reshape(answer.shape)
