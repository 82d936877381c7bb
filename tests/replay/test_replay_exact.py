"""The replay's gradients are those of autograd: for every kind, depth, direction, projection and layout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from unrolled_net import MODULES, Unrolled, captured, unroll

from lossdoctor.replay.call import RecurrentCall
from lossdoctor.replay.recursion import Recursion, recur

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Setting:
    kind: str
    layers: int = 1
    bidirectional: bool = False
    projection: int = 0
    biases: bool = True
    layout: str = "time first"
    initial: bool = False
    reads: tuple[str, ...] = ("output",)
    steps: int = 5
    batch: int = 3
    seed: int = 0


@st.composite
def settings_of_a_call(draw: Any) -> Setting:
    kind = draw(st.sampled_from(sorted(MODULES)))
    final = ("h_n", "c_n") if kind == "lstm" else ("h_n",)
    reads = draw(st.lists(st.sampled_from(("output", *final)), min_size=1, unique=True))
    return Setting(
        kind=kind,
        layers=draw(st.integers(1, 3)),
        bidirectional=draw(st.booleans()),
        projection=draw(st.sampled_from((0, 2))) if kind == "lstm" else 0,
        biases=draw(st.booleans()),
        layout=draw(st.sampled_from(("time first", "batch first", "packed", "packed unsorted", "single"))),
        initial=draw(st.booleans()),
        reads=tuple(reads),
        steps=draw(st.integers(1, 6)),
        batch=draw(st.integers(1, 4)),
        seed=draw(st.integers(0, 10_000)),
    )


def run(setting: Setting) -> tuple[RecurrentCall, Tensor]:
    """The call, and the gradient of the input as it went into the kernel."""
    torch.manual_seed(setting.seed)
    options: dict[str, Any] = {"proj_size": setting.projection} if setting.projection else {}
    module = MODULES[setting.kind](
        3,
        4,
        num_layers=setting.layers,
        bidirectional=setting.bidirectional,
        bias=setting.biases,
        batch_first=setting.layout == "batch first",
        **options,
    ).double()
    x = torch.randn(setting.steps, setting.batch, 3, dtype=torch.float64)
    inputs: Tensor | PackedSequence = x
    if setting.layout == "batch first":
        inputs = x.transpose(0, 1).contiguous()
    elif setting.layout == "single":
        inputs = x[:, 0]
    elif setting.layout.startswith("packed"):
        lengths = torch.randint(1, setting.steps + 1, (setting.batch,))
        if setting.layout == "packed":
            lengths = lengths.sort(descending=True).values
        inputs = pack_padded_sequence(x, lengths, enforce_sorted=setting.layout == "packed")
    data = inputs.data if isinstance(inputs, PackedSequence) else inputs
    data.requires_grad_()
    hx: Any = None
    if setting.initial:
        rows = setting.layers * (2 if setting.bidirectional else 1)
        many = () if setting.layout == "single" else (setting.batch,)
        hx = torch.randn(rows, *many, setting.projection or 4, dtype=torch.float64)
        if setting.kind == "lstm":
            hx = (hx, torch.randn(rows, *many, 4, dtype=torch.float64))

    def loss(output: Tensor, final: Any) -> Tensor:
        h_n, c_n = final if setting.kind == "lstm" else (final, None)
        total = output.new_zeros(())
        for name, tensor in (("output", output), ("h_n", h_n), ("c_n", c_n)):
            if name in setting.reads:
                total = total + (tensor * torch.randn_like(tensor)).sum()
        return total

    call = captured(module, inputs, hx, loss)
    assert data.grad is not None
    return call, data.grad


def compare(call: RecurrentCall, recursion: Recursion, masks: list[Tensor] | None = None) -> list[Unrolled]:
    """Every state's gradient, sample by sample, against the unrolled net fed with the same gradients."""
    batch, power = recursion.batch, 10.0**recursion.log10_scale
    told = []
    for b, length in enumerate(batch.lengths.tolist()):
        x = batch.x[:length, b].clone().requires_grad_()
        c0 = None if batch.c0 is None else batch.c0[:, b]
        own = [each[:length, b] for each in masks or []]
        net = unroll(call, x, batch.h0[:, b], c0, own)
        total = net.outputs.sum() * 0
        if batch.grad_output is not None:
            total = total + (net.outputs * batch.grad_output[:length, b]).sum()
        for place in range(call.num_layers * call.directions):
            layer, side = divmod(place, call.directions)
            last = 0 if side else length - 1
            if batch.grad_h_n is not None:
                total = total + (net.h[layer][side][last][0] * batch.grad_h_n[place, b]).sum()
            if batch.grad_c_n is not None:
                total = total + (net.c[layer][side][last][0] * batch.grad_c_n[place, b]).sum()
        total.backward()
        torch.testing.assert_close(recursion.output[:length, b], net.outputs, atol=TOLERANCE, rtol=0)
        torch.testing.assert_close(recursion.dx[:length, b] * power, x.grad, atol=TOLERANCE, rtol=0)
        for strand in recursion.strands:
            h, c = net.h[strand.layer][strand.reverse], net.c[strand.layer][strand.reverse]
            for step in range(length):
                t = length - 1 - step if strand.reverse else step
                torch.testing.assert_close(
                    strand.adjoint.dh[step, b] * power, _grad(h[t]), atol=TOLERANCE, rtol=0
                )
                if strand.adjoint.dc is not None:
                    torch.testing.assert_close(
                        strand.adjoint.dc[step, b] * power, _grad(c[t]), atol=TOLERANCE, rtol=0
                    )
        told.append(net)
    return told


