"""When calls are being recorded rather than run, or a mode of the script's own would see what we do."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import torch

is_compiling: Callable[[], bool] = torch.compiler.is_compiling
"""True while a compiler follows a function. The first thing that every wrapper of ours asks: the compiler
knows the answer beforehand, so nothing of the wrapper is left in what it compiles."""

_is_tracing: Callable[[], bool] = getattr(torch._C, "_is_tracing", torch.jit.is_tracing)
_dispatch_modes: Callable[[], int] = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 0)
_function_modes: Callable[[], int] = getattr(torch._C, "_len_torch_function_stack", lambda: 0)
_functorch: Any = getattr(torch._C, "_functorch", None)
_transform: Callable[[], Any] = getattr(_functorch, "peek_interpreter_stack", lambda: None)


class Aside:
    """Says when to stand aside: under a compiler, a tracer, a transform of torch.func, a dispatch mode of the
    script. `own_modes` is how many dispatch modes are ours."""

    def __init__(self) -> None:
        self.own_modes = 0

    def __call__(self) -> bool:
        return is_compiling() or _is_tracing() or _transform() is not None or _dispatch_modes() > self.own_modes


def transforming() -> bool:
    """Is a transform of torch.func (grad, vmap ...) at work?"""
    return not is_compiling() and _transform() is not None


def outside_transforms(function: Callable[[Any], None], tensor: Any) -> None:
    """`function` of the plain tensor below all transforms, called as if there were none."""
    from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    with temporarily_clear_interpreter_stack():
        function(tensor)


class Hidden:
    """Makes contexts in which nothing of the script's own sees what we do: no `__torch_function__` mode (such
    as that of `torch.set_default_device`), and no compiler, which would compile us too. None where there is
    nothing to hide from, which is nearly always."""

    def __init__(self) -> None:
        self._set_compiler: Callable[[Any], Any] | None = None

    def compiler_in_use(self) -> None:
        """From now on a compiler may follow the frames that run."""
        from torch._dynamo.eval_frame import set_eval_frame

        self._set_compiler = set_eval_frame

    def __call__(self) -> Any:
        if self._set_compiler is not None:
            return self._both(self._set_compiler)
        return torch._C.DisableTorchFunction() if _function_modes() else None

    @contextmanager
    def _both(self, set_compiler: Callable[[Any], Any]) -> Iterator[None]:
        before = set_compiler(None)
        try:
            with torch._C.DisableTorchFunction():
                yield
        finally:
            set_compiler(before)


def leave_uncompiled(codes: Iterable[CodeType], package: str) -> None:
    """Tell torch's compiler that these functions, and all of `package`, are not to be compiled by themselves."""
    from torch._dynamo import trace_rules

    trace_rules.add(package)
    skip_code: Callable[[CodeType], None] = importlib.import_module("torch._dynamo.decorators").skip_code
    for code in codes:
        skip_code(code)
