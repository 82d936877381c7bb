"""What a replay tells: norms without underflow, gate statistics, layouts in time."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from unrolled_net import captured

from lossdoctor.replay.call import RecurrentCall
from lossdoctor.replay.layers import replay_layer
from lossdoctor.replay.profile import describe, horizon
from lossdoctor.replay.summary import log10_norms


def scaled_identity(factor: float, hidden: int = 4, steps: int = 50) -> RecurrentCall:
    """A relu net that is linear where it lives: dL/dh_{T-k} = factor ** k dL/dh_T, exactly."""
    weights = (torch.zeros(hidden, 1), torch.eye(hidden) * factor, torch.ones(hidden), torch.zeros(hidden))
    grad = torch.zeros(steps, 3, hidden)
    grad[-1] = 1.0
    return RecurrentCall("rnn_relu", torch.randn(steps, 3, 1), weights, grad_output=grad)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.1])
def test_a_known_decay_is_told_exactly(factor: float) -> None:
    told = replay_layer(scaled_identity(factor)).of(0)
    expected = math.log10(2.0) + np.arange(49, -1, -1) * math.log10(factor)
    np.testing.assert_allclose(told.dh_norm, expected, atol=1e-5)
    profile = describe(told.dh_norm)
    assert profile.growth == pytest.approx(factor, rel=1e-5)
    assert profile.steps == 50
    if factor < 1:
        assert profile.time_constant == pytest.approx(-1 / math.log(factor), rel=1e-4)
        assert (
            profile.horizon == min(k for k in range(200) if factor**k < 1e-3) or profile.horizon == math.inf
        )
    else:
        assert profile.time_constant == math.inf and profile.horizon == math.inf


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1.0, 1e-30])
def test_tiny_gradients_are_told(dtype: torch.dtype, size: float) -> None:
    call = scaled_identity(0.64, steps=200)
    told = replay_layer(replace(call, grad_output=call.grad_output * size), dtype=dtype).of(0)
    expected = math.log10(2.0) + math.log10(size) + np.arange(199, -1, -1) * math.log10(0.64)
    assert expected[0] < math.log10(size) - 38
    np.testing.assert_allclose(told.dh_norm, expected, atol=2e-2 if dtype == torch.float32 else 1e-5)


def test_an_lstms_tiny_gradients_in_float32_are_those_of_float64() -> None:
    torch.manual_seed(0)
    module = nn.LSTM(2, 16)
    x = torch.randn(200, 4, 2)
    call = captured(module, x, None, lambda output, _: output[-1].sum() * 1e-30)
    told = replay_layer(call).of(0)
    exact = captured(module.double(), x.double(), None, lambda output, _: output[-1].sum())
    truth = replay_layer(exact).of(0)
    assert truth.dh_norm[0] < -30
    np.testing.assert_allclose(told.dh_norm + 30, truth.dh_norm, atol=1e-3)
    np.testing.assert_allclose(told.dc_norm + 30, truth.dc_norm, atol=1e-3)


def test_norms_survive_where_squares_do_not() -> None:
    rows = torch.tensor([[3e-30, 4e-30], [0.0, 0.0], [math.inf, 1.0], [math.nan, 1.0], [3e30, 4e30]])
    told = log10_norms(rows)
    assert told[0] == pytest.approx(math.log10(5e-30), abs=1e-5)
    assert told[1] == -math.inf and told[2] == math.inf and math.isnan(told[3])
    assert told[4] == pytest.approx(math.log10(5e30), abs=1e-5)


def test_norms_are_of_the_samples_root_mean_square() -> None:
    torch.manual_seed(3)
    call = captured(
        nn.GRU(2, 5).double(), torch.randn(9, 6, 2).double(), None, lambda out, _: out.square().sum()
    )
    each = [replay_layer(replace(call, samples=[b])).of(0).dh_norm for b in range(6)]
    mean = np.log10(np.mean([10 ** (2 * one) for one in each], axis=0)) / 2
    np.testing.assert_allclose(replay_layer(call).of(0).dh_norm, mean, atol=1e-9)


def test_packed_samples_are_laid_end_to_end() -> None:
    torch.manual_seed(4)
    module, x = nn.LSTM(2, 5).double(), torch.randn(8, 3, 2).double()
    packed = pack_padded_sequence(x, torch.tensor([8, 5, 2]))
    call = captured(module, packed, None, lambda _, final: final[0].square().sum())
    told = replay_layer(call).of(0)
    assert told.present.tolist() == [1, 1, 1, 2, 2, 2, 3, 3]
    for b, length in enumerate((8, 5, 2)):
        one = replay_layer(replace(call, samples=[b])).of(0).dh_norm
        alone = captured(module, x[:length, b : b + 1], None, lambda _, final: final[0].square().sum())
        np.testing.assert_allclose(one, replay_layer(alone).of(0).dh_norm, atol=1e-9)
    assert np.isneginf(told.entering[:-1]).all() and np.isfinite(told.entering[-1])


def test_padded_samples_can_be_laid_by_where_the_loss_enters() -> None:
    torch.manual_seed(4)
    module, x = nn.LSTM(2, 5).double(), torch.randn(8, 3, 2).double()
    ends = torch.tensor([7, 4, 1])
    call = captured(module, x, None, lambda out, _: out[ends, torch.arange(3)].square().sum())
    by_entry = replay_layer(call, align="entry").of(0)
    packed = pack_padded_sequence(x, ends + 1)
    truth = captured(module, packed, None, lambda _, final: final[0].square().sum())
    np.testing.assert_allclose(by_entry.dh_norm, replay_layer(truth).of(0).dh_norm, atol=1e-9)
    by_end = replay_layer(call).of(0)
    assert np.isfinite(by_end.entering).sum() == 3


def test_a_loss_at_every_step_hides_the_horizon_and_only_last_shows_it() -> None:
    call = scaled_identity(0.5, steps=60)
    everywhere = replace(call, grad_output=torch.ones_like(call.grad_output))
    assert horizon(replay_layer(everywhere).of(0).dh_norm) == math.inf
    assert horizon(replay_layer(everywhere, only_last=True).of(0).dh_norm) == 10


def test_the_reverse_direction_works_back_from_the_end() -> None:
    torch.manual_seed(6)
    module, x = nn.GRU(2, 5, bidirectional=True).double(), torch.randn(7, 3, 2).double()
    call = captured(module, x, None, lambda out, _: out[0].square().sum())
    told = replay_layer(call)
    reverse, forward = told.of(0, reverse=True), told.of(0)
    assert np.isfinite(reverse.dh_norm).all() and np.isfinite(reverse.entering).tolist() == [False] * 6 + [
        True
    ]
    assert np.isfinite(forward.dh_norm).tolist() == [True] + [False] * 6
    with pytest.raises(KeyError):
        told.of(1)


def lstm_call(module: nn.LSTM, x: Tensor) -> RecurrentCall:
    return captured(module, x, None, lambda out, _: out.sum())


def test_gate_statistics_are_those_of_the_gates() -> None:
    torch.manual_seed(7)
    module, x = nn.LSTM(3, 6).double(), torch.randn(11, 5, 3).double() * 6
    with torch.no_grad():
        module.weight_ih_l0.mul_(3)
    told = replay_layer(lstm_call(module, x)).of(0)
    h, c = torch.zeros(5, 6).double(), torch.zeros(5, 6).double()
    values: dict[str, list[Tensor]] = {name: [] for name in "ifgo"}
    terms: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = {name: [] for name in "ifgo"}
    hs = []
    for t in range(11):
        from_x, from_h = x[t] @ module.weight_ih_l0.T, h @ module.weight_hh_l0.T
        b = module.bias_ih_l0 + module.bias_hh_l0
        for k, name in enumerate("ifgo"):
            part = slice(6 * k, 6 * k + 6)
            terms[name].append((from_x[:, part], from_h[:, part], b[part].expand(5, 6)))
            a = sum(terms[name][-1])
            values[name].append(torch.tanh(a) if name == "g" else torch.sigmoid(a))
        c = values["f"][-1] * c + values["i"][-1] * values["g"][-1]
        h = values["o"][-1] * torch.tanh(c)
        hs.append(h)
    for name, gate in told.gates.items():
        value = torch.stack(values[name])
        x_part, h_part, b_part = (torch.stack(each) for each in zip(*terms[name], strict=True))
        whole = x_part.abs().mean() + h_part.abs().mean() + b_part.abs().mean()
        assert gate.mean == pytest.approx(value.mean().item())
        assert gate.std == pytest.approx(value.std(correction=0).item())
        assert gate.saturated == pytest.approx(((x_part + h_part + b_part).abs() > 4).double().mean().item())
        assert 0.1 < gate.saturated < 1
        assert gate.share_x == pytest.approx((x_part.abs().mean() / whole).item())
        assert gate.share_h == pytest.approx((h_part.abs().mean() / whole).item())
        assert gate.share_b == pytest.approx((b_part.abs().mean() / whole).item())
        assert gate.stuck == gate.stuck_saturated == 0
    assert told.h_saturated == pytest.approx((torch.stack(hs).abs() > 0.95).double().mean().item())
    assert told.forget_mean == told.gates["f"].mean
    assert math.isnan(told.dead)


def test_the_split_of_a_grus_candidate_goes_through_the_reset_gate() -> None:
    torch.manual_seed(8)
    module, x = nn.GRU(3, 4).double(), torch.randn(1, 5, 3).double()
    h0 = torch.randn(1, 5, 4).double()
    gate = replay_layer(captured(module, x, h0, lambda out, _: out.sum())).of(0).gates["n"]
    w_n, u_n = module.weight_ih_l0[8:], module.weight_hh_l0[8:]
    r = torch.sigmoid(
        x[0] @ module.weight_ih_l0[:4].T
        + module.bias_ih_l0[:4]
        + h0[0] @ module.weight_hh_l0[:4].T
        + module.bias_hh_l0[:4]
    )
    parts = [x[0] @ w_n.T, r * (h0[0] @ u_n.T), module.bias_ih_l0[8:] + r * module.bias_hh_l0[8:]]
    sizes = torch.stack([each.abs().mean() for each in parts])
    told = torch.tensor([gate.share_x, gate.share_h, gate.share_b]).double()
    torch.testing.assert_close(told, (sizes / sizes.sum()).detach())


def test_stuck_gates_and_binary_ones_are_told_apart() -> None:
    torch.manual_seed(9)
    module, x = nn.LSTM(1, 4).double(), torch.randn(30, 4, 1).double().sign()
    with torch.no_grad():
        module.weight_hh_l0.zero_()
        module.bias_hh_l0.zero_()
        module.weight_ih_l0[:4], module.bias_ih_l0[:4] = 20.0, 0.0  # i: 0 or 1 as the input says
        module.weight_ih_l0[4:8], module.bias_ih_l0[4:8] = 0.1, 30.0  # f: shut at 1 whatever comes
        module.weight_ih_l0[12:], module.bias_ih_l0[12:] = 0.0, 1.0  # o: constant, not saturated
    gates = replay_layer(lstm_call(module, x)).of(0).gates
    assert (gates["i"].saturated, gates["i"].stuck, gates["i"].stuck_saturated) == (1, 0, 0)
    assert (gates["f"].saturated, gates["f"].stuck, gates["f"].stuck_saturated) == (1, 1, 1)
    assert gates["f"].share_b > 0.8 and gates["i"].share_x > 0.8
    assert (gates["o"].saturated, gates["o"].stuck, gates["o"].stuck_saturated) == (0, 1, 0)


def test_dead_relu_units_are_counted_over_all_samples_and_steps() -> None:
    torch.manual_seed(10)
    module = nn.RNN(2, 8, nonlinearity="relu").double()
    with torch.no_grad():
        module.weight_hh_l0.mul_(0.1)
        module.bias_ih_l0.zero_()
        module.bias_hh_l0.zero_()
        module.bias_ih_l0[:3] = -100.0
    told = replay_layer(captured(module, torch.randn(40, 6, 2).double(), None, lambda out, _: out.sum())).of(
        0
    )
    assert told.dead == 3 / 8
    assert math.isnan(told.gates["h"].saturated) and math.isnan(told.h_saturated)
    assert told.forget_mean is None


def test_padding_is_in_no_statistic() -> None:
    torch.manual_seed(12)
    module, x = nn.GRU(2, 5, num_layers=2, bidirectional=True).double(), torch.randn(9, 2, 2).double()
    packed = captured(module, pack_padded_sequence(x, torch.tensor([9, 4])), None, lambda out, _: out.sum())
    alone = captured(module, x[:4, 1:2], None, lambda out, _: out.sum())
    both, short = replay_layer(packed), replay_layer(alone)
    long = replay_layer(replace(packed, samples=[0]))
    for one, two, three in zip(both.directions, long.directions, short.directions, strict=True):
        for name, gate in one.gates.items():
            assert gate.mean == pytest.approx((9 * two.gates[name].mean + 4 * three.gates[name].mean) / 13)
            assert gate.share_b < 1


def test_a_replay_is_plain_json() -> None:
    told = replay_layer(scaled_identity(0.0, steps=4))
    plain = json.loads(json.dumps(told.as_dict(), allow_nan=False))
    assert plain["kind"] == "rnn_relu" and plain["samples"] == 3 and plain["steps"] == 4
    (direction,) = plain["directions"]
    assert direction["dh_norm"] == [None, None, None, pytest.approx(math.log10(2), abs=1e-4)]
    assert direction["dc_norm"] is None and direction["gates"]["h"]["saturated"] is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_a_gradient_that_is_no_number_or_nothing_is_told_without_a_warning(value: float) -> None:
    call = scaled_identity(0.5, steps=6)
    told = replay_layer(replace(call, grad_output=torch.full_like(call.grad_output, value))).of(0)
    profile = describe(told.dh_norm)
    if value == 0:
        assert np.isneginf(told.dh_norm).all() and profile.steps == 0
    else:
        assert not np.isfinite(told.dh_norm).any() and math.isnan(profile.growth)
