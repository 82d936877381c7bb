"""Numbers wait on the device and are brought to the host in batches, so that no step waits for a GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Deliver = Callable[[npt.NDArray[np.float64]], None]
DeliverArray = Callable[[npt.NDArray[Any]], None]


class Fetch:
    """A queue of small device tensors and what to do with their values once they are here."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Sequence[torch.Tensor], Deliver]] = []
        self._arrays: list[tuple[torch.Tensor, DeliverArray]] = []
        self._under_way: list[tuple[torch.Tensor, Any, Callable[[npt.NDArray[Any]], None]]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, tensors: torch.Tensor | Sequence[torch.Tensor], deliver: Deliver) -> None:
        """`tensors` must be our own (clones): they are read later. `deliver` gets their values, flattened."""
        given = (tensors,) if isinstance(tensors, torch.Tensor) else tensors
        if not any(t.is_meta for t in given):  # a meta tensor has no values
            self._waiting.append((given, deliver))

    def put_array(self, tensor: torch.Tensor, deliver: DeliverArray) -> None:
        """As `put`, but dtype and shape are kept."""
        if not tensor.is_meta:
            self._arrays.append((tensor, deliver))

    def push(self) -> None:
        """Start bringing everything that waits. On a CPU it is delivered at once; on a GPU when the copy
        has ended, which a later call looks up without waiting."""
        self._arrived(wait=False)
        waiting, self._waiting = self._waiting, []
        arrays, self._arrays = self._arrays, []
        by_device: dict[torch.device, list[tuple[Sequence[torch.Tensor], Deliver]]] = {}
        for item in waiting:
            by_device.setdefault(item[0][0].device, []).append(item)
        with torch.no_grad():
            for device, items in by_device.items():
                flat = torch.cat([t.reshape(-1).to(device, torch.float32) for tensors, _ in items for t in tensors])
                parts = [(sum(t.numel() for t in tensors), deliver) for tensors, deliver in items]
                self._bring(flat, device, partial(_hand_out, parts))
            for tensor, keep in arrays:
                self._bring(tensor, tensor.device, keep)

    def _bring(self, tensor: torch.Tensor, device: torch.device, then: DeliverArray) -> None:
        if device.type == "cpu":
            then(tensor.numpy())
        elif device.type == "cuda":
            host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            host.copy_(tensor, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
            self._under_way.append((host, event, then))
        else:
            then(tensor.to("cpu").numpy())

    def drain(self) -> None:
        """Bring and deliver everything, waiting where needed. Only when the run has ended."""
        self.push()
        self._arrived(wait=True)

    def _arrived(self, wait: bool) -> None:
        under_way, self._under_way = self._under_way, []
        for host, event, then in under_way:
            if wait:
                event.synchronize()
            elif not event.query():
                self._under_way.append((host, event, then))
                continue
            then(host.numpy())


def _hand_out(parts: list[tuple[int, Deliver]], flat: npt.NDArray[Any]) -> None:
    values = flat.astype(np.float64)
    at = 0
    for size, deliver in parts:
        deliver(values[at : at + size])
        at += size
