"""Styles of writing a training loop."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from looplist import loop, main
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_


class Net(nn.Module):
    def __init__(self, inputs=3, hidden=8, outputs=1, **more):
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, batch_first=True, **more)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def batches(count, size=6, steps=7, inputs=3):
    for _ in range(count):
        x = torch.randn(size, steps, inputs)
        yield x, x.sum((1, 2), keepdim=False).unsqueeze(-1) / 10


@loop
def plain():
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for x, y in batches(12):
        opt.zero_grad()
        loss = nn.MSELoss()(model(x), y)
        loss.backward()
        opt.step()
        print(loss.item())
    return model, opt


@loop
def shapes_that_broadcast_warn():
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    for x, y in batches(5):
        opt.zero_grad()
        loss = F.mse_loss(model(x), y.squeeze(-1))
        loss.backward()
        opt.step()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            mse_loss(torch.zeros(4, 1), torch.zeros(4))
    criterion = nn.L1Loss()
    criterion(torch.zeros(4, 1), torch.zeros(4))
    nn.SmoothL1Loss()(torch.zeros(4, 1), torch.zeros(4))
    F.huber_loss(torch.zeros(4, 1), torch.zeros(4))
    F.kl_div(torch.zeros(4, 2), torch.ones(4, 2))
    return model, opt


def train_epoch(model, data, opt, criterion):
    for x, y in data:
        opt.zero_grad(set_to_none=False)
        criterion(model(x), y).backward()
        clip_grad_norm_(model.parameters(), 0.1)
        opt.step()


def evaluate(model, data, criterion):
    model.eval()
    with torch.no_grad():
        total = sum(criterion(model(x), y).item() for x, y in data)
    model.train()
    return total


@loop
def functions_with_evaluation_and_schedule():
    model = Net(num_layers=2, dropout=0.3)
    opt = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(opt, 1, 0.5)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=0)
    data, held = list(batches(4)), list(batches(2))
    for _ in range(3):
        train_epoch(model, data, opt, nn.MSELoss())
        schedule.step()
        loss = evaluate(model, held, nn.MSELoss())
        plateau.step(loss)
        print(loss, opt.param_groups[0]["lr"])
    with torch.inference_mode():
        print(model(held[0][0]).sum())
    return model, opt, schedule.state_dict(), plateau.state_dict()


class Trainer:
    def __init__(self, model):
        self.model = model
        self.opt = torch.optim.RMSprop(model.parameters())
        self.step, self.zero = self.opt.step, self.opt.zero_grad

    def fit(self, data, epochs):
        for epoch in range(epochs):
            for x, y in data:
                self.zero()
                self.loss = ((self.model.forward(x) - y) ** 2).mean()
                self.loss.backward()
                self.step()
            print(epoch, float(self.loss))
        return self


@loop
def trainer_class_forward_called_directly_loss_by_hand():
    trainer = Trainer(Net()).fit(list(batches(3)), 3)
    return trainer.model, trainer.opt


@loop
def two_trainings():
    first, second = Net(), Net(hidden=5)
    a = Trainer(first).fit(list(batches(3)), 3)
    b = Trainer(second).fit(list(batches(3)), 3)
    return first, second, a.opt, b.opt


@loop
def adversaries_take_turns():
    maker, judge = nn.GRU(2, 4, batch_first=True), nn.Sequential(nn.Linear(4, 6), nn.LeakyReLU(), nn.Linear(6, 1))
    a = torch.optim.Adam(maker.parameters(), 1e-3)
    b = torch.optim.Adam(judge.parameters(), 1e-3)
    for _ in range(6):
        noise, real = torch.randn(5, 4, 2), torch.randn(5, 4)
        fake = maker(noise)[0][:, -1]
        b.zero_grad()
        one = F.binary_cross_entropy_with_logits(judge(real), torch.ones(5, 1))
        two = F.binary_cross_entropy_with_logits(judge(fake.detach()), torch.zeros(5, 1))
        (one + two).backward()
        b.step()
        a.zero_grad()
        F.binary_cross_entropy_with_logits(judge(fake), torch.ones(5, 1)).backward()
        a.step()
    return maker, judge, a, b


@loop
def closures():
    model = Net()
    opt = torch.optim.LBFGS(model.parameters(), max_iter=4)
    x, y = next(batches(1))

    def closure():
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss

    for _ in range(4):
        print(opt.step(closure).item())
    return model, opt


@loop
def accumulation():
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for index, (x, y) in enumerate(batches(12)):
        (F.mse_loss(model(x), y, reduction="sum") / 4).backward()
        if index % 4 == 3:
            opt.step()
            opt.zero_grad()
    return model, opt


@loop
def scaled_gradients():
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    for index, (x, y) in enumerate(batches(8)):
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.mse_loss(model(x).float(), y)
        if index == 3:
            loss = loss * float("inf")
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(opt)
        scaler.update()
    return model, opt, scaler.state_dict()


@loop
def half_precision_model():
    model = Net().bfloat16()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches(4):
        opt.zero_grad()
        F.mse_loss(model(x.bfloat16()), y.bfloat16()).backward()
        opt.step()
    return model, opt


@loop
def double_precision_model():
    model = Net().double()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches(4):
        opt.zero_grad()
        F.mse_loss(model(x.double()), y.double()).backward()
        opt.step()
    return model, opt


@loop
def update_by_hand_data_add():
    model = Net()
    for x, y in batches(8):
        model.zero_grad()
        F.mse_loss(model(x), y).backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-0.1)
    return model


@loop
def update_by_hand_no_grad_and_reassigned():
    model = Net()
    for x, y in batches(8):
        for p in model.parameters():
            p.grad = None
        F.mse_loss(model(x), y).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
        for p in model.head.parameters():
            p.data = p.data - 0.05 * p.grad
    return model


@loop
def no_module_at_all():
    w = (torch.randn(3, 8) / 3).requires_grad_()
    u = (torch.randn(8, 8) / 8).requires_grad_()
    v = nn.Parameter(torch.randn(8, 1) / 8)
    for x, y in batches(8):
        h = torch.zeros(len(x), 8)
        for t in range(x.shape[1]):
            h = torch.tanh(x[:, t] @ w + h @ u)
        loss = (h @ v - y).abs().mean()
        loss.backward()
        with torch.no_grad():
            for p in (w, u, v):
                p -= 0.1 * p.grad
                p.grad.zero_()
    return w, u, v


@loop
def gradients_asked_for():
    model = Net()
    for x, y in batches(6):
        loss = F.mse_loss(model(x), y)
        grads = torch.autograd.grad(loss, list(model.parameters()), create_graph=False)
        with torch.no_grad():
            for p, g in zip(model.parameters(), grads):
                p -= 0.1 * g
    return model


@loop
def second_derivatives():
    model = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))
    opt = torch.optim.Adam(model.parameters())
    for _ in range(6):
        x = torch.randn(5, 3, requires_grad=True)
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        loss = ((slope.norm(2, dim=1) - 1) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return model, opt


@loop
def two_losses_at_once():
    model = Net(outputs=2)
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(6):
        out = model(x)
        opt.zero_grad()
        torch.autograd.backward([F.mse_loss(out[:, :1], y), F.l1_loss(out[:, 1:], y)])
        opt.step()
    return model, opt


@loop
def retained_graph_used_twice():
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(6):
        loss = F.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward(retain_graph=True)
        loss.backward()
        opt.step()
    return model, opt


@loop
def functional_gradients():
    model = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))
    params = {k: v.detach().clone() for k, v in model.named_parameters()}

    def compute(params, x, y):
        return F.mse_loss(torch.func.functional_call(model, params, (x,)), y)

    step = torch.func.grad(compute)
    for x, y in batches(8):
        grads = step(params, x[:, 0], y)
        params = {k: v - 0.1 * grads[k] for k, v in params.items()}
    each = torch.func.vmap(step, in_dims=(None, 0, 0))(params, x[:, 0], y)
    hessian = torch.func.hessian(compute)(params, x[:, 0], y)
    return params, each, hessian, model


@loop
def functional_recurrence():
    class Cellular(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = nn.GRUCell(3, 4), nn.Linear(4, 1)

        def forward(self, x):
            h = torch.zeros(x.shape[0], 4)
            for t in range(x.shape[1]):
                h = torch.tanh(x[:, t] @ self.cell.weight_ih[:4].T + h @ self.cell.weight_hh[:4].T)
            return self.head(h)

    model = Cellular()
    params = {k: v.detach().clone() for k, v in model.named_parameters()}

    def compute(params, x, y):
        return F.mse_loss(torch.func.functional_call(model, params, (x,)), y)

    for x, y in batches(6):
        grads, loss = torch.func.grad_and_value(compute)(params, x, y)
        params = {k: v - 0.1 * grads[k] for k, v in params.items()}
        print(float(loss))
    return params


@loop
def checkpointed_both_ways():
    from torch.utils.checkpoint import checkpoint

    left = []
    for reentrant in (True, False):
        model = Net(num_layers=2, dropout=0.2)
        block = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.2), nn.ReLU())
        block.register_forward_hook(lambda *_: print("forward"))
        opt = torch.optim.Adam([*model.parameters(), *block.parameters()])
        for x, y in batches(8):
            x.requires_grad_()
            opt.zero_grad()
            out = checkpoint(lambda v: model(block(v)), x, use_reentrant=reentrant)
            F.mse_loss(out, y).backward()
            opt.step()
        left += [model, block, opt]
    return left


@loop
def parametrised():
    model = Net()
    nn.utils.parametrizations.weight_norm(model.head)
    nn.utils.parametrizations.spectral_norm(model.rnn, "weight_hh_l0")
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(5):
        opt.zero_grad()
        F.mse_loss(model(x), y).backward()
        opt.step()
    return model, opt


@loop
def old_weight_norm():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nn.utils.weight_norm(model[0])
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(5):
        opt.zero_grad()
        F.mse_loss(model(x[:, 0]), y).backward()
        opt.step()
    return model, opt


@loop
def tied_weights_and_tokens():
    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(11, 6)
            self.rnn = nn.GRU(6, 6, batch_first=True)
            self.out = nn.Linear(6, 11)
            self.out.weight = self.embed.weight

        def forward(self, x, h=None):
            y, h = self.rnn(self.embed(x), h)
            return self.out(y), h

    model = Language()
    opt = torch.optim.SGD(model.parameters(), lr=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, 0.5, total_steps=10)
    text = torch.randint(0, 11, (4, 40))
    h = None
    for t in range(0, 36, 4):
        opt.zero_grad()
        out, h = model(text[:, t : t + 4], h)
        h = h.detach()
        F.cross_entropy(out.flatten(0, 1), text[:, t + 1 : t + 5].flatten(), label_smoothing=0.1).backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.2)
        opt.step()
        schedule.step()
    return model, opt, h


@loop
def sparse_gradients():
    embed, head = nn.Embedding(20, 4, sparse=True), nn.Linear(4, 3)
    a, b = torch.optim.SparseAdam(embed.parameters(), 0.1), torch.optim.Adam(head.parameters())
    for _ in range(6):
        tokens = torch.randint(0, 20, (5, 3))
        a.zero_grad()
        b.zero_grad()
        F.nll_loss(F.log_softmax(head(embed(tokens).mean(1)), -1), tokens[:, 0] % 3).backward()
        a.step()
        b.step()
    return embed, head, a, b


@loop
def lazy_modules():
    model = nn.Sequential(nn.LazyLinear(6), nn.LazyBatchNorm1d(), nn.ReLU(inplace=True), nn.LazyLinear(1))
    print(model(torch.randn(4, 3)).shape)
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(5):
        opt.zero_grad()
        F.mse_loss(model(x[:, 0]), y).backward()
        opt.step()
    return model, opt


@loop
def changed_in_place_after_it_was_seen():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.mid, self.head = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 8), nn.Linear(8, 1)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            y = self.rnn(x)[0] + 0.0
            y.mul_(2.0)
            y = self.relu(self.mid(y))
            y = F.relu(y - 0.1, inplace=True)
            return self.head(y[:, -1])

    model = InPlace()
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(6):
        out = model(x)
        out += 0.5
        x.zero_()
        opt.zero_grad()
        loss = F.mse_loss(out, y)
        loss.mul_(3.0)
        loss.backward()
        opt.step()
    return model, opt


class SignDescent(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad.sign(), alpha=-group["lr"])


class Duck:
    def __init__(self, params):
        self.params = list(params)

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        for p in self.params:
            p.data.add_(p.grad, alpha=-0.1)


@loop
def optimizers_of_their_own():
    model, other = Net(), Net()
    left = []
    for net, opt in ((model, SignDescent(model.parameters(), 0.01)), (other, Duck(other.parameters()))):
        for x, y in batches(6):
            opt.zero_grad()
            F.mse_loss(net(x), y).backward()
            opt.step()
        left.append(net)
    return left


@loop
def fused_foreach_and_tensor_rates():
    left = []
    for more in ({"fused": True}, {"foreach": True}, {"foreach": False, "lr": torch.tensor(0.01)}, {"amsgrad": True}):
        model = Net()
        opt = torch.optim.Adam(
            [{"params": model.rnn.parameters()}, {"params": list(model.head.parameters()), "weight_decay": 0.1}], **more
        )
        for x, y in batches(4):
            opt.zero_grad()
            F.mse_loss(model(x), y).backward()
            opt.step()
        left += [model, opt]
    return left


@loop
def steps_inside_gradient_hooks():
    model = Net()
    opts = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step(p):
        opts[p].step()
        opts[p].zero_grad()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(step)
    for x, y in batches(5):
        F.mse_loss(model(x), y).backward()
    return model


@loop
def hooks_of_their_own():
    model = Net()
    seen = []
    model.head.register_forward_hook(lambda m, a, o: o * 2)
    model.rnn.register_forward_pre_hook(lambda m, a: (a[0] + 1,))
    model.head.register_full_backward_hook(lambda m, gi, go: seen.append(float(go[0].sum())))
    model.head.weight.register_hook(lambda g: g * 0.5)
    handle = nn.modules.module.register_module_forward_hook(lambda m, a, o: seen.append(type(m).__name__))
    opt = torch.optim.Adam(model.parameters())
    opt.register_step_post_hook(lambda o, a, k: seen.append("step"))
    for x, y in batches(5):
        opt.zero_grad()
        out = model(x)
        out.retain_grad()
        out.register_hook(lambda g: seen.append(float(g.sum())))
        F.mse_loss(out, y).backward()
        seen.append(float(out.grad.sum()))
        opt.step()
    handle.remove()
    return model, opt, seen


@loop
def frozen_and_unfrozen():
    model = Net()
    model.rnn.requires_grad_(False)
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
    for index, (x, y) in enumerate(batches(8)):
        if index == 4:
            model.rnn.requires_grad_(True)
            opt.add_param_group({"params": list(model.rnn.parameters()), "lr": 1e-4})
        opt.zero_grad()
        F.mse_loss(model(x), y).backward()
        opt.step()
    return model, opt


@loop
def not_a_number():
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for index, (x, y) in enumerate(batches(8)):
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        if index > 3:
            loss = torch.log(-loss.abs())
        loss.backward()
        opt.step()
        print(loss.item())
    return model, opt


@loop
def saved_copied_and_pickled_while_training():
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    left = []
    for x, y in batches(5):
        opt.zero_grad()
        out = model(x)
        loss = F.mse_loss(out, y)
        loss.backward()
        opt.step()
        file = io.BytesIO()
        torch.save({"model": model, "opt": opt.state_dict(), "out": out.detach()}, file)
        again = torch.load(io.BytesIO(file.getvalue()), weights_only=False)
        left += [again["model"], len(file.getvalue()), copy.deepcopy(model), pickle.loads(pickle.dumps(opt))]
        left.append(len(pickle.dumps(model)))
        left.append(sorted(vars(out)) if hasattr(out, "__dict__") else None)
        left.append(out._backward_hooks is None)
    rnn = nn.LSTM(3, 4)
    out, (h, c) = rnn(torch.randn(5, 2, 3))
    file = io.BytesIO()
    torch.save([out, h, c], file)
    left += [len(file.getvalue()), out._backward_hooks, h._backward_hooks]
    return left


@loop
def errors_that_the_script_catches():
    import traceback

    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for index, (x, y) in enumerate(batches(8)):
        try:
            opt.zero_grad()
            if index == 1:
                model(x[:, :, :2])
            if index == 2:
                nn.CrossEntropyLoss()(model(x), torch.full((6,), 9))
            if index == 3:
                F.nll_loss(model(x), y)
            loss = F.mse_loss(model(x), y)
            if index == 4:
                loss.backward()
            if index == 5:
                clip_grad_norm_(model.parameters(), "much")
            loss.backward()
            if index == 6:
                nn.LSTM(3, 4)(x, "no state")
            if index == 7:
                nn.GRUCell(3, 4)(torch.zeros(2, 5))
            opt.step()
        except Exception:
            traceback.print_exc()
    return model, opt


@loop
def traced_by_jit():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.trace(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)), torch.randn(6, 3))
        scripted = torch.jit.script(nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)))
    opt = torch.optim.Adam([*model.parameters(), *scripted.parameters()])
    for x, y in batches(4):
        opt.zero_grad()
        F.mse_loss(scripted(model(x[:, 0])), y).backward()
        opt.step()
    return list(model.parameters()), list(scripted.parameters()), opt


@loop
def scripted_losses():
    class Judge(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor):
            return F.mse_loss(x, y) + mse_loss(x, y)

    import inspect

    judge = torch.jit.script(Judge())
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(4):
        opt.zero_grad()
        judge(model(x), y).backward()
        opt.step()
    print(inspect.signature(F.mse_loss), inspect.signature(nn.Module.__call__), pickle.dumps([F.mse_loss, clip_grad_norm_]))
    return model, opt


@loop
def modes_of_their_own():
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(getattr(func, "__name__", ""))
            return func(*args, **(kwargs or {}))

    class Dispatches(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for mode in (Functions, Dispatches):
        for x, y in batches(3):
            with mode():
                opt.zero_grad()
                F.mse_loss(model(x), y).backward()
                opt.step()
    with torch.device("meta"):
        nothing = nn.Linear(3, 4)
        F.mse_loss(nothing(torch.zeros(2, 3)), torch.zeros(2, 4)).backward()
    torch.set_default_device("cpu")
    for x, y in batches(3):
        opt.zero_grad()
        F.mse_loss(model(x), y).backward()
        opt.step()
    torch.set_default_device(None)
    return model, opt, seen


@loop
def variables_looked_at():
    def train():
        model = Net()
        here = locals()
        opt = torch.optim.Adam(model.rnn.parameters())
        for x, y in batches(3):
            opt.zero_grad()
            F.mse_loss(model.rnn(x)[0].sum((1, 2), keepdim=True)[:, :, 0], y).backward()
            opt.step()
        print(list(here))
        return model, opt

    return train()


@loop
def tensors_saved_elsewhere():
    seen = []
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for x, y in batches(4):
        opt.zero_grad()
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (seen.append("pack"), t)[1], lambda t: (seen.append("unpack"), t)[1]):
            loss = (F.relu(model(x)) - y).pow(2).mean() / torch.tensor(2.0)
        loss.backward()
        opt.step()
    return model, opt, len(seen), seen.count("unpack")


if __name__ == "__main__":
    main()
