import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

beta = 5.0


class SeqVAE(nn.Module):
    def __init__(self, hidden=32, latent=4):
        super().__init__()
        self.encoder = nn.GRU(1, hidden, batch_first=True)
        self.to_mu = nn.Linear(hidden, latent)
        self.to_logvar = nn.Linear(hidden, latent)
        self.from_latent = nn.Linear(latent, hidden)
        self.decoder = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = self.encoder(x)[1][-1]
        mu, logvar = self.to_mu(h), self.to_logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        clock = torch.linspace(-1, 1, x.size(1)).expand(len(x), -1).unsqueeze(-1)
        states, _ = self.decoder(clock, torch.tanh(self.from_latent(z)).unsqueeze(0))
        return self.out(states), mu, logvar


def curves(n, steps=16):
    t = torch.linspace(-1, 1, steps)
    slope, bend = torch.randn(n, 1), torch.randn(n, 1)
    return (slope * t + bend * (t**2 - 0.4) + 0.05 * torch.randn(n, steps)).unsqueeze(-1)


model = SeqVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(500):
    x = curves(32)
    recon, mu, logvar = model(x)
    recon_loss = nn.functional.mse_loss(recon, x)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    loss = recon_loss + beta * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} recon {recon_loss.item():.4f} kl {kl.item():.4f}")

x = curves(400)
with torch.no_grad():
    recon, _, _ = model(x)
print("metric r2", 1 - (nn.functional.mse_loss(recon, x) / x.var()).item())
