"""What is noted of a training, as its calls pass the doors. Knows the order of nothing: loops differ.

An *iteration* ends with an optimizer update (or with a backward pass, where nobody steps an optimizer).
Every iteration gives a row with its loss, rate and gradient norms; those that the sampler picks are looked
into: the graph is walked, updates are measured, recurrences replayed, a batch is kept.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
import torch.utils.checkpoint
from torch import nn

from ...trace import events
from ...trace.events import LOSS_COLUMNS
from ...trace.writer import TraceWriter
from ..sampling import SPARING, OwnTime, Sampler
from .aside import Aside, Hidden
from .batches import Batches
from .doors import Guard
from .fetch import Fetch
from .gradients import GradientUses
from .graph import walk
from .moves import Moves
from .nan_birth import BirthWatch
from .optimizers import MAX_TENSORS, Optimizers, plain_lr
from .params import ParamBook, model_seen, norms_of, param_facts
from .places import Places
from .recurrent import Recurrences
from .step_rows import StepRows
from .terms import Terms

if TYPE_CHECKING:
    from .knob import Knobs

MAX_SEARCHES = 8
FLUSH_ROWS = 64
FLUSH_SECONDS = 0.9
EVERY_STEP = 200
"""Updates at the start of which each leaves its row, whatever that costs."""
MANY_FAILED = 50
"""Backward passes that raised: so many are told of."""
WORSE = 1.0
"""A loss that lies above the first by more than this share of it is one that has run away."""
RESTED = 0.6
"""Share of the budget to which our own time must have sunk before a row is written again: the rest is for looking
into an iteration now and then."""


class Watcher:
    """One watched process. `plant` is called once, before the first backward pass, with whether CUDA is in use;
    `after_door` after every pass through a door where a run may be asked to stop, with the updates so far."""

    def __init__(
        self,
        writer: TraceWriter,
        *,
        own: OwnTime,
        budget: float,
        allowance: float,
        knobs: Knobs | None = None,
        plant: Callable[[bool], None] | None = None,
        after_door: Callable[[int], None] | None = None,
    ) -> None:
        self.writer = writer
        self.own = own
        self.aside = Aside()
        self.hidden = Hidden()
        self.guard = Guard(own, self._internal_error, self.aside, self.hidden)
        self.sampler = Sampler(budget, allowance, own)
        self.knobs = knobs
        if knobs is not None:
            knobs.adopt(self.guard)
        self.fetch = Fetch()
        self.book = ParamBook()
        self.terms = Terms(self)
        self.batches = Batches(self, dense=budget > 0.1, look_for_tables=True)
        self.recurrent = Recurrences(self)
        self.attach_module_hooks: Callable[[], None] = _nothing
        self.detach_module_hooks: Callable[[], None] = _nothing
        self.updates = 0
        self.backwards = 0
        self.looking = True
        self.sampled = True
        self.resting = False
        self._may_rest = True
        self._plant = plant
        self._first_forward_over = False
        self._after_door = after_door
        self._loss_rows = writer.table("loss", LOSS_COLUMNS)
        self.steps = StepRows(self, writer)
        self.places = Places(self)
        self.optimizers = Optimizers(self)
        self._depth = 0
        self._in_step = 0
        self.iteration_backwards = 0
        self._failed_backwards = 0
        self._flush_at = monotonic() + FLUSH_SECONDS
        self.training = 0
        self._models = 0
        self._model_refs: list[nn.Module] = []
        self.moves = Moves(self, writer)
        self.gradients = GradientUses(self)
        self._outputs: list[tuple[str, str, bool, bool, int]] = []
        self._no_grad_looks: dict[tuple[str, int], int] = {}
        self._peeking = False
        self._dropouts: set[tuple[float, int]] = set()
        self._casts: set[str] = set()
        self._look_started = 0
        self._walks = 0
        self.last_output: torch.Tensor | None = None
        self._first_loss: torch.Tensor | None = None
        self._last_loss: torch.Tensor | None = None
        self._graph_nodes = 0
        self._find_nan_from: int | None = None
        self.birth: BirthWatch | None = None

    # -- small things that the parts share ------------------------------------------------------------

    def write(self, event: events.Event) -> None:
        self.writer.event(event)

    def note(self, text: str) -> None:
        self.write(events.Note(text, self.updates))

    def _internal_error(self, where: str, error: BaseException) -> None:
        import traceback

        self.write(events.InternalError(where, "".join(traceback.format_exception(error))[-1500:], self.updates))

    def site(self, what: str) -> int:
        """The index of the user's line that we are called from."""
        return self.places.index(what)

    def after_door(self) -> None:
        """Outside the guard: here the run may be asked to stop."""
        if self._after_door is not None and self._depth == 0 and not self.guard.forked:
            self._after_door(self.updates)

    def at_first_forward(self) -> None:
        """Before the first forward pass that could train: a snapshot is left, and knobs take their first hold."""
        if self._first_forward_over or not self._model_refs or not torch.is_grad_enabled() or self._depth or self.aside():
            return
        self.leave_snapshot()
        self._first_forward_over = True
        if self.knobs:
            self.guard.call("knob", self.knobs.first_forward, self._model_refs)

    def leave_snapshot(self) -> None:
        """Once: earlier than the first forward where worker processes are about to be started."""
        if self._plant is not None and not self.guard.forked:
            plant, self._plant = self._plant, None
            try:
                plant(torch.cuda.is_initialized())
            except Exception as error:
                self.guard.failed("snapshot", error)

    def rebase(self, writer: TraceWriter, knobs: Knobs, find_nan_from: int | None) -> None:
        """In a fork: go on as an arm with a trace of its own, under other knobs, looking seldom."""
        torch.set_num_threads(1)
        self.writer = writer
        self.knobs = knobs
        knobs.adopt(self.guard)
        self.guard.adopt()
        self.fetch = Fetch()
        self.terms = Terms(self)
        self.batches = Batches(self, dense=True)
        self.places.clear()
        self.sampler = Sampler(0.05, 0.05, self.own, growth=1.5)
        self._loss_rows = writer.table("loss", LOSS_COLUMNS)
        self.steps.write_to(writer)
        self.moves.write_to(writer)
        self._find_nan_from = find_nan_from
        self._may_rest = False
        self._first_forward_over = False
        self.attach_module_hooks()
        if find_nan_from is not None and find_nan_from <= self.updates:
            self._watch_birth()

    def goes_well(self) -> bool:
        """Is the last loss a number, and not far above the first?"""
        if self._first_loss is None or self._last_loss is None or torch.cuda.is_initialized():
            return False
        return float(self._last_loss) <= float(self._first_loss) + WORSE * abs(float(self._first_loss))

    def _watch_birth(self) -> None:
        self.birth = BirthWatch(self, self.places.here)
        self.birth.start()
        self.attach_module_hooks()

    def name_params(self, params: list[torch.Tensor], where: str) -> list[int]:
        """Run-wide indices of parameters; those that no model has are noted by shape."""
        indices = []
        for param in params:
            index = self.book.find(param)
            if index is None:
                name = f"{where}[{'x'.join(map(str, param.shape))}]"
                index = self.book.add(param, name)
                self.write(events.ParamSeen(self.updates, index, param_facts(param, name, None, "", "")))
            indices.append(index)
        return indices

    # -- modules --------------------------------------------------------------------------------------

    def on_module_begin(self, module: nn.Module, args: Any) -> None:
        if self._depth or module in self.book.known_modules:
            if self._is_model(module):
                if self.birth is not None:
                    self.birth.given(events.Birth.INPUT, args)
                self.batches.saw_input(args)
                self._note_mode(module)
            elif not self._depth and not torch.is_grad_enabled():
                self.batches.saw_part_asked(args)
            return
        if next(module.parameters(), None) is None:
            return
        self._model_came(module)
        self.batches.saw_input(args)
        if self._model_refs:
            self._note_mode(self._model_refs[-1])

    def _model_came(self, module: nn.Module) -> None:
        owner = find_owner(module) if self._models < MAX_SEARCHES else module
        if any(isinstance(p, nn.parameter.UninitializedParameter) or p.is_meta for p in owner.parameters()):
            return
        self.write(model_seen(self.book, owner, self._models, self.updates, type(owner).__name__))
        self._models += 1
        self._model_refs.append(owner)
        if owner is not module:
            self._model_refs.append(module)

    def on_compile(self, model: Any) -> None:
        """Something is about to be compiled: its model is noted now, since its calls will not be seen."""
        model = getattr(model, "__self__", model)
        if isinstance(model, nn.Module) and model not in self.book.known_modules:
            self._model_came(model)

    def _is_model(self, module: nn.Module) -> bool:
        return any(module is model for model in self._model_refs)

    def on_module_end(self, module: nn.Module, args: Any, output: Any) -> None:
        if self._depth:
            return
        first = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(first, torch.Tensor):
            if self._is_model(module):
                self.last_output = first.detach()
            if self.sampled and len(self._outputs) < 200 and self._walks < 4:
                own = next(module.parameters(recurse=False), None)
                if own is not None:
                    self._outputs.append(
                        (
                            self.path_of(own),
                            type(module).__name__,
                            first.requires_grad,
                            torch.is_grad_enabled(),
                            self.site("module"),
                        )
                    )
            if self.sampled and (torch.is_grad_enabled() or self.updates < 4):
                self.batches.saw_activation(module, first)

    def path_of(self, param: torch.Tensor) -> str:
        index = self.book.find(param)
        return self.book.names[index].rpartition(".")[0] if index is not None else ""

    def _note_mode(self, model: nn.Module) -> None:
        from .params import is_noise

        if not torch.is_grad_enabled() and checkpointed_here():
            return  # a training pass all the same: its gradients are computed by running it once more
        noisy = [(path, module.training) for path, module in model.named_modules() if is_noise(module)]
        if noisy:
            self.write(
                events.ModeSeen(
                    self.updates, torch.is_grad_enabled(), tuple(p for p, t in noisy if t),
                    tuple(p for p, t in noisy if not t), self.site("forward"),
                )
            )  # fmt: skip

    def on_no_grad(self) -> None:
        """An evaluation may begin: look at its modules and inputs, at each line the first times and then rarely (torch's
        own functions, clipping among them, switch gradients off at every step)."""
        if self._in_step or self._depth or self.looking or self._peeking or not self.backwards:
            return
        here = self.places.here()
        looks = self._no_grad_looks[here] = self._no_grad_looks.get(here, 0) + 1
        if looks <= 10 or looks % 100 == 0:
            self._peeking = True
            self.attach_module_hooks()

    def on_dropout(self, args: Any, kwargs: Any) -> None:
        """Arguments of torch.nn.functional.dropout: (input, p=0.5, training=True, inplace=False)."""
        p = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
        training = args[2] if len(args) > 2 else kwargs.get("training", True)
        if training and isinstance(p, int | float):
            self.saw_dropout(float(p))

    def saw_dropout(self, p: float) -> None:
        """Noise that is at work, each share at each place once."""
        site = self.site("dropout")
        if p > 0 and torch.is_grad_enabled() and (p, site) not in self._dropouts:
            self._dropouts.add((p, site))
            self.write(events.DropoutSeen(self.updates, p, site))

    @property
    def saw_noise(self) -> bool:
        return bool(self._dropouts)

    def on_weights_loaded(self, module: nn.Module) -> None:
        if self.updates and self._is_model(module):
            self.write(events.WeightsLoaded(self.updates, self.site("load"), self.own.elapsed))

    @property
    def casts_to_float16(self) -> bool:
        return "float16" in self._casts

    def on_autocast(self, context: Any) -> None:
        dtype = str(getattr(context, "fast_dtype", "")).removeprefix("torch.")
        if getattr(context, "_enabled", False) and dtype not in self._casts:
            self._casts.add(dtype)
            self.write(events.AutocastSeen(self.updates, dtype, str(getattr(context, "device", "")), self.site("autocast")))

    # -- the loss and its backward --------------------------------------------------------------------

    def on_criterion(self, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if self._depth == 0 and isinstance(result, torch.Tensor):
            if self.birth is not None:
                self.birth.given(events.Birth.TARGET, args[1:2])
            self.terms.called(fn, args, kwargs, result)

    def on_transformed_backward(self, loss: Any) -> None:
        """A transform of torch.func takes a gradient: its loss is noted, nothing else can be seen."""
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1 or not loss.is_floating_point():
            return
        if not self._in_step and self.iteration_backwards and not self.optimizers:
            self._end_iteration(None)
        self.terms.backward(loss.detach().clone(), self.site("loss"), self.training)
        self.backwards += 1
        self.iteration_backwards += 1

    def on_backward_begin(self, tensors: Any) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        losses = [t for t in tensors if isinstance(t, torch.Tensor)]
        if not losses or losses[0].is_meta:
            return
        if not self._in_step and self.iteration_backwards and not self.optimizers:
            self._end_iteration(None)
        loss = losses[0]
        if self.birth is not None:
            self.birth.loss(bool(torch.isfinite(loss.detach()).all()))
            self.birth.backward(True)
        value = loss.detach().clone() if loss.numel() == 1 else loss.detach().float().mean()
        if len(losses) > 1:
            value = sum((t.detach().float().mean() for t in losses[1:]), value)
        self._last_loss = value
        if self._first_loss is None:
            self._first_loss = value
        site = self.site("loss")
        self.terms.backward(value, site, self.training)
        self.backwards += 1
        self.iteration_backwards += 1
        if self.sampled or not loss.requires_grad:
            self._look_at_graph(loss, site)
            self.gradients.look_back()

    def on_backward_end(self) -> None:
        self._depth = max(0, self._depth - 1)
        if self.birth is not None:
            self.birth.backward(False)
        if self._depth > 0:
            return
        if self.sampled:
            self.recurrent.replay()
            self.gradients.after_backward()
        if not self.optimizers:
            if self.sampled and not self.moves:
                self.moves.copy_with_gradients([p for _, p in self.book.params() if p.requires_grad])
            self.steps.hold()

    def on_backward_failed(self, error: RuntimeError) -> None:
        self._failed_backwards += 1
        if self._failed_backwards <= MANY_FAILED:
            self.write(events.BackwardFailed(self.updates, self.training, str(error)[:300], self.site("loss")))

    def _look_at_graph(self, loss: torch.Tensor, site: int) -> None:
        if not loss.requires_grad:
            self.write(events.LossGraph(self.updates, self.training, site, requires_grad=False))
            self._find_cut(set(), loss)
            return
        if self._walks > 12 and self._graph_nodes > 3000:
            return
        self._walks += 1
        found = walk(loss)
        self._graph_nodes = found.nodes
        reached: list[int] = []
        rebuilt: list[tuple[int, ...]] = []
        held = self.optimizers.held()
        for leaf in found.leaves:
            index = self.book.find(leaf)
            if index is None and (isinstance(leaf, nn.Parameter) or id(leaf) in held or not self._model_refs):
                (index,) = self.name_params([leaf], "tensor")
            if index is None:
                rebuilt.append(tuple(leaf.shape))
            else:
                reached.append(index)
        self.write(
            events.LossGraph(
                self.updates, self.training, site, True, tuple(sorted(reached)), found.chain, found.sign,
                found.criterion_op, found.broadcast, tuple(rebuilt), found.nodes,
                found.truncated or found.checkpointed, found.signs,
            )
        )  # fmt: skip
        for result in found.relus:
            self.batches.saw_relu(result)
        for kind, result in found.squashed:
            self.batches.saw_squashed(kind, result)
        self.terms.from_graph(found, loss, site)
        wanted = {i for i, p in self.book.params() if p.requires_grad}
        if (not wanted or not wanted <= set(reached)) and not found.truncated:
            self._find_cut(set(reached), loss)

    def _find_cut(self, reached: set[int], loss: torch.Tensor) -> None:
        """Which module's output leads nowhere, although it still required a gradient?"""
        names = {self.book.names[i].rpartition(".")[0] for i in reached}
        last = None
        for path, cls, requires, enabled, site in self._outputs:
            if path not in names:
                last = (path, cls, "no_grad" if not enabled else ("detached" if requires else "not-required"), site)
        if last is not None:
            self.write(events.GraphCut(self.updates, *last))

    # -- the update -----------------------------------------------------------------------------------

    def on_step_begin(self, opt: Any) -> None:
        self._in_step += 1
        number = self.optimizers.number_of(opt)
        params, indices = self.optimizers.params(number), self.optimizers.indices(number)
        if self.sampled:
            others = [p for i, p in self.book.params() if p.requires_grad and i not in set(indices)]
            self.moves.copy(params + others[:MAX_TENSORS])
        grads = [grad for p in params if (grad := p.grad) is not None and not grad.is_sparse]
        self.steps.add(number, plain_lr(opt), norms_of(grads), len(params) - len(grads))
        if self.sampled:
            self.gradients.at_update(number, params)

    def on_step_end(self, opt: Any) -> None:
        self._in_step = max(0, self._in_step - 1)
        number = self.optimizers.number_of(opt)
        self._end_iteration(number)
        if self.sampled:
            self.gradients.remember(number, self.optimizers.params(number))
        else:
            self.gradients.forget(number)

    def _end_iteration(self, number: int | None) -> None:
        if self.moves:
            self.moves.measure()
        if number is None:
            self.steps.add_held()
        else:
            self.steps.let_go()
            self.optimizers.stepped(number)
            self.training = self.optimizers.training(number)
        self.updates += 1
        self.iteration_backwards = 0
        self.terms.iteration_ended()
        self.recurrent.clear()
        self._outputs.clear()
        self.last_output = None
        if self.sampled:
            self.sampler.cost((self.own.spent_ns - self._look_started) * 1e-9)
        if len(self.fetch) >= FLUSH_ROWS * 3 or monotonic() >= self._flush_at:
            self.flush()
        self._choose()
        if self._find_nan_from is not None and self.updates >= self._find_nan_from and self.birth is None:
            self._watch_birth()

    def rested(self, opt: Any) -> None:
        """An update that we let pass: it is counted, and whether the next one is measured is decided."""
        self.updates += 1
        number = self.optimizers.known(opt)
        if number is None:
            self.resting = False
            return
        self.optimizers.stepped(number)
        if self.sampler.affords(part=RESTED):
            self.resting = False
        self.after_door()

    def _choose(self) -> None:
        """Decide whether the coming iteration is measured at all, and whether it is looked into."""
        self._look_started = self.own.spent_ns
        sampler = self.sampler
        # Where the steps are so short that a row for each would break the budget, there is a row for some.
        self.resting = (
            self._may_rest and sampler.budget <= SPARING and not self.knobs and bool(self.optimizers) and self.updates > EVERY_STEP
            and not sampler.affords()
        )  # fmt: skip
        self.sampled = not self.resting and sampler.wants(self.updates)
        if self.sampled:
            self.looking = True
            self.attach_module_hooks()
            self._peeking = False
        elif self.looking or self._peeking:
            self.looking = self._peeking = False
            if not (self.knobs is not None and self.knobs.inputs_wanted) and self.birth is None:
                self.detach_module_hooks()

    # -- flushing -------------------------------------------------------------------------------------

    def flush(self) -> None:
        self._flush_at = monotonic() + FLUSH_SECONDS
        self.fetch.push()
        self.writer.flush()

    def finish(self) -> None:
        """The run has ended: bring what still waits, and write it."""
        self.steps.add_held()
        self.fetch.drain()
        self.writer.flush()

    def release(self) -> None:
        """After the last probe: what the script has let go of is not kept alive for the handlers of its exit."""
        self._model_refs.clear()
        self.optimizers.clear()
        self.book = ParamBook()
        self.last_output = None

    def loss_row(self, *values: float) -> None:
        self._loss_rows.append([float(v) for v in values])

    def models(self) -> list[nn.Module]:
        return list(self._model_refs)


def checkpointed_here() -> bool:
    """Does a reentrant checkpoint run the forward pass that we are in, without gradients?"""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == torch.utils.checkpoint.__file__:
            return True
        frame = frame.f_back
    return False


def find_owner(module: nn.Module) -> nn.Module:
    """The largest living module that holds `module`: a script may call `model.encoder(x)` or
    `model.forward(x)`, and then the first module that passes is a part.

    Not looked for among the variables of the calling frames: reading those would change what an earlier
    `locals()` of the script has returned.
    """
    best, size = module, sum(1 for _ in module.modules())
    for other in gc.get_objects():
        if nn.Module not in type(other).__mro__ or "_modules" not in other.__dict__ or other is module:
            continue
        if not other.__dict__["_modules"]:
            continue
        parts = list(other.modules())
        if len(parts) > size and any(part is module for part in parts):
            best, size = other, len(parts)
    return best


def _nothing() -> None:
    return None
