"""What is noted of a training, as its calls pass the doors. Knows the order of nothing: loops differ.

An *iteration* ends with an optimizer update (or with a backward pass, where nobody steps an optimizer).
Every iteration gives a row with its loss, rate and gradient norms; those that the sampler picks are looked
into: the graph is walked, updates are measured, recurrences replayed, a batch is kept.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.utils.checkpoint
from torch import nn

from ...trace import events
from ...trace.events import LOSS_COLUMNS, STEP_COLUMNS, TENSOR_COLUMNS
from ...trace.writer import TraceWriter
from ..sampling import OwnTime, Sampler
from .aside import Aside, Hidden
from .batches import Batches
from .doors import UNSEEN_FILE, Guard
from .fetch import Fetch
from .graph import walk
from .nan_birth import BirthWatch
from .params import ParamBook, model_seen, norms_of, param_facts, sub_parameters
from .recurrent import Recurrences
from .terms import Terms

if TYPE_CHECKING:
    from .knobs import Knobs

OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
LIBRARIES = (
    OURS,
    os.sep + "site-packages" + os.sep,
    os.sep + "dist-packages" + os.sep,
    os.path.dirname(os.__file__) + os.sep,
)
MAX_TENSORS = 120
MAX_COPIED = 4_000_000
MAX_SEARCHES = 8
FLUSH_ROWS = 64
FLUSH_SECONDS = 0.9
SPARING = 0.1
"""Budgets up to this share are kept by letting whole iterations pass unmeasured."""
EVERY_STEP = 200
"""Updates at the start of which each leaves its row, whatever that costs."""
RESTED = 0.6
"""Share of the budget to which our own time must have sunk before a row is written again: the rest is for looking
into an iteration now and then."""


class Watcher:
    """One watched process. `stop_at` is (seconds, updates); `on_limit` is called once one is reached."""

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
        self.batches = Batches(self, dense=budget > 0.1)
        self.recurrent = Recurrences(self)
        self.attach_module_hooks: Callable[[], None] = _nothing
        self.detach_module_hooks: Callable[[], None] = _nothing
        self.updates = 0
        self.backwards = 0
        self.looking = True
        self.sampled = True
        self.resting = False
        self._plant = plant
        self._first_forward_over = False
        self._after_door = after_door
        self._loss_rows = writer.table("loss", LOSS_COLUMNS)
        self._step_rows = writer.table("step", STEP_COLUMNS)
        self._tensor_rows = writer.table("tensor", TENSOR_COLUMNS)
        self._sites: dict[tuple[str, int, str], int] = {}
        self._file_kinds: dict[str, str] = {}
        self._optimizers: dict[int, int] = {}
        self._optimizer_params: dict[int, tuple[int, list[torch.Tensor], list[int]]] = {}
        self._schedulers: dict[int, int] = {}
        self._clip: tuple[float, torch.Tensor | None] | None = None
        self._clip_seen: set[tuple[str, int]] = set()
        self._depth = 0
        self._in_step = 0
        self._since_update = 0
        self._flush_at = monotonic() + FLUSH_SECONDS
        self.training = 0
        self._trainings: dict[int, int] = {}
        self._last_seen_optimizer: dict[int, int] = {}
        self._models = 0
        self._model_refs: list[nn.Module] = []
        self._copies: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        self._kept_grads: dict[int, torch.Tensor] = {}
        self._after_norms: dict[int, torch.Tensor] = {}
        self._after_total: torch.Tensor | None = None
        self._used: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        self._reuse: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._fresh: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._dropped: torch.Tensor | None = None
        self._outputs: list[tuple[str, str, bool, bool, int]] = []
        self._held_norms: list[torch.Tensor] = []
        self._no_grad_looks = 0
        self._peeking = False
        self._dropouts: set[tuple[float, int]] = set()
        self._casts: set[str] = set()
        self._look_started = 0
        self._walks = 0
        self.last_output: torch.Tensor | None = None
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
        """The index of the user's line that we are called from: the innermost frame outside libraries."""
        frame: FrameType | None = sys._getframe(1)
        fallback = None
        kinds = self._file_kinds
        while frame is not None:
            name = frame.f_code.co_filename
            kind = kinds.get(name)
            if kind is None:
                kind = kinds[name] = file_kind(name)
            if kind == "theirs":
                break
            if kind == "library" and fallback is None:
                fallback = frame
            frame = frame.f_back
        frame = frame or fallback
        if frame is None:
            return -1
        if what == "":
            self._place = (frame.f_code.co_filename, frame.f_lineno)
            return -1
        key = (frame.f_code.co_filename, frame.f_lineno, what)
        index = self._sites.get(key)
        if index is None:
            if len(self._sites) > 2000:
                return -1
            index = self._sites[key] = len(self._sites)
            self.write(events.Site(index, *key))
        return index

    def user_place(self) -> tuple[str, int]:
        """File and line of the user's innermost frame."""
        self._place = ("", 0)
        self.site("")
        return self._place

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
        self._sites.clear()
        self.sampler = Sampler(0.05, 0.05, self.own, growth=1.5)
        self._loss_rows = writer.table("loss", LOSS_COLUMNS)
        self._step_rows = writer.table("step", STEP_COLUMNS)
        self._tensor_rows = writer.table("tensor", TENSOR_COLUMNS)
        self._find_nan_from = find_nan_from
        if find_nan_from is not None and find_nan_from <= 0:
            self.birth = BirthWatch(self, self.user_place)
            self.birth.start()

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
                self.batches.saw_input(args)
                self._note_mode(module)
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
        """An evaluation may begin: look at the modes of the modules in it, the first times and then rarely."""
        if self._in_step or self._depth or self.looking or self._peeking or not self.backwards:
            return
        self._no_grad_looks += 1
        if self._no_grad_looks <= 10 or self._no_grad_looks % 100 == 0:
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
            self.write(events.WeightsLoaded(self.updates, self.site("load")))

    def on_autocast(self, context: Any) -> None:
        dtype = str(getattr(context, "fast_dtype", "")).removeprefix("torch.")
        if getattr(context, "_enabled", False) and dtype not in self._casts:
            self._casts.add(dtype)
            self.write(events.AutocastSeen(self.updates, dtype, str(getattr(context, "device", "")), self.site("autocast")))

    # -- the loss and its backward --------------------------------------------------------------------

    def on_criterion(self, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if self._depth == 0 and isinstance(result, torch.Tensor):
            self.terms.called(fn, args, kwargs, result)

    def on_transformed_backward(self, loss: Any) -> None:
        """A transform of torch.func takes a gradient: its loss is noted, nothing else can be seen."""
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1 or not loss.is_floating_point():
            return
        if not self._in_step and self._since_update and not self._optimizers:
            self._end_iteration(None)
        self.terms.backward(loss.detach().clone(), self.site("loss"), self.training)
        self.backwards += 1
        self._since_update += 1

    def on_backward_begin(self, tensors: Any) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        losses = [t for t in tensors if isinstance(t, torch.Tensor)]
        if not losses or losses[0].is_meta:
            return
        if not self._in_step and self._since_update and not self._optimizers:
            self._end_iteration(None)
        loss = losses[0]
        if self.birth is not None:
            self.birth.loss(bool(torch.isfinite(loss.detach()).all()))
            self.birth.backward(True)
        value = loss.detach().clone() if loss.numel() == 1 else loss.detach().float().mean()
        if len(losses) > 1:
            value = sum((t.detach().float().mean() for t in losses[1:]), value)
        site = self.site("loss")
        self.terms.backward(value, site, self.training)
        self.backwards += 1
        self._since_update += 1
        if self.sampled or not loss.requires_grad:
            self._look_at_graph(loss, site)
            self._look_at_old_gradients()

    def on_backward_end(self) -> None:
        self._depth = max(0, self._depth - 1)
        if self.birth is not None:
            self.birth.backward(False)
        if self._depth > 0:
            return
        if self.sampled:
            self.recurrent.replay()
            self._norms_after_backward()
        if not self._optimizers:
            if self.sampled and not self._copies:
                self._copy_weights([p for _, p in self.book.params() if p.requires_grad])
                # The script may zero its gradients before the next backward pass, when the update is measured.
                self._kept_grads = {
                    i: p.grad.detach().clone() for i, p, _ in self._copies if dense_grad(p) and p.grad is not None
                }
            self._hold_row()

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
        held = {id(p) for _, params, _ in self._optimizer_params.values() for p in params}
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

    def _look_at_old_gradients(self) -> None:
        """Is a gradient that an update has used already still there, unchanged? Then it is used again. And
        is what an earlier backward pass of this iteration gave gone before any update used it?"""
        self._reuse = {}
        for number, kept in self._used.items():
            pairs = [
                (_thinned(param.grad), sample)
                for param, sample in kept
                if param.grad is not None and not param.grad.is_sparse
            ]
            pairs = [(now, sample) for now, sample in pairs if now.shape == sample.shape and now.device == sample.device]
            if pairs:
                change = sum(
                    ((now - sample).abs().sum() for now, sample in pairs[1:]), (pairs[0][0] - pairs[0][1]).abs().sum()
                )
                held = sum((sample.abs().sum() for _, sample in pairs[1:]), pairs[0][1].abs().sum())
                self._reuse[number] = (change, held)
        if self._since_update and self._fresh:
            left = [_thinned(p.grad).abs().sum() for p, _ in self._fresh if dense_grad(p)]
            self._dropped = torch.stack(left).sum() if left else torch.zeros(())

    def _norms_after_backward(self) -> None:
        params = [(i, p) for i, p in self.book.params() if dense_grad(p)]
        if not params:
            self._after_total = None
            return
        norms = norms_of([p.grad for _, p in params])
        self._after_norms = dict(zip([i for i, _ in params], norms, strict=True))
        self._after_total = torch.linalg.vector_norm(torch.stack([n.float() for n in norms]))
        self._fresh = [(p, _thinned(p.grad).clone()) for _, p in _spread(params)]

    # -- the update -----------------------------------------------------------------------------------

    def on_step_begin(self, opt: Any) -> None:
        self._in_step += 1
        number = self._optimizer(opt)
        _, params, indices = self._optimizer_params[number]
        if self.sampled:
            others = [p for i, p in self.book.params() if p.requires_grad and i not in set(indices)]
            self._copy_weights(params + others[:MAX_TENSORS])
        grads = [grad for p in params if (grad := p.grad) is not None and not grad.is_sparse]
        lr = float(opt.param_groups[0]["lr"]) if self._plain_lr(opt) else float("nan")
        self._row(number, lr, norms_of(grads), len(params) - len(grads))
        if self.sampled:
            self._note_gradient_use(number, params)

    @staticmethod
    def _plain_lr(opt: Any) -> bool:
        return isinstance(opt.param_groups[0].get("lr"), int | float)

    def on_step_end(self, opt: Any) -> None:
        self._in_step = max(0, self._in_step - 1)
        number = self._optimizer(opt)
        self._end_iteration(number)
        if self.sampled:
            self._remember_used(number, self._optimizer_params[number][1])
        else:
            self._used.pop(number, None)

    def _optimizer(self, opt: Any) -> int:
        number = self._optimizers.get(id(opt))
        groups = opt.param_groups
        count = sum(len(g["params"]) for g in groups)
        if number is not None and self._optimizer_params[number][0] == count:
            return number
        new = number is None
        number = self._optimizers.setdefault(id(opt), len(self._optimizers))
        params = sub_parameters(groups)[:MAX_TENSORS]
        self._optimizer_params[number] = (count, params, self.name_params(params, "parameter"))
        if new:
            self._begin_training(number)
        self.write(
            events.OptimizerSeen(
                self.updates, number, type(opt).__name__, tuple(self._group(g) for g in groups),
                site_file(opt), 0,
            )
        )  # fmt: skip
        return number

    def _group(self, group: dict[str, Any]) -> events.GroupFacts:
        def number(key: str) -> float | None:
            value = group.get(key)
            return float(value) if isinstance(value, int | float) else None

        params = [p for p in group["params"] if isinstance(p, torch.Tensor)][:MAX_TENSORS]
        betas = group.get("betas") or ()
        return events.GroupFacts(
            lr=number("lr") or 0.0, momentum=number("momentum"), weight_decay=number("weight_decay"),
            betas=tuple(float(b) for b in betas if isinstance(b, int | float)), eps=number("eps"),
            maximize=bool(group.get("maximize", False)), params=tuple(self.name_params(params, "parameter")),
        )  # fmt: skip

    def _begin_training(self, number: int) -> None:
        """A new optimizer begins a new training, unless it takes turns with one that is at work."""
        if not self._trainings:
            self._trainings[number] = 0
            return
        recent = [n for n, last in self._last_seen_optimizer.items() if self.updates - last <= 2]
        mine = {id(p) for p in self._optimizer_params[number][1]}
        early = self.updates <= 6 * len(self._trainings)
        if early and recent and not any(mine & {id(p) for p in self._optimizer_params[n][1]} for n in recent):
            self._trainings[number] = self._trainings[recent[-1]]
            return
        self._trainings[number] = max(self._trainings.values()) + 1
        self.batches.new_training()

    def _row(self, number: int, lr: float, norms: list[torch.Tensor], without: int) -> None:
        training = self._trainings.get(number, 0)
        limit, total = self._clip if self._clip is not None else (float("nan"), None)
        self._clip = None
        head = [float(self.updates), self.own.elapsed, float(training), float(number), lr]
        tail = [float(self._since_update), float(without), float(self.batches.count)]
        rows = self._step_rows
        if not norms:
            rows.append([*head, 0.0 if without else float("nan"), limit, float("nan"), *tail])
            return
        clipped = total is not None

        def deliver(values: Any) -> None:
            own = values[:-1] if clipped else values
            rows.append([*head, float(np.sqrt(own @ own)), limit, float(values[-1]) if clipped else float("nan"), *tail])

        self.fetch.put([*norms, total] if total is not None else norms, deliver)

    def _hold_row(self) -> None:
        """The gradients of a backward pass that no optimizer may ever use: by the next one we know."""
        params = [p for _, p in self.book.params() if dense_grad(p)][:MAX_TENSORS]
        self._held_norms = norms_of([p.grad for p in params])

    def _row_without_optimizer(self) -> None:
        norms, self._held_norms = self._held_norms, []
        if norms:
            self._row(-1, float("nan"), norms, 0)

    def _copy_weights(self, params: list[torch.Tensor]) -> None:
        self._copies = []
        room = MAX_COPIED
        for param in params:
            index = self.book.find(param)
            if index is None or param.numel() > room or param.is_sparse:
                continue
            room -= param.numel()
            self._copies.append((index, param, param.detach().clone()))

    def _note_gradient_use(self, number: int, params: list[torch.Tensor]) -> None:
        """Fetched later: was the gradient used before, is it gone or turned round since the backward pass?"""
        now = [p.grad for p in params if dense_grad(p)]
        if len(now) < sum(p.grad is not None for p in params):
            return  # sparse gradients are not summed up, so nothing can be said of what is missing
        zero = torch.zeros(())
        at_update = torch.linalg.vector_norm(torch.stack([n.float() for n in norms_of(now)])) if now else zero
        after = self._after_total if self._after_total is not None else zero
        same, old = self._reuse.get(number, (torch.ones(()), zero))
        turned = zero
        mine = {id(p) for p in params}
        fresh = [(p, sample) for p, sample in self._fresh if dense_grad(p) and id(p) in mine]
        if fresh:
            turned = sum((torch.dot(_thinned(p.grad).float(), s.float()) for p, s in fresh[1:]),
                         torch.dot(_thinned(fresh[0][0].grad).float(), fresh[0][1].float()))  # fmt: skip
        dropped = self._dropped if self._dropped is not None else torch.ones(())
        step, training = self.updates, self.training
        self._reuse, self._fresh, self._dropped, self._after_total = {}, [], None, None
        backward_seen = self._since_update > 0
        stacked = torch.stack([t.float().to(after.device) for t in (after, at_update, same, old, turned, dropped)])

        def deliver(values: Any) -> None:
            after_, at_, difference, held, turned_, left = (float(v) for v in values)
            self.write(
                events.GradientUse(
                    step, training, reused=held > 0 and difference == 0.0,
                    cleared=at_ == 0.0 and (after_ > 0 or not backward_seen), after_backward=after_, at_update=at_,
                    old=held, flipped=turned_ < 0, dropped=left == 0.0,
                )
            )  # fmt: skip

        self.fetch.put(stacked, deliver)

    def _remember_used(self, number: int, params: list[torch.Tensor]) -> None:
        """Called at every update that precedes a sampled iteration: what this one has just used."""
        kept = _spread([(0, p) for p in params if dense_grad(p)])
        self._used[number] = [(p, _thinned(p.grad).clone()) for _, p in kept]

    def _end_iteration(self, number: int | None) -> None:
        if self._copies:
            self._measure_update()
        if number is None:
            self._row_without_optimizer()
        else:
            self._held_norms = []
            self._last_seen_optimizer[number] = self.updates
            self.training = self._trainings.get(number, 0)
        self.updates += 1
        self._since_update = 0
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
            self.birth = BirthWatch(self, self.user_place)
            self.birth.start()

    def rested(self, opt: Any) -> None:
        """An update that we let pass: it is counted, and whether the next one is measured is decided."""
        self.updates += 1
        number = self._optimizers.get(id(opt))
        if number is None:
            self.resting = False
            return
        self._last_seen_optimizer[number] = self.updates
        sampler = self.sampler
        if self.own.spent <= RESTED * sampler.budget * self.own.elapsed + sampler.allowance:
            self.resting = False
        self.after_door()

    def _choose(self) -> None:
        """Decide whether the coming iteration is measured at all, and whether it is looked into."""
        self._look_started = self.own.spent_ns
        sampler = self.sampler
        # Where the steps are so short that a row for each would break the budget, there is a row for some.
        self.resting = (
            sampler.budget <= SPARING and not self.knobs and bool(self._optimizers) and self.updates > EVERY_STEP
            and self.own.spent > sampler.budget * self.own.elapsed + sampler.allowance
        )  # fmt: skip
        self.sampled = not self.resting and sampler.wants(self.updates)
        if self.sampled:
            self.looking = True
            self.attach_module_hooks()
            self._peeking = False
        elif self.looking or self._peeking:
            self.looking = self._peeking = False
            if not (self.knobs is not None and self.knobs.inputs_wanted):
                self.detach_module_hooks()

    def _measure_update(self) -> None:
        copies, self._copies = self._copies, []
        kept, self._kept_grads = self._kept_grads, {}
        step, training = self.updates, self.training
        befores = [before for _, _, before in copies]
        afters = [param.detach() for _, param, _ in copies]
        if not befores:
            return
        deltas = torch._foreach_sub(afters, befores)
        update = torch._foreach_norm(deltas)
        weight = torch._foreach_norm(befores)
        after_norms, self._after_norms = self._after_norms, {}
        nothing = torch.full((), float("nan"))
        parts: list[torch.Tensor] = []
        for (index, param, _), delta in zip(copies, deltas, strict=True):
            grad = kept.get(index, param.grad)
            device = delta.device
            here = nothing.to(device)
            if grad is not None and not grad.is_sparse:
                scale = grad.abs().max().clamp_min(1e-30)
                grad_norm = torch.linalg.vector_norm((grad / scale).float()) * scale
                cosine = -(delta.float() * (grad / scale).float()).sum() / (
                    torch.linalg.vector_norm(delta.float()) * torch.linalg.vector_norm((grad / scale).float())
                ).clamp_min(1e-30)
            else:
                grad_norm, cosine = here, here
            changed = (delta != 0).float().mean()
            parts.extend([grad_norm.float(), after_norms.get(index, here).float(), cosine.float(), changed])
        stacked = torch.stack([t.float() for t in update] + [t.float() for t in weight] + parts)
        indices = [index for index, _, _ in copies]
        rows = self._tensor_rows

        def deliver(values: Any) -> None:
            n = len(indices)
            for k, index in enumerate(indices):
                grad, after, cosine, changed = values[2 * n + 4 * k : 2 * n + 4 * k + 4]
                rows.append([step, training, index, grad, after, values[k], values[n + k], cosine, changed])

        self.fetch.put(stacked, deliver)

    # -- clipping, schedules --------------------------------------------------------------------------

    def on_clip(self, how: str, args: Any, kwargs: Any, result: Any) -> None:
        limit = args[0] if args else kwargs.get("max_norm", kwargs.get("clip_value"))
        if not isinstance(limit, int | float):
            return
        total = result.detach().clone() if isinstance(result, torch.Tensor) else None
        self._clip = (float(limit), total)
        site = self.site("clip")
        if (how, site) not in self._clip_seen:
            self._clip_seen.add((how, site))
            self.write(
                events.ClipSeen(
                    self.updates, how, float(limit), site,
                    after_step=self.updates > 0 and self._since_update == 0, before_backward=self.backwards == 0,
                )
            )  # fmt: skip

    def on_scheduler(self, scheduler: Any) -> None:
        count = self._schedulers[id(scheduler)] = self._schedulers.get(id(scheduler), 0) + 1
        if count in (1, 2, 3, 10, 30, 100, 300, 1000, 3000, 10000) and self.updates:
            self.write(
                events.SchedulerSeen(
                    self.updates, type(scheduler).__name__, count, self.site("scheduler"), describe_scheduler(scheduler)
                )
            )

    # -- flushing -------------------------------------------------------------------------------------

    def flush(self) -> None:
        self._flush_at = monotonic() + FLUSH_SECONDS
        self.fetch.push()
        self.writer.flush()

    def finish(self) -> None:
        """The run has ended: bring what still waits, and write it."""
        self._row_without_optimizer()
        self.fetch.drain()
        self.writer.flush()

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


def file_kind(name: str) -> str:
    """Whose code a file holds: ours, a library's, or theirs: the user's."""
    if name == UNSEEN_FILE or name.startswith(OURS):
        return "ours"
    if name.startswith("<frozen") or any(part in name for part in LIBRARIES):
        return "library"
    return "theirs"


def _thinned(grad: Any) -> torch.Tensor:
    """Up to 64 elements, evenly spread."""
    flat: torch.Tensor = grad.detach().reshape(-1)
    return flat[:: max(1, flat.numel() // 64)]


def _spread(params: list[tuple[int, torch.Tensor]]) -> list[tuple[int, torch.Tensor]]:
    """The first, the middle and the last of them."""
    places = sorted({0, len(params) // 2, len(params) - 1}) if params else []
    return [params[i] for i in places]


def dense_grad(param: torch.Tensor) -> bool:
    grad = param.grad
    return grad is not None and not grad.is_sparse


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


def describe_scheduler(scheduler: Any) -> str:
    keys = ("step_size", "gamma", "T_max", "eta_min", "milestones", "total_steps", "patience", "factor", "max_lr", "T_0")
    found = {key: getattr(scheduler, key, None) for key in keys}
    return ", ".join(f"{key}={value}" for key, value in found.items() if isinstance(value, int | float))


def site_file(opt: Any) -> str:
    return type(opt).__module__


def _nothing() -> None:
    return None
