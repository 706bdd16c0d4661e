"""The options of the command: those of `restore train`, by the same names and
with the same defaults, and those of the device."""

import argparse

from .recipe import LOSSES

# A resumed training takes them from its checkpoint.
FIXED = ("steps", "batch", "patch", "rate", "weight_decay", "clip", "ema", "warmup", "schedule", "loss", "seed", "start_from", "guard", "freeze")

DEFAULTS = {"batch": 16, "patch": 96, "rate": 1.2e-3, "weight_decay": 0.0, "clip": 0.25, "ema": 0.999, "warmup": 200, "schedule": "cosine", "seed": 1, "guard": 10.0, "freeze": ""}


def parse(arguments=None):
    p = argparse.ArgumentParser(prog="train.py", description="Train a network of restore on GPUs, or on a CPU.")
    p.add_argument("task", metavar="TASK", help="task, or TASK:model=NAME")
    p.add_argument("--data", action="append", required=True, metavar="DIR", help="folder of clean pictures to learn from; may be given several times")
    p.add_argument("-o", "--out", metavar="DIR", help="folder for model, checkpoint and log (with --resume: the checkpoint's)")
    p.add_argument("--steps", type=int, metavar="N", help="length of the training")
    p.add_argument("--batch", type=int, metavar="N", help="pairs a step, over all devices (16)")
    p.add_argument("--patch", type=int, metavar="N", help="height and width of a pair in samples (96)")
    p.add_argument("--rate", type=float, help="learning rate (0.0012)")
    p.add_argument("--weight-decay", type=float, help="decoupled weight decay (0)")
    p.add_argument("--clip", type=float, help="longest gradient; 0 is no limit (0.25)")
    p.add_argument("--guard", type=float, help="leave a step out whose gradient is so many times as long as the recent ones; 0: never (10)")
    p.add_argument("--freeze", choices=("encoder",), help="what keeps its weights")
    p.add_argument("--ema", type=float, help="memory of the moving average of the weights (0.999)")
    p.add_argument("--warmup", type=int, metavar="N", help="steps over which the rate rises, at most a tenth of all (200)")
    p.add_argument("--schedule", choices=("cosine", "constant"), help="rate after the warm-up (cosine)")
    p.add_argument("--loss", choices=sorted(LOSSES), help="instead of the model's own")
    p.add_argument("--seed", type=int, help="seed of the first weights and of the pairs (1)")
    p.add_argument("--from", dest="start_from", metavar="FILE", help="model file whose weights to start from")
    p.add_argument("--resume", metavar="FILE", help="checkpoint to go on from, of this program or of restore train")
    p.add_argument("--decay", type=int, metavar="N", help="with --resume: branch off, let the rate fall to 0 over N steps and end there")
    p.add_argument("--overwrite", action="store_true", help="write over a training that is in the folder of -o")
    p.add_argument("--checkpoint", type=float, default=300, metavar="SECONDS", help="time between two checkpoints (300)")
    p.add_argument("--licence", default="", metavar="SPDX", help="licence of the weights for the model card")
    p.add_argument("--restore", default="restore", metavar="FILE", help="the program restore (that in the PATH)")
    p.add_argument("--pairs", default="", metavar="OPTIONS", help="further options for restore pairs, as one text")
    p.add_argument("--jobs", type=int, metavar="N", help="workers that make pairs, for each device (its share of the cores)")
    p.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    p.add_argument("--precision", choices=("auto", "float32", "bfloat16", "float16"), default="auto",
                   help="of the network's sums; auto: float16 on a GPU, float32 on a CPU")
    o = p.parse_args(arguments)
    _check(p, o)
    return o


def _check(p, o):
    if o.resume:
        for name in FIXED:
            if getattr(o, name) is not None:
                option = "from" if name == "start_from" else name.replace("_", "-")
                p.error(f"option --{option} cannot be changed by a resumed training: its checkpoint says it")
        if o.decay is not None and o.out is None:
            p.error("option --decay branches off: give the branch a folder of its own with -o DIR")
    else:
        if o.decay is not None:
            p.error("option --decay goes with --resume CHECKPOINT")
        if o.steps is None or o.out is None:
            p.error("say how long to train, --steps N, and where to write, -o DIR")
        for name, value in DEFAULTS.items():
            if getattr(o, name) is None:
                setattr(o, name, value)
    for name, least in (("steps", 1), ("batch", 1), ("patch", 1), ("weight_decay", 0), ("clip", 0), ("ema", 0), ("warmup", 0), ("seed", 0), ("guard", 0), ("decay", 1), ("jobs", 1)):
        value = getattr(o, name)
        if value is not None and not value >= least:
            p.error(f"option --{name.replace('_', '-')}: {value} is less than {least}, the least allowed")
    if o.rate is not None and not o.rate > 0 or o.ema is not None and not o.ema < 1:
        p.error("option --rate must be above 0, --ema below 1")
