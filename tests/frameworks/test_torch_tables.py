"""The script's own arrays are found by the bits of their rows, and looking for them leaves nothing behind."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from standing import Net, standing, trace_of
from torch.utils.data import DataLoader, Dataset, TensorDataset

from lossdoctor.trace.events import TableSeen

ROWS = 200


def data() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(5)
    x = torch.randn(ROWS, 7, 3)
    return x, x[:, -1, :1].clone()


def one_step(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    net.zero_grad()
    F.mse_loss(net(x), y).backward()


def by_index() -> None:
    net, (x_all, y_all) = Net(), data()
    for rows in torch.randperm(ROWS).split(16):
        one_step(net, x_all[rows], y_all[rows])


def by_loader() -> None:
    net, (x_all, y_all) = Net(), data()
    for x, y in DataLoader(TensorDataset(x_all, y_all), batch_size=16, shuffle=True):
        one_step(net, x, y)


def from_numpy() -> None:
    net, (x_all, y_all) = Net(), tuple(t.double().numpy() for t in data())
    for rows in np.random.default_rng(0).permutation(ROWS).reshape(-1, 20):
        one_step(net, torch.from_numpy(x_all[rows]).float(), torch.from_numpy(y_all[rows]).float())


def shorter_windows() -> None:
    net, (x_all, y_all) = Net(), data()
    for rows in torch.randperm(ROWS).split(16):
        one_step(net, x_all[rows, :5], y_all[rows])


@pytest.mark.parametrize("loop", [by_index, by_loader, from_numpy, shorter_windows])
def test_found_with_their_names(tmp_path: Path, loop: Callable[[], None]) -> None:
    with standing(tmp_path):
        loop()
    (seen,) = [t for t in trace_of(tmp_path).of(TableSeen) if t.fed]
    assert seen.rows == ROWS and "x_all" in {v.name for v in seen.x_names}
    (name,) = {v for v in seen.y_names if v.name == "y_all"}
    assert name.function == loop.__name__ and name.file == __file__ and name.at > name.line
    assert name.kind == ("array" if loop is from_numpy else "tensor")
    x, y = data()
    trace = trace_of(tmp_path)
    assert np.allclose(trace.array(seen.x), x.numpy()) and np.allclose(trace.array(seen.y), y.numpy())


class Pairs(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.inputs, self.targets = x.double(), y.double()

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[index].float(), self.targets[index].float()


def test_the_users_own_dataset_and_its_held_back_sister(tmp_path: Path) -> None:
    def by_name() -> None:
        loader = DataLoader(Pairs(*data()), batch_size=16, shuffle=True)
        held, net = DataLoader(Pairs(*(t[:90] + 1 for t in data())), batch_size=16), Net()
        for x, y in loader:
            one_step(net, x, y)
        for x, _ in held:
            net(x)

    with standing(tmp_path):
        by_name()
    train, test = trace_of(tmp_path).of(TableSeen)
    assert (train.fed, train.rows, test.fed, test.rows) == (True, ROWS, False, 90)
    assert {v.name for t in (train, test) for v in t.y_names} == {"self.targets"} and train.y_names[0].file == __file__


def test_held_back_sisters_are_found_too(tmp_path: Path) -> None:
    def loop() -> None:
        net, (x_all, y_all) = Net(), data()
        x_test, y_test = x_all[:80] + 1, y_all[:80] + 1
        for rows in torch.randperm(ROWS).split(16):
            one_step(net, x_all[rows], y_all[rows])
        with torch.no_grad():
            net(x_test)
            net(y_test.expand(-1, 7)[..., None].expand(-1, -1, 3))

    with standing(tmp_path):
        loop()
    sisters = [t for t in trace_of(tmp_path).of(TableSeen) if not t.fed]
    assert [(t.rows, t.x_names[0].name, t.y_names[0].name) for t in sisters] == [(80, "x_test", "y_test")]


def test_targets_of_other_rows_are_no_pair(tmp_path: Path) -> None:
    with standing(tmp_path):
        net, (x_all, y_all) = Net(), data()
        order = torch.randperm(ROWS)
        for rows in torch.arange(ROWS).split(16):
            one_step(net, x_all[rows], y_all[order[rows]])
    assert not trace_of(tmp_path).of(TableSeen)


def test_what_a_function_lets_go_of_is_gone(tmp_path: Path) -> None:
    class Kept:
        pass

    # (pytest's own asserts call locals(), so none stands in the loop.)
    def loop() -> bool:
        net, (x_all, y_all) = Net(), data()
        kept = Kept()
        gone = weakref.ref(kept)
        for rows in torch.randperm(ROWS).split(16):
            one_step(net, x_all[rows], y_all[rows])
        del kept
        return gone() is None

    with standing(tmp_path):
        assert loop()
    assert trace_of(tmp_path).of(TableSeen)


def test_the_arrays_themselves_may_go(tmp_path: Path) -> None:
    def loop() -> bool:
        net, (x_all, y_all) = Net(), tuple(t.numpy() for t in data())
        gone = weakref.ref(x_all)
        for rows in np.arange(ROWS).reshape(-1, 20):
            one_step(net, torch.from_numpy(x_all[rows]), torch.from_numpy(y_all[rows]))
        del x_all, y_all
        return gone() is None

    with standing(tmp_path):
        assert loop()
    assert trace_of(tmp_path).of(TableSeen)


def test_what_locals_gave_stays_as_it_was(tmp_path: Path) -> None:
    def loop() -> dict[str, object]:
        net, (x_all, y_all) = Net(), data()
        before = locals()
        for rows in torch.randperm(ROWS).split(16):
            one_step(net, x_all[rows], y_all[rows])
        return before

    with standing(tmp_path):
        assert set(loop()) == {"net", "x_all", "y_all"}
