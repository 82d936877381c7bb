"""Put a watcher into PyTorch's doors. Called as soon as the script has imported torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from .doors import Doors, unseen

if TYPE_CHECKING:
    from .watcher import Watcher

CRITERIA = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "ctc_loss", "poisson_nll_loss", "gaussian_nll_loss",
    "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss", "multilabel_soft_margin_loss",
)  # fmt: skip
RECURRENCES = ("lstm", "gru", "rnn_tanh", "rnn_relu")
CELLS = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")


def install(watcher: Watcher) -> Doors:
    """Stand in every door; the returned `Doors` takes it all back."""
    doors = Doors()
    call = watcher.guard.call
    _stand_at_the_engine(doors, watcher)

    def criterion(name: str) -> Callable[..., Any]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                if watcher.knobs:
                    args, kwargs = watcher.knobs.criterion(name, args, kwargs)
                result = original(*args, **kwargs)
                call("criterion", watcher.on_criterion, name, args, kwargs, result)
                return result

            return wrapper

        return make

    for name in CRITERIA:
        doors.replace(torch.nn.functional, name, criterion(name))

    def recurrence(name: str) -> Callable[..., Any]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                result = original(*args, **kwargs)
                if watcher.looking:
                    call("recurrence", watcher.recurrent.on_layer, name, args, kwargs, result)
                return result

            return wrapper

        return make

    def cell(name: str) -> Callable[..., Any]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                result = original(*args, **kwargs)
                if watcher.looking:
                    call("cell", watcher.recurrent.on_cell, name, args, kwargs, result)
                return result

            return wrapper

        return make

    for name in RECURRENCES:
        doors.replace(torch._VF, name, recurrence(name))
    for name in CELLS:
        doors.replace(torch._VF, name, cell(name))

    def clip(how: str) -> Callable[..., Any]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(parameters: Any, *args: Any, **kwargs: Any) -> Any:
                parameters, args, kwargs = watcher.clip_arguments(how, parameters, args, kwargs)
                result = original(parameters, *args, **kwargs)
                call("clip", watcher.on_clip, how, parameters, args, kwargs, result)
                return result

            return wrapper

        return make

    for how in ("clip_grad_norm_", "clip_grad_value_"):
        for owner in (torch.nn.utils.clip_grad, torch.nn.utils):
            doors.replace(owner, how, clip(how))

    _watch_schedulers(doors, watcher)
    _watch_steps(doors, watcher)
    _watch_modules(doors, watcher)
    return doors


def _stand_at_the_engine(doors: Doors, watcher: Watcher) -> None:
    """`autograd._engine_run_backward` is the one door of backward(), autograd.backward and autograd.grad."""
    call = watcher.guard.call

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:
            call("backward", watcher.on_backward_begin, t_outputs, kwargs)
            try:
                return original(t_outputs, *args, **kwargs)
            except RuntimeError as error:
                if watcher.birth is not None:
                    watcher.birth.error(error)
                raise
            finally:
                call("after backward", watcher.on_backward_end)
                if watcher.knobs:
                    watcher.knobs.after_backward()
                watcher.after_door()

        return wrapper

    if not doors.replace(torch.autograd, "_engine_run_backward", make):

        def make_public(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(tensors: Any, *args: Any, **kwargs: Any) -> Any:
                outputs = (tensors,) if isinstance(tensors, torch.Tensor) else tuple(tensors)
                call("backward", watcher.on_backward_begin, outputs, {"accumulate_grad": True})
                try:
                    return original(tensors, *args, **kwargs)
                finally:
                    call("after backward", watcher.on_backward_end)
                    watcher.after_door()

            return wrapper

        doors.replace(torch.autograd, "backward", make_public)


def _watch_steps(doors: Doors, watcher: Watcher) -> None:
    from torch.optim import optimizer as module

    call = watcher.guard.call

    def before(opt: Any, args: Any, kwargs: Any) -> None:
        if watcher.knobs:
            watcher.knobs.before_step(opt)
        call("step", watcher.on_step_begin, opt)

    def after(opt: Any, args: Any, kwargs: Any) -> None:
        if watcher.knobs:
            watcher.knobs.after_step(opt)
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

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(self, *args, **kwargs)
            call("scheduler", watcher.on_scheduler, self)
            return result

        return step

    for value in list(vars(lr_scheduler).values()):
        if isinstance(value, type) and issubclass(value, lr_scheduler.LRScheduler) and "step" in vars(value):
            doors.replace(value, "step", make)


def _watch_modules(doors: Doors, watcher: Watcher) -> None:
    """Module hooks come and go with the watcher's wish to look (see Watcher.look)."""
    from torch.nn.modules import module

    call = watcher.guard.call

    def before(mod: Any, args: Any) -> Any:
        call("module", watcher.on_module_begin, mod, args)
        watcher.at_first_forward()
        if watcher.knobs and watcher.knobs.inputs_wanted:
            return watcher.knobs.inputs(mod, args)
        return None

    def after(mod: Any, args: Any, output: Any) -> None:
        call("after module", watcher.on_module_end, mod, args, output)

    unseen(before)
    unseen(after)
    handles: list[Any] = []

    def attach() -> None:
        if not handles:
            handles.append(module.register_module_forward_pre_hook(before))
            handles.append(module.register_module_forward_hook(after))

    def detach() -> None:
        while handles:
            handles.pop().remove()

    watcher.attach_module_hooks = attach
    watcher.detach_module_hooks = detach
    attach()
    doors.on_close(detach)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def enter(self: Any) -> Any:
            result = original(self)
            call("no_grad", watcher.on_no_grad)
            return result

        return enter

    def make_iter(original: Callable[..., Any]) -> Callable[..., Any]:
        def iterate(self: Any) -> Any:
            if self.num_workers > 0:
                watcher.leave_snapshot()
            return original(self)

        return iterate

    doors.replace(torch.utils.data.DataLoader, "__iter__", make_iter)
    doors.replace(torch.no_grad, "__enter__", make)
    doors.replace(torch.inference_mode, "__enter__", make)
