"""The project's own PyTorch yardstick: the Glow of docs/methods.md, written from the formulas, to measure Outglow's speed against.

    python3 bench/torch-glow.py --speed --channels 3 --depth 8 --width 128 --batch 64 --threads 2

prints one JSON line for a training step and one for scoring a batch. Images are 32x32, scales 3, Adamax, float32.
"""
import argparse
import ctypes
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional

SIDE, SCALES = 32, 3


class AffineNorm(nn.Module):
    """(x + bias) e^log_scale with one bias and scale for every entry of a shape."""

    def __init__(self, *shape):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(shape))
        self.log_scale = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        return (x + self.bias) * torch.exp(self.log_scale)


class FlowStep(nn.Module):
    """ActNorm, invertible 1x1 convolution in LU form, affine coupling."""

    def __init__(self, channels, hidden):
        super().__init__()
        half = channels // 2
        self.norm = AffineNorm(channels, 1, 1)
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels))
        permutation, lower, upper = torch.lu_unpack(*torch.linalg.lu_factor(rotation))
        diagonal = torch.diagonal(upper).clone()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", torch.sign(diagonal))
        self.register_buffer("identity", torch.eye(channels))
        self.lower = nn.Parameter(lower)
        self.upper = nn.Parameter(upper)
        self.log_diagonal = nn.Parameter(torch.log(torch.abs(diagonal)))
        self.enter = nn.Conv2d(half, hidden, 3, padding=1, bias=False)
        self.enter_norm = AffineNorm(hidden, 1, 1)
        self.mix = nn.Conv2d(hidden, hidden, 1, bias=False)
        self.mix_norm = AffineNorm(hidden, 1, 1)
        self.leave = nn.Conv2d(hidden, channels, 3, padding=1)
        self.leave_scale = nn.Parameter(torch.zeros(channels, 1, 1))
        for weight in (self.enter.weight, self.mix.weight):
            nn.init.normal_(weight, std=0.05)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x):
        left = torch.tril(self.lower, -1) + self.identity
        right = torch.triu(self.upper, 1) + torch.diag(self.sign * torch.exp(self.log_diagonal))
        weight = self.permutation @ left @ right
        x = functional.conv2d(self.norm(x), weight[:, :, None, None])
        a, b = torch.chunk(x, 2, dim=1)
        hidden = functional.relu(self.enter_norm(self.enter(a)))
        hidden = functional.relu(self.mix_norm(self.mix(hidden)))
        shift, raw = torch.chunk(self.leave(hidden) * torch.exp(3 * self.leave_scale), 2, dim=1)
        pixels = x.shape[2] * x.shape[3]
        log_det = pixels * (self.norm.log_scale.sum() + self.log_diagonal.sum())
        log_det = log_det + functional.logsigmoid(raw + 2).sum(dim=(1, 2, 3))
        return torch.cat([a, (b + shift) * torch.sigmoid(raw + 2)], dim=1), log_det


class Glow(nn.Module):
    """Log-likelihood terms [N, scales] of x [N, C, 32, 32] in nats, without the priors' constant."""

    def __init__(self, channels, depth, hidden):
        super().__init__()
        self.scales, self.priors = nn.ModuleList(), nn.ModuleList()
        side = SIDE
        for scale in range(SCALES):
            channels, side = 4 * channels, side // 2
            self.scales.append(nn.ModuleList(FlowStep(channels, hidden) for _ in range(depth)))
            channels = channels if scale == SCALES - 1 else channels // 2
            self.priors.append(AffineNorm(channels, side, side))

    def forward(self, x):
        terms = []
        for scale, (steps, prior) in enumerate(zip(self.scales, self.priors)):
            x = functional.pixel_unshuffle(x, 2)
            log_det = 0
            for step in steps:
                x, step_log_det = step(x)
                log_det = log_det + step_log_det
            z, x = (x, None) if scale == SCALES - 1 else torch.chunk(x, 2, dim=1)
            u = prior(z)
            terms.append(log_det + prior.log_scale.sum() - 0.5 * (u * u).sum(dim=(1, 2, 3)))
        return torch.stack(terms, dim=1)


def keep_freed_memory():
    """Tells glibc to keep what is freed for the next tensor. Left alone it maps every large tensor anew, which costs a page fault every
    4 KiB: scoring 256 images then spends nine tenths of its time there. Other C libraries have no mallopt and are left alone."""
    m_trim_threshold, m_mmap_max = -1, -4
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 2**31 - 1)


def median_seconds(run, seconds=10, least=5, warm_up=3):
    """The median time of a call over about `seconds`."""
    for _ in range(warm_up):
        run()
    times, begun = [], time.perf_counter()
    while len(times) < least or (time.perf_counter() - begun < seconds and len(times) < 200):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true", help="accepted for symmetry: there is nothing else to do")
    for name, default in (("channels", 3), ("depth", 8), ("width", 128), ("batch", 64), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = Glow(options.channels, options.depth, options.width)
    optimizer = torch.optim.Adamax(model.parameters(), lr=1e-4, weight_decay=5e-5)
    x = torch.rand(options.batch, options.channels, SIDE, SIDE) - 0.5

    def train():
        optimizer.zero_grad()
        loss = -model(x).sum(dim=1).mean()
        loss.backward()
        optimizer.step()

    def score():
        with torch.no_grad():
            model(x)

    for name, run in (("score", score), ("train", train)):
        seconds = median_seconds(run)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(json.dumps({"what": name, "images_per_s": round(options.batch / seconds, 1), "peak_rss_mb": round(peak)}))


if __name__ == "__main__":
    main()
