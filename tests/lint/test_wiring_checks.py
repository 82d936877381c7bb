"""Zeroing, backward, step, clipping: sick, its healthy twin, and healthy code that looks sick."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_scripts import HEAD, NET, checks, program

LOOP = "for epoch in range(3):\n    for x, y in loader:\n"


def loop(*lines: str) -> str:
    return program(NET, LOOP + "".join(f"        {line}\n" for line in lines))


SICK = {
    "zero after backward": ("zeroed-before-step", loop(
        "loss = criterion(model(x), y)", "loss.backward()", "optimizer.zero_grad()", "optimizer.step()")),
    "step right after zeroing": ("zeroed-before-step", loop(
        "optimizer.zero_grad()", "optimizer.step()", "loss = criterion(model(x), y)", "loss.backward()")),
    "in a function": ("zeroed-before-step", program(NET, """
        def train_step(model, optimizer, x, y):
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
    """)),
    "inside autocast": ("zeroed-before-step", loop(
        "with torch.autocast('cuda'):", "    loss = criterion(model(x), y)", "loss.backward()", "optimizer.zero_grad()", "optimizer.step()")),
    "never zeroed": ("never-zeroed", loop("loss = criterion(model(x), y)", "loss.backward()", "optimizer.step()")),
    "never zeroed, one step a call": ("never-zeroed", program(NET, """
        def train_step(x, y):
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()

        for x, y in loader:
            train_step(x, y)
    """)),
    "never zeroed, handed over": ("never-zeroed", program(NET, """
        def train(net, opt):
            for x, y in loader:
                criterion(net(x), y).backward()
                opt.step()

        train(model, optimizer)
    """)),
    "never zeroed, class from settings": ("never-zeroed", program(NET, """
        opt = getattr(torch.optim, name)(model.parameters(), lr=0.1)
        for x, y in loader:
            criterion(model(x), y).backward()
            opt.step()
    """)),
    "never stepped": ("never-stepped", loop("optimizer.zero_grad()", "loss = criterion(model(x), y)", "loss.backward()")),
    "never stepped, with a scheduler": ("never-stepped", program(NET, """
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5)
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
            scheduler.step()
    """)),
    "never stepped, in a function": ("never-stepped", program(NET, """
        def train(net, opt):
            for x, y in loader:
                opt.zero_grad()
                criterion(net(x), y).backward()

        train(model, optimizer)
    """)),
    "never backward": ("never-backward", loop("optimizer.zero_grad()", "loss = criterion(model(x), y)", "optimizer.step()", "print(loss.item())")),
    "clipped after the step": ("late-clip", loop(
        "optimizer.zero_grad()", "criterion(model(x), y).backward()", "optimizer.step()",
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)")),
    "clipped after the step, in a function": ("late-clip", program(NET, """
        def train_step(x, y):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    """)),
    "clipped while scaled": ("scaled-clip", program(NET, """
        scaler = torch.cuda.amp.GradScaler()
        for x, y in loader:
            optimizer.zero_grad()
            scaler.scale(criterion(model(x), y)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
    """)),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_sick(tmp_path: Path, name: str) -> None:
    check, text = SICK[name]
    assert checks(tmp_path, text) == [check]


HEALTHY = {
    "usual order": loop("optimizer.zero_grad()", "criterion(model(x), y).backward()", "optimizer.step()"),
    "zeroed at the end": loop("criterion(model(x), y).backward()", "optimizer.step()", "optimizer.zero_grad()"),
    "step opens the loop": loop("optimizer.step()", "optimizer.zero_grad()", "criterion(model(x), y).backward()"),
    "accumulated": program(NET, """
        for i, (x, y) in enumerate(loader):
            (criterion(model(x), y) / 4).backward()
            if (i + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
    """),
    "accumulated, inner loop": program(NET, """
        for x, y in loader:
            optimizer.zero_grad()
            for part in x.split(8):
                criterion(model(part), y).backward()
            optimizer.step()
    """),
    "model zeroed": loop("model.zero_grad()", "criterion(model(x), y).backward()", "optimizer.step()"),
    "grad set to None": program(NET, """
        for x, y in loader:
            for p in model.parameters():
                p.grad = None
            criterion(model(x), y).backward()
            optimizer.step()
    """),
    "helper zeroes": program(NET, """
        def clear():
            optimizer.zero_grad(set_to_none=True)

        for x, y in loader:
            clear()
            criterion(model(x), y).backward()
            optimizer.step()
    """),
    "helper of another module zeroes": program("from mine import reset", NET, """
        for x, y in loader:
            reset(optimizer)
            criterion(model(x), y).backward()
            optimizer.step()
    """),
    "helper of another module gets the model": program("from mine import before_step", NET, """
        for x, y in loader:
            before_step(model)
            criterion(model(x), y).backward()
            optimizer.step()
    """),
    "closure": program(NET, """
        opt = torch.optim.LBFGS(model.parameters())
        for x, y in loader:
            def closure():
                opt.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                return loss
            opt.step(closure)
    """),
    "GAN": program(HEAD, """
        G, D = make()
        opt_g, opt_d = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
        for real in loader:
            opt_d.zero_grad()
            fake = G(torch.randn(8, 4))
            loss_d = F.softplus(D(fake.detach())).mean() + F.softplus(-D(real)).mean()
            loss_d.backward()
            opt_d.step()
            opt_g.zero_grad()
            loss_g = F.softplus(-D(fake)).mean()
            loss_g.backward()
            opt_g.step()
    """),
    "GAN, zeroed crosswise": program(HEAD, """
        for real in loader:
            loss_g = F.softplus(-D(G(z))).mean()
            opt_g.zero_grad()
            loss_g.backward()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
            opt_g.step()
    """),
    "Lightning": program(HEAD, """
        import pytorch_lightning as pl

        class Lit(pl.LightningModule):
            def training_step(self, batch, i):
                return F.cross_entropy(self.net(batch[0]), batch[1])

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())
    """),
    "Lightning by hand": program(HEAD, """
        import lightning as L

        class Lit(L.LightningModule):
            def training_step(self, batch, i):
                opt = self.optimizers()
                loss = F.cross_entropy(self.net(batch[0]), batch[1])
                self.manual_backward(loss)
                opt.step()
                opt.zero_grad()
    """),
    "accelerate": program(NET, """
        from accelerate import Accelerator
        accelerator = Accelerator()
        model, optimizer = accelerator.prepare(model, optimizer)
        for x, y in loader:
            with accelerator.accumulate(model):
                loss = criterion(model(x), y)
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
    """),
    "deepspeed": program(NET, """
        engine, _, _, _ = deepspeed.initialize(model=model, optimizer=optimizer)
        for x, y in loader:
            loss = criterion(engine(x), y)
            engine.backward(loss)
            engine.step()
    """),
    "a hook zeroes": program(NET, """
        optimizer.register_step_post_hook(lambda o, *_: o.zero_grad())
        for x, y in loader:
            criterion(model(x), y).backward()
            optimizer.step()
    """),
    "a subclass zeroes": program(NET, """
        class Zeroing(torch.optim.Adam):
            def step(self):
                super().step()
                self.zero_grad()

        opt = Zeroing(model.parameters())
        for x, y in loader:
            criterion(model(x), y).backward()
            opt.step()
    """),
    "callbacks get the trainer": program(HEAD, """
        class Trainer:
            def __init__(self, model, callbacks):
                self.model, self.callbacks = model, callbacks
                self.optimizer = torch.optim.Adam(model.parameters())

            def fit(self, loader):
                for x, y in loader:
                    F.mse_loss(self.model(x), y).backward()
                    self.optimizer.step()
                    for callback in self.callbacks:
                        callback.after_step(self)
    """),
    "inherited method": program(HEAD, """
        from mine import Base

        class Trainer(Base):
            def fit(self, loader):
                self.optimizer = torch.optim.Adam(self.model.parameters())
                for x, y in loader:
                    self.prepare()
                    F.mse_loss(self.model(x), y).backward()
                    self.optimizer.step()
    """),
    "optimizer in a wrapper": program(NET, """
        class Noam:
            def __init__(self, inner):
                self.inner = inner
            def step(self):
                self.inner.step()
                self.inner.zero_grad()

        opt = Noam(optimizer)
        for x, y in loader:
            criterion(model(x), y).backward()
            opt.step()
    """),
    "stepped in a trainer of another module": program("from mine import Trainer", NET, """
        trainer = Trainer(model, optimizer)
        for x, y in loader:
            criterion(model(x), y).backward()
            trainer.update()
    """),
    "stepped in a function": program(NET, """
        def update(opt):
            opt.step()
            opt.zero_grad()

        for x, y in loader:
            criterion(model(x), y).backward()
            update(optimizer)
    """),
    "by hand": program(NET, """
        for x, y in loader:
            model.zero_grad()
            criterion(model(x), y).backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
    """),
    "returned": program(HEAD, """
        def setup(model):
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                model(x).sum().backward()
            return optimizer
    """),
    "made anew each time": program(NET, """
        for trial in range(5):
            net = Net()
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            criterion(net(x), y).backward()
            opt.step()
    """),
    "SAM": program(NET, """
        from sam import SAM
        opt = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
        for x, y in loader:
            criterion(model(x), y).backward()
            opt.first_step(zero_grad=True)
            criterion(model(x), y).backward()
            opt.second_step(zero_grad=True)
    """),
    "adversarial pass between": loop(
        "criterion(model(x), y).backward()", "attack()", "optimizer.zero_grad()", "criterion(model(x), y).backward()",
        "optimizer.step()"),
    "gradients set by hand between": loop(
        "criterion(model(x), y).backward()", "grads = [p.grad.clone() for p in model.parameters()]", "optimizer.zero_grad()",
        "put_back(model, grads)", "for p, g in zip(model.parameters(), grads): p.grad = g", "optimizer.step()"),
    "torch.func": program(NET, """
        from torch.func import grad
        for x, y in loader:
            loss = criterion(model(x), y)
            assign(model, grad(f)(params))
            optimizer.step()
    """),
    "backward elsewhere": program("from mine import accumulate", NET, """
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            accumulate(loss)
            optimizer.step()
    """),
    "norm after the step, logged": loop(
        "optimizer.zero_grad()", "criterion(model(x), y).backward()", "optimizer.step()",
        "norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)"),
    "clipped in time": loop(
        "optimizer.zero_grad()", "criterion(model(x), y).backward()", "nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        "optimizer.step()"),
    "clipped between two steps": loop(
        "optimizer.zero_grad()", "criterion(model(x), y).backward()", "optimizer.step()",
        "nn.utils.clip_grad_norm_(head.parameters(), 1.0)", "head_optimizer.step()"),
    "clipped after unscaling": program(NET, """
        scaler = torch.amp.GradScaler()
        for x, y in loader:
            optimizer.zero_grad()
            scaler.scale(criterion(model(x), y)).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
    """),
    "scaler switched off": program(NET, """
        scaler = torch.amp.GradScaler(enabled=amp)
        for x, y in loader:
            optimizer.zero_grad()
            scaler.scale(criterion(model(x), y)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy(tmp_path: Path, name: str) -> None:
    assert checks(tmp_path, HEALTHY[name]) == []
