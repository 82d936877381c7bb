"""The state that is carried from batch to batch drags its old graphs along.

## What happens
The hidden state of one batch is handed to the next together with its autograd graph. The second backward pass
then runs into the graph of the first, which was freed; or, with `retain_graph=True`, every pass goes through
all batches since the start.

## How it looks
- `Trying to backward through the graph a second time` at the second batch.
- `one of the variables needed for gradient computation has been modified by an inplace operation`, once steps
  have changed the weights that the old graph remembers.
- With `retain_graph=True`: each step takes longer than the one before, and memory grows until it runs out.

## Why it keeps the loss from falling
The run stops, or it slows down so much that it never gets anywhere. The gradient through hundreds of old
batches also mixes weights of different steps, and may explode.

## How lossdoctor tells
By structure. Either the run ended with one of the two errors above after at least one backward pass that worked, or
the script caught them on more than a fifth of its backward passes (at least three), or a recurrent layer got a
state that still hangs on an earlier graph and the graph of the loss grows: over at least three samples, to more
than 1.8 times its first size, in step with time (correlation above 0.9). Healthy: the
carried state is detached, or no state is carried. Not judged: fewer than three backward passes and no recurrent
layer seen.

## Not to be confused with
- `state-not-reset`: the state is detached, but belongs to an unrelated sequence.
- `exploding-gradients`: the gradient grows inside a single batch.
- A learned initial state: a parameter, which has no history.

## What to do
`detach-state`: cut the state (not the output) between chunks. This is truncated backpropagation through time.
Where a settings file asks for it: `change-setting`.

    for x, y in chunks:
        out, state = lstm(x, state)
        state = tuple(s.detach() for s in state)      # GRU, RNN: state = state.detach()
        loss = criterion(head(out), y)

Remove `retain_graph=True`. Keras: `stateful=True` layers carry detached state; `layer.reset_state()` starts
afresh.

## References
- Williams, Peng 1990, An efficient gradient-based algorithm for on-line training of recurrent network
  trajectories.
- Merity, Keskar, Socher 2018, Regularizing and optimizing LSTM language models (arXiv 1708.02182).
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place, recurrent_place

SECOND_TIME = "backward through the graph a second time"
INPLACE = "modified by an inplace operation"
SKIPPED = 0.2
"""Share of backward passes that fail and are passed over: below it training goes on well enough."""


def of_an_old_graph(error: str) -> bool:
    return SECOND_TIME in error or INPLACE in error


def judge(signs: Signs) -> Judgement:
    calls = signs.wiring.calls
    attached = [c for c in calls if c.attached and c.step > 0]
    ended = signs.ended
    carried = any(c.carried for c in calls) or bool(attached)
    caught = [f for f in signs.wiring.failed if of_an_old_graph(f.error)]
    stopped = ended is not None and ended.how == "error" and of_an_old_graph(ended.error)
    if (caught or stopped) and not _passed_before(signs):
        return CAUSE.healthy("the first backward pass fails already, when nothing has been carried on yet")
    if caught and not stopped:
        until = max(1, int(np.sum(signs.loss.steps <= caught[-1].step)))
        if len(caught) >= 3 and len(caught) > SKIPPED * until:
            return finding(
                CAUSE.id,
                f"{len(caught)} of the first {until} backward passes failed, and the script caught the error and went on: the "
                "state that is carried on still hangs on the graph of the batch before.",
                [
                    ("error that was caught", caught[0].error[:160], ""),
                    ("backward passes that failed", len(caught), "0"),
                    ("backward passes until then", until, ""),
                    *([("recurrent state carried in with its graph", True, "False")] if carried else []),
                ],
                confidence=0.95,
                where=recurrent_place(signs) if carried else loss_place(signs),
                since_step=caught[0].step,
            )
    if ended is not None and stopped and signs.loss.count:
        return finding(
            CAUSE.id,
            "The run stopped at its second backward pass: the state that is carried on still hangs on the graph of the "
            "batch before, which has been freed." if SECOND_TIME in ended.error else
            "The run stopped because a graph of an earlier batch was used after its weights had been stepped.",
            [
                ("error", ended.error[:160], ""),
                ("backward passes before it", signs.loss.count, ""),
                *([("recurrent state carried in with its graph", True, "False")] if carried else []),
            ],
            confidence=0.95 if carried or len(signs.loss.steps) <= 3 else 0.8,
            where=recurrent_place(signs) if carried else loss_place(signs),
            since_step=1,
        )  # fmt: skip
    graphs = [g for g in signs.wiring.connected if g.nodes]
    if len(graphs) < 3 and not calls:
        return CAUSE.not_judged("three backward passes")
    if attached and len(graphs) >= 3:
        sizes = np.array([g.nodes for g in graphs], dtype=float)
        steps = np.array([g.step for g in graphs], dtype=float)
        growing = sizes[-1] > 1.8 * sizes[0] and np.corrcoef(steps, sizes)[0, 1] > 0.9
        if growing:
            return finding(
                CAUSE.id,
                f"The graph grows with every step, from {sizes[0]:.0f} to {sizes[-1]:.0f} nodes: the state is carried on "
                "without being detached, so each backward pass goes through all the batches before.",
                [
                    ("nodes of the graph at the first step", int(sizes[0]), ""),
                    (f"nodes at step {int(steps[-1])}", int(sizes[-1]), "as at the first"),
                ],
                confidence=0.97,
                where=recurrent_place(signs),
                since_step=int(steps[1]),
            )
    if any(c.carried for c in calls):
        return CAUSE.healthy("the carried state is detached between batches")
    return CAUSE.healthy("no state hangs on an earlier batch's graph")


def _passed_before(signs: Signs) -> bool:
    """Was there a backward pass that worked before the first that failed? Only then can a graph have been freed."""
    if not signs.wiring.failed:
        return signs.loss.count > 1
    first = min(f.step for f in signs.wiring.failed)
    failed = sum(f.step <= first for f in signs.wiring.failed)
    return int(np.sum(signs.loss.steps <= first)) > failed


CAUSE = Cause("state-not-detached", judge, __doc__, needs=("graph",), fixes=("detach-state", "change-setting"))