def _grad(state: Tensor) -> Tensor:
    return torch.zeros_like(state[0]) if state.grad is None else state.grad[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(settings_of_a_call())
def test_every_states_gradient_is_autograds(setting: Setting) -> None:
    call, input_grad = run(setting)
    recursion = recur(call)
    compare(call, recursion)
    assert recursion.output_error < TOLERANCE
    assert not recursion.approximate
    dx = recursion.dx * 10.0**recursion.log10_scale
    if call.batch_sizes is not None:
        assert recursion.batch.rows is not None
        dx, input_grad = dx[recursion.batch.valid], input_grad[recursion.batch.rows[recursion.batch.valid]]
    elif setting.layout == "batch first":
        dx = dx.transpose(0, 1)
    elif setting.layout == "single":
        dx = dx[:, 0]
    torch.testing.assert_close(dx, input_grad, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", sorted(MODULES))
def test_the_initial_states_gradient_is_autograds(kind: str) -> None:
    torch.manual_seed(1)
    module = MODULES[kind](3, 4, num_layers=2, bidirectional=True).double()
    h0 = torch.randn(4, 2, 4, dtype=torch.float64, requires_grad=True)
    c0 = torch.randn(4, 2, 4, dtype=torch.float64, requires_grad=True)
    hx = (h0, c0) if kind == "lstm" else h0
    call = captured(
        module, torch.randn(5, 2, 3, dtype=torch.float64), hx, lambda output, _: output.sin().sum()
    )
    recursion = recur(call)
    power = 10.0**recursion.log10_scale
    for place, strand in enumerate(recursion.strands):
        torch.testing.assert_close(strand.adjoint.dh0 * power, h0.grad[place], atol=TOLERANCE, rtol=0)
        if kind == "lstm":
            torch.testing.assert_close(strand.adjoint.dc0 * power, c0.grad[place], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("layout", ["time first", "packed"])
def test_a_few_samples_of_a_batch_are_those_samples(layout: str) -> None:
    call, _ = run(Setting("lstm", layers=2, bidirectional=True, layout=layout, steps=6, batch=5, seed=3))
    whole = recur(call)
    few = recur(replace(call, samples=[4, 1]))
    power = 10.0 ** (few.log10_scale - whole.log10_scale)
    steps = few.batch.x.shape[0]
    for one, all_of_them in zip(few.strands, whole.strands, strict=True):
        torch.testing.assert_close(one.adjoint.dh * power, all_of_them.adjoint.dh[:steps, [4, 1]])
        torch.testing.assert_close(one.states.h, all_of_them.states.h[:steps, [4, 1]])


@pytest.mark.parametrize("kind", sorted(MODULES))
@pytest.mark.parametrize("layout", ["time first", "batch first", "packed"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dropout_between_layers_is_drawn_again(kind: str, layout: str, dtype: torch.dtype) -> None:
    torch.manual_seed(5)
    module = MODULES[kind](
        3, 4, num_layers=3, bidirectional=True, dropout=0.4, batch_first=layout == "batch first"
    )
    module = module.to(dtype)
    x = torch.randn(40, 6, 3, dtype=dtype, requires_grad=True)
    inputs: Any = x.transpose(0, 1) if layout == "batch first" else x
    if layout == "packed":
        inputs = pack_padded_sequence(x, torch.tensor([40, 31, 31, 7, 2, 1]))
    before = torch.get_rng_state()
    call = replace(captured(module, inputs, None, lambda output, _: output.square().sum()), rng_state=before)
    after = torch.get_rng_state()
    recursion = recur(call)
    assert torch.equal(torch.get_rng_state(), after)
    assert call.dropout == 0.4 and not recursion.approximate
    close = 1e-9 if dtype == torch.float64 else 1e-4
    assert recursion.output_error < close
    dx = recursion.dx * 10.0**recursion.log10_scale
    torch.testing.assert_close(dx, x.grad.double(), atol=close, rtol=close)
    if dtype == torch.float32:
        return
    unknown = recur(replace(call, rng_state=None))
    assert unknown.approximate and unknown.output_error > 1e-3
    wrong = recur(replace(call, rng_state=after))
    assert wrong.approximate


def test_only_last_keeps_the_last_step_of_each_sample_and_direction() -> None:
    call, _ = run(Setting("gru", bidirectional=True, layout="packed", steps=6, batch=4, seed=11))
    recursion = recur(call, only_last=True)
    for strand in recursion.strands:
        entering = (strand.dh_above != 0).any(dim=2)
        assert entering.sum(dim=0).tolist() == [1] * 4
        assert (entering.to(torch.int64).argmax(dim=0) == recursion.batch.lengths - 1).all()
    # The same as if only these had been given, at each direction's own end.
    alone = torch.zeros_like(call.grad_output)
    rows, lengths = recursion.batch.rows, recursion.batch.lengths
    for b, length in enumerate(lengths.tolist()):
        alone[rows[length - 1, b], :4] = call.grad_output[rows[length - 1, b], :4]
        alone[rows[0, b], 4:] = call.grad_output[rows[0, b], 4:]
    compare(replace(call, grad_output=alone), recur(replace(call, grad_output=alone)))
    other = recur(replace(call, grad_output=alone))
    power = 10.0 ** (recursion.log10_scale - other.log10_scale)
    for one, two in zip(recursion.strands, other.strands, strict=True):
        torch.testing.assert_close(one.adjoint.dh * power, two.adjoint.dh)


def test_the_replay_changes_nothing() -> None:
    call, _ = run(Setting("lstm", layers=2, layout="packed", reads=("output", "h_n", "c_n"), initial=True))
    tensors = [call.input, call.h0, call.c0, *call.weights, call.grad_output, call.grad_h_n, call.grad_c_n]
    before = [(each.clone(), each._version) for each in tensors]
    rng = torch.get_rng_state()
    recur(call, only_last=True)
    assert all(
        torch.equal(each, old) and each._version == at
        for each, (old, at) in zip(tensors, before, strict=True)
    )
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.is_grad_enabled()


def test_an_overflow_in_the_padding_does_not_spoil_a_short_sample() -> None:
    torch.manual_seed(2)
    module = MODULES["rnn_relu"](1, 2).double()
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.eye(2) * 1e8)
        module.bias_ih_l0.fill_(1.0)
    x = torch.ones(60, 2, 1, dtype=torch.float64)
    packed = pack_padded_sequence(x, torch.tensor([60, 3]))
    call = captured(module, packed, None, lambda output, _: output[1] @ output.new_ones(2))
    recursion = recur(replace(call, samples=[0, 1]))
    dh = recursion.strands[0].adjoint.dh
    assert torch.isfinite(dh[:, 1]).all()
    assert torch.isfinite(recursion.strands[0].states.h[:, 1]).all()


def test_what_cannot_be_replayed_is_refused() -> None:
    call, _ = run(Setting("lstm"))
    with pytest.raises(ValueError, match="gradient"):
        recur(replace(call, grad_output=None))
    with pytest.raises(ValueError, match="samples"):
        recur(replace(call, samples=[7]))
    with pytest.raises(ValueError, match="weights"):
        recur(replace(call, weights=call.weights[:3]))
    with pytest.raises(ValueError, match="kind"):
        recur(replace(call, kind="qrnn"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="arguments"):
        RecurrentCall.from_vf("lstm", (1, 2))


@pytest.mark.parametrize("layout", ["time first", "packed"])
def test_the_scripts_default_device_and_modes_do_not_matter(layout: str) -> None:
    torch.manual_seed(3)
    module = MODULES["lstm"](3, 4, num_layers=2, dropout=0.5, bidirectional=True)
    x = torch.randn(6, 3, 3)
    inputs: Any = pack_padded_sequence(x, torch.tensor([6, 4, 1])) if layout == "packed" else x
    before = torch.get_rng_state()
    call = replace(captured(module, inputs, None, lambda out, _: out.square().sum()), rng_state=before)
    plain = recur(call, only_last=True)
    with torch.device("meta"), torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode():
        other = recur(call, only_last=True)
    torch.use_deterministic_algorithms(True)
    try:
        again = recur(call, only_last=True, dtype=torch.float32)
    finally:
        torch.use_deterministic_algorithms(False)
    for one, two, three in zip(plain.strands, other.strands, again.strands, strict=True):
        assert torch.equal(one.adjoint.dh, two.adjoint.dh)
        torch.testing.assert_close(one.adjoint.dh.float(), three.adjoint.dh, atol=1e-5, rtol=1e-5)
