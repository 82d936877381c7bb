"""Put a watcher into PyTorch's doors. Called as soon as the script has imported torch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from . import loading
from .aside import is_compiling, leave_uncompiled, outside_transforms, transforming
from .doors import Door, Doors, Original, unseen, wrap

if TYPE_CHECKING:
    from .watcher import Watcher

CRITERIA = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "ctc_loss", "poisson_nll_loss", "gaussian_nll_loss",
    "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss", "multilabel_soft_margin_loss",
)  # fmt: skip
RECURRENCES = ("lstm", "gru", "rnn_tanh", "rnn_relu")
CELLS = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


def install(watcher: Watcher) -> Doors:
    """Stand in every door; the returned `Doors` takes it all back."""
    doors = Doors()
    _watch_engine(doors, watcher)
    _watch_criteria(doors, watcher)
    _watch_noise(doors, watcher)
    _watch_recurrences(doors, watcher)
    _watch_clips(doors, watcher)
    _watch_schedulers(doors, watcher)
    _watch_steps(doors, watcher)
    _watch_evaluation(doors, watcher)
    _watch_modules(doors, watcher)
    _watch_compiler(doors, watcher)
    watcher.attach_module_hooks = doors.open
    watcher.detach_module_hooks = doors.shut
    doors.open()
    return doors


def _watch_engine(doors: Doors, watcher: Watcher) -> None:
    """`autograd._engine_run_backward` is the one door of backward(), autograd.backward and autograd.grad."""
    call = watcher.guard.call

    def before(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if watcher.resting:
            return args, kwargs
        first = args[0] if args else None
        outputs = (first,) if isinstance(first, torch.Tensor) else first
        if transforming():
            if outputs and not watcher.guard.off:
                watcher.guard.surely("transform", outside_transforms, watcher.on_transformed_backward, outputs[0])
        else:
            call("backward", watcher.on_backward_begin, outputs)
            if watcher.knobs:
                args = call("knob", watcher.knobs.backward, args) or args
        return args, kwargs

    def leave(error: BaseException | None) -> None:
        if watcher.birth is not None and isinstance(error, RuntimeError):
            call("birth", watcher.birth.error, error)
        if isinstance(error, RuntimeError):
            call("failed backward", watcher.on_backward_failed, error)
        if watcher.resting:
            watcher.after_door()
            return
        call("after backward", watcher.on_backward_end)
        if watcher.knobs:
            call("knob", watcher.knobs.after_backward)
        watcher.after_door()

    def make(original: Original) -> Original:
        return wrap(original, is_compiling, before, None, leave)

    if not doors.replace(torch.autograd, "_engine_run_backward", make):
        doors.replace(torch.autograd, "backward", make)


def _watch_criteria(doors: Doors, watcher: Watcher) -> None:
    call = watcher.guard.call

    def criterion(name: str) -> Callable[[Original], Original]:
        def before(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
            if watcher.knobs:
                return call("knob", watcher.knobs.criterion, name, args, kwargs) or (args, kwargs)
            return args, kwargs

        def after(args: Args, kwargs: Kwargs, result: Any) -> None:
            if watcher.knobs:
                call("knob", watcher.knobs.criterion_gave, name, result)
            if not watcher.resting:
                call("criterion", watcher.on_criterion, name, args, kwargs, result)

        return lambda original: wrap(original, is_compiling, before, after)

    for name in CRITERIA:
        doors.replace(torch.nn.functional, name, criterion(name))


def _watch_noise(doors: Doors, watcher: Watcher) -> None:
    """Dropout as it is called: by a module, or by the script itself. And the casts of autocast."""
    call = watcher.guard.call

    def drops(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if watcher.looking:
            call("dropout", watcher.on_dropout, args, kwargs)
        if watcher.knobs:
            return call("knob", watcher.knobs.dropout, args, kwargs) or (args, kwargs)
        return args, kwargs

    def casts(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        call("autocast", watcher.on_autocast, args[0])
        if watcher.knobs:
            call("knob", watcher.knobs.autocast, args[0])
        return args, kwargs

    for name in ("dropout", "dropout1d", "dropout2d", "alpha_dropout"):
        doors.replace(torch.nn.functional, name, lambda original: wrap(original, is_compiling, drops, None), looking=True)
    doors.replace(torch.autocast, "__enter__", lambda original: wrap(original, is_compiling, casts, None))


def _watch_recurrences(doors: Doors, watcher: Watcher) -> None:
    call = watcher.guard.call

    def recurrence(name: str, what: str, see: Callable[..., None]) -> Callable[[Original], Original]:
        def after(args: Args, kwargs: Kwargs, result: Any) -> None:
            if watcher.looking:
                call(what, see, name, args, kwargs, result)

        return lambda original: wrap(original, is_compiling, None, after)

    for name in RECURRENCES:
        doors.replace(torch._VF, name, recurrence(name, "recurrence", watcher.recurrent.on_layer), looking=True)
    for name in CELLS:
        doors.replace(torch._VF, name, recurrence(name, "cell", watcher.recurrent.on_cell), looking=True)


def _watch_clips(doors: Doors, watcher: Watcher) -> None:
    call = watcher.guard.call

    def clip(how: str) -> Callable[[Original], Original]:
        def before(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
            if watcher.knobs:
                changed = call("knob", watcher.knobs.clip, how, args[1:], kwargs)
                if changed is not None:
                    return (*args[:1], *changed[0]), changed[1]
            return args, kwargs

        def after(args: Args, kwargs: Kwargs, result: Any) -> None:
            if not watcher.resting:
                call("clip", watcher.steps.on_clip, how, args[1:], kwargs, result)

        # One for both names: it is pickled by the name of its module.
        made: dict[int, Original] = {}
        return lambda original: made.setdefault(id(original), wrap(original, is_compiling, before, after))

    for how in ("clip_grad_norm_", "clip_grad_value_"):
        make = clip(how)
        for owner in (torch.nn.utils.clip_grad, torch.nn.utils):
            doors.replace(owner, how, make)


def _watch_steps(doors: Doors, watcher: Watcher) -> None:
    from torch.optim import optimizer as module

    call = watcher.guard.call

    def before(opt: Any, args: Any, kwargs: Any) -> None:
        if watcher.resting or is_compiling():
            return
        if watcher.knobs:
            call("knob", watcher.knobs.before_step, opt)
        call("step", watcher.on_step_begin, opt)

    def after(opt: Any, args: Any, kwargs: Any) -> None:
        if is_compiling():
            return
        if watcher.resting:
            watcher.rested(opt)
            return
        if watcher.knobs:
            call("knob", watcher.knobs.after_step, opt)
        call("after step", watcher.on_step_end, opt)
        watcher.after_door()

    for handle in (
        module.register_optimizer_step_pre_hook(unseen(before)),
        module.register_optimizer_step_post_hook(unseen(after)),
    ):
        doors.on_close(handle.remove)


def _watch_schedulers(doors: Doors, watcher: Watcher) -> None:
    from torch.optim import lr_scheduler

    call = watcher.guard.call

    def after(args: Args, kwargs: Kwargs, result: Any) -> None:
        if not watcher.resting:
            call("scheduler", watcher.steps.on_scheduler, args[0])

    for value in list(vars(lr_scheduler).values()):
        if isinstance(value, type) and issubclass(value, lr_scheduler.LRScheduler) and "step" in vars(value):
            doors.replace(value, "step", lambda original: wrap(original, is_compiling, None, after))


def _watch_evaluation(doors: Doors, watcher: Watcher) -> None:
    call, own = watcher.guard.call, watcher.own

    def entered(args: Args, kwargs: Kwargs, result: Any) -> None:
        if not own.working():
            call("no_grad", watcher.on_no_grad)

    def workers(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if args[0].num_workers > 0:
            watcher.leave_snapshot()
        if watcher.knobs:
            call("knob", watcher.knobs.loader, args[0])
        return args, kwargs

    def began(args: Args, kwargs: Kwargs, result: Any) -> None:
        call("loader", loading.began, args[0], result)

    doors.replace(torch.utils.data.DataLoader, "__iter__", lambda original: wrap(original, is_compiling, workers, began))

    def loaded(args: Args, kwargs: Kwargs, result: Any) -> None:
        call("load", watcher.on_weights_loaded, args[0])

    doors.replace(torch.nn.Module, "load_state_dict", lambda original: wrap(original, is_compiling, None, loaded))
    doors.replace(torch.no_grad, "__enter__", lambda original: wrap(original, is_compiling, None, entered))
    doors.replace(torch.inference_mode, "__enter__", lambda original: wrap(original, is_compiling, None, entered))


def _module_call(doors: Doors, watcher: Watcher) -> Callable[[Original], Original]:
    """Stands for `Module.__call__` during a close look. torch's own global hooks would send every call
    through another path: slower, visible in tracebacks, and warned about when a model is compiled."""
    call = watcher.guard.call

    def before(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if not doors.are_open:
            return args, kwargs
        call("module", watcher.on_module_begin, args[0], args[1:])
        watcher.at_first_forward()
        if watcher.knobs and watcher.knobs.inputs_wanted:
            changed = call("knob", watcher.knobs.inputs, args[0], args[1:])
            return args if changed is None else (args[0], *changed), kwargs
        return args, kwargs

    def after(args: Args, kwargs: Kwargs, result: Any) -> None:
        if doors.are_open:
            call("after module", watcher.on_module_end, args[0], args[1:], result)

    return lambda original: wrap(original, is_compiling, before, after)


def _watch_modules(doors: Doors, watcher: Watcher) -> None:
    doors.replace(torch.nn.Module, "__call__", _module_call(doors, watcher), looking=True)


def _watch_compiler(doors: Doors, watcher: Watcher) -> None:
    """Once something is compiled, modules are left alone: compiled code checks what it was compiled from, and
    doors that open and shut would have it compiled again and again. What we stand in then, we stay in."""

    def before(args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        watcher.guard.call("compile", watcher.on_compile, args[0] if args else kwargs.get("model"))
        watcher.leave_snapshot()
        watcher.guard.call("compile", settle)
        return args, kwargs

    def settle() -> None:
        modules = [door for door in doors.looking if door.owner is torch.nn.Module]
        for door in modules:
            doors.looking.remove(door)
            door.shut()
            forget_wrapper(door)
        doors.open()
        watcher.attach_module_hooks = watcher.detach_module_hooks = lambda: None
        if modules:
            from torch._dynamo.eval_frame import OptimizedModule

            doors.replace(OptimizedModule, "__call__", _module_call(doors, watcher))
            watcher.hidden.compiler_in_use()
            leave_uncompiled(doors.codes(), __name__.partition(".")[0])

    doors.replace(torch, "compile", lambda original: wrap(original, is_compiling, before, None))


def forget_wrapper(door: Door) -> None:
    """The compiler recognises `Module.__call__` by what it was when the compiler was imported: ours, perhaps."""
    for name in ("torch._dynamo.utils", "torch._dynamo.variables.nn_module"):
        module = sys.modules.get(name)
        if module is not None and getattr(module, "unpatched_nn_module_call", None) is door.wrapper:
            module.unpatched_nn_module_call = door.original  # type: ignore[attr-defined]
