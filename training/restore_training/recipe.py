"""What a step does beside the network: rate, loss, moving average. Each is the
twin of a function in cae/train of the Go program."""

import math
from dataclasses import asdict, dataclass, fields

import torch
from torch.nn import functional

from .modelfile import FormatError


@dataclass
class Config:
    """The configuration of a training, as checkpoints hold it."""

    steps: int  # length of the run
    warmup: int = 200  # steps over which the rate rises
    schedule: str = "cosine"  # or "constant"
    decay_from: int = 0  # step from which a constant rate falls to 0 at the last one; 0: it does not
    rate: float = 1.2e-3  # full learning rate
    weight_decay: float = 0.0  # decoupled
    clip: float = 0.25  # longest gradient; 0: no limit
    guard: float = 10.0  # a step whose gradient is so many times as long as the recent ones is left out; 0: only one that is not finite
    freeze: str = ""  # or "encoder": it keeps its parameters
    ema: float = 0.999  # memory of the moving average of the weights
    loss: str = "l1"
    batch: int = 16  # pairs a step, over all devices
    height: int = 96
    width: int = 96
    seed: int = 1

    @staticmethod
    def parse(values):
        known = {f.name for f in fields(Config)}
        if not set(values) <= known:
            raise FormatError(f"a training with the settings {sorted(set(values) - known)}, which this program does not know: use one of the same version")
        return Config(**values)

    def values(self):
        return asdict(self)

    def factor(self, step):
        """What the full rate is multiplied by at a step, which counts from 0."""
        f = 1.0
        if step < self.warmup:
            f = (step + 1) / (self.warmup + 1)
        if self.schedule == "cosine" and step >= self.warmup:
            done = (step - self.warmup) / max(1, self.steps - self.warmup)
            f = 0.5 * (1 + math.cos(math.pi * min(1, done)))
        elif 0 < self.decay_from <= step:
            left = max(0.0, (self.steps - step) / (self.steps - self.decay_from))
            if self.decay_from < self.warmup:  # from the rate that the warm-up had reached
                return left * self.decay_from / (self.warmup + 1)
            f *= left
        return f

    def keep(self, step):
        """How much of the moving average stays at a step, which counts from 1
        and leaves out what the guard did: early on its memory is as long as the
        run so far."""
        return min(self.ema, step / (step + 10))


@dataclass
class Guard:
    """Watches the lengths of the gradients: a step whose gradient is not finite,
    or far longer than those before it, is left out, as a single bad batch can
    undo thousands of good steps."""

    mean: float = 0.0  # moving average of the lengths
    seen: int = 0  # how many are in it
    skipped: int = 0  # steps left out so far
    in_a_row: int = 0

    def passes(self, loss, length, limit):
        """Whether a step with such a loss and gradient may be taken."""
        finite = math.isfinite(loss + length)
        most = limit * self.mean if limit > 0 and self.seen >= GUARD_FROM else math.inf
        ok = finite and length <= most
        if finite:
            # What is left out counts for as much as could have passed.
            self.seen += 1
            self.mean += (min(length, most) - self.mean) / min(self.seen, GUARD_MEMORY)
        if ok:
            self.in_a_row = 0
        else:
            self.skipped += 1
            self.in_a_row += 1
        return ok


GUARD_MEMORY = 100  # steps over which the average looks back
GUARD_FROM = 20  # so many lengths are needed before one can be far from them
GUARD_PATIENT = 50  # so many steps left out in a row are no accident

CHARBONNIER_EPS = 1e-3

LOSSES = {
    "l1": lambda x, t: (x - t).abs(),
    "mse": lambda x, t: (x - t) ** 2,
    "charbonnier": lambda x, t: ((x - t) ** 2 + CHARBONNIER_EPS * CHARBONNIER_EPS).sqrt(),
    "bce": lambda x, t: functional.binary_cross_entropy_with_logits(x, t, reduction="none"),
}


def loss_of(name, out, target, weight=None):
    """The mean over all samples, each counted weight times."""
    value = LOSSES[name](out.float(), target)
    if weight is not None:
        value = value * weight
    return value.mean()


def optimizer_of(network, config, foreach):
    """AdamW whose decay spares biases and scales, which have one dimension."""
    trained = [p for p in network.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.dim() > 1]
    vectors = [p for p in trained if p.dim() <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=config.rate, betas=(0.9, 0.999), eps=1e-8, foreach=foreach)


class Average:
    """Moving average of parameters and running statistics (Polyak and Juditsky
    1992)."""

    def __init__(self, network):
        self.names = list(network.names)
        # What is frozen is averaged too: it stays as it is.
        self.values = [t.clone() for t in network.stored().values()]

    @torch.no_grad()
    def update(self, network, keep):
        latest = list(network.stored().values())
        torch._foreach_mul_(self.values, keep)
        torch._foreach_add_(self.values, latest, alpha=1 - keep)

    def stored(self):
        return dict(zip(self.names, self.values))
