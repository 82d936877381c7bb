"""What the loops share: a list of them, and one number for all that a training leaves behind."""

from __future__ import annotations

import hashlib
import pickle
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

LOOPS: dict[str, Callable[[], Any]] = {}


def loop(function: Callable[[], Any]) -> Callable[[], Any]:
    LOOPS[function.__name__] = function
    return function


def _feed(digest: Any, thing: Any) -> None:
    if isinstance(thing, torch.Tensor):
        plain = thing.detach()
        if plain.is_sparse:
            plain = plain.coalesce().to_dense()
        digest.update(f"{plain.dtype}{tuple(plain.shape)}{thing.requires_grad}".encode())
        digest.update(plain.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
    elif isinstance(thing, torch.nn.Module):
        for name, value in [*thing.named_parameters(), *thing.named_buffers()]:
            digest.update(name.encode())
            _feed(digest, value)
            _feed(digest, value.grad)
        digest.update(str([(n, m.training, sorted(m.__dict__)) for n, m in thing.named_modules()]).encode())
        for part in thing.modules():
            digest.update(f"{len(part._forward_hooks)}{len(part._backward_hooks)}{len(part._forward_pre_hooks)}".encode())
    elif isinstance(thing, torch.optim.Optimizer):
        _feed(digest, thing.state_dict())
        digest.update(str(sorted(thing.__dict__)).encode())
    elif isinstance(thing, dict):
        for key, value in thing.items():
            digest.update(str(key).encode())
            _feed(digest, value)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            _feed(digest, value)
    else:
        digest.update(repr(thing).encode())


def fingerprint(thing: Any) -> str:
    """Of parameters, buffers, gradients, modes, hooks, optimizer states and all random states."""
    digest = hashlib.sha256()
    _feed(digest, thing)
    _feed(digest, torch.get_rng_state())
    digest.update(pickle.dumps((random.getstate(), np.random.get_state())))
    digest.update(f"{torch.is_grad_enabled()}{torch.get_default_dtype()}{torch.get_num_threads()}".encode())
    return digest.hexdigest()


def run_all(only: list[str]) -> None:
    for name, function in LOOPS.items():
        if only and name not in only:
            continue
        torch.manual_seed(7)
        np.random.seed(7)
        random.seed(7)
        began = time.perf_counter()
        try:
            left = function()
        except Exception:
            traceback.print_exc()
            print(name, "raised")
            continue
        print(name, fingerprint(left), flush=True)
        if "--times" in sys.argv:
            print(f"{time.perf_counter() - began:.2f} s", file=sys.stderr)


def main() -> None:
    run_all([word for word in sys.argv[1:] if not word.startswith("-")])
