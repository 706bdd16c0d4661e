"""The command: opens network, pairs and devices, and runs the steps."""

import datetime
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import torch
from torch import distributed

from . import modelfile, options
from .network import Network
from .pairs import Loader, StreamError
from .recipe import Config
from .trainer import CHECKPOINT, Diverged, Log, Trainer, open_checkpoint

# Each rank draws its own pairs: from its own seed, as far from the others' as
# nobody counts by hand. Rank 0 sees what a single device would.
SEED_STEP = 1_000_003


class Problem(Exception):
    """Something that the user can mend."""


def main(arguments=None):
    o = options.parse(arguments)
    try:
        return run(o)
    except (Problem, StreamError, Diverged, modelfile.FormatError, OSError) as e:
        print(f"train.py: {e}", file=sys.stderr)
        return 3


class Ranks:
    """The processes that torchrun started, or this one alone."""

    def __init__(self, o):
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        cuda = o.device == "cuda" or o.device == "auto" and torch.cuda.is_available()
        if cuda and not torch.cuda.is_available():
            raise Problem("PyTorch finds no GPU here: leave out --device, or see that nvidia-smi works and that torch is built for CUDA")
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        self.jobs = o.jobs or max(1, (os.cpu_count() or 1) // here)
        if cuda:
            torch.cuda.set_device(self.device)
            torch.backends.cudnn.benchmark = True  # all batches are of one size
            # TF32 has as few digits as float16: not what --precision float32 asks for.
            torch.backends.cudnn.allow_tf32 = o.precision != "float32"
        if self.count > 1:
            distributed.init_process_group("nccl" if cuda else "gloo")

    def wrap(self, network):
        if self.count == 1:
            return network
        ids = [self.device.index] if self.device.type == "cuda" else None
        return torch.nn.parallel.DistributedDataParallel(network, device_ids=ids)

    def mean(self, tensor):
        """The mean over the processes."""
        if self.count > 1:
            distributed.all_reduce(tensor)
            tensor /= self.count
        return tensor

    def any(self, flag):
        """Whether flag is set in any of the processes."""
        if self.count == 1:
            return flag
        t = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(t, op=distributed.ReduceOp.MAX)
        return t.item() > 0


def run(o):
    ranks = Ranks(o)
    began = time.monotonic()
    stop = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.append(True))
    network, config, memo, saved = start(o)
    if config.batch % ranks.count:
        raise Problem(f"a batch of {config.batch} cannot be shared by {ranks.count} devices: choose a multiple")
    out = o.out or os.path.dirname(os.path.abspath(o.resume))
    if ranks.rank == 0:
        spare(o, out)
    command = [o.restore, "pairs", o.task, "--batch", str(config.batch // ranks.count), "--patch", str(config.height),
               "--seed", str((config.seed + SEED_STEP * ranks.rank) % 2**64), "--start", str(saved[2] if saved else 0), "--jobs", str(ranks.jobs)]
    for folder in o.data:
        command += ["--data", folder]
    loader = Loader(command + shlex.split(o.pairs), pinned=ranks.device.type == "cuda")
    try:
        header = loader.header
        wants = [{"name": n, "planes": p} for n, p in network.inputs]
        if header["inputs"] != wants:
            raise Problem(f"the pairs of {o.task} have the inputs {header['inputs']}, the network takes {wants}")
        config.loss = config.loss or header["loss"]
        precision = o.precision
        if precision == "auto":
            # float16 has three bits more than bfloat16: the image itself enters the
            # network, and bfloat16 would round it to steps of up to 1/256.
            precision = "float16" if ranks.device.type == "cuda" else "float32"
        trainer = Trainer(network, config, ranks.device, precision, ranks.wrap, ranks.mean)
        if saved:
            trainer.resume(*saved[:2])
        if ranks.rank == 0:
            saver = Saver(o, out, header, memo, began, trainer)
        steps(o, ranks, trainer, loader, saver if ranks.rank == 0 else None, stop)
    finally:
        loader.close()
    if ranks.count > 1:
        distributed.destroy_process_group()
    return 130 if trainer.done < config.steps else 0


def start(o):
    """Returns network, configuration, memo and, of a resumed training, what the
    checkpoint holds (metadata, tensors, steps done)."""
    if o.resume:
        network, config, memo, metadata, tensors = open_checkpoint(o.resume)
        done = json.loads(metadata["training"])["done"]
        if o.decay is not None:  # a branch: the trunk's checkpoint stays as it is
            if config.schedule != "constant":
                raise Problem(f"the schedule of {o.resume} is {config.schedule}, whose rate falls by itself; only one with a constant rate can branch off")
            config.decay_from, config.steps = max(1, done), done + o.decay
        return network, config, memo, (metadata, tensors, done)
    config = Config(steps=o.steps, warmup=min(o.warmup, o.steps // 10), schedule=o.schedule, rate=o.rate, weight_decay=o.weight_decay,
                    clip=o.clip, guard=o.guard, freeze=o.freeze, ema=o.ema, loss=o.loss, batch=o.batch, height=o.patch, width=o.patch, seed=o.seed)
    if o.start_from:
        metadata, tensors = modelfile.read(o.start_from)
        before = json.loads(metadata.get("card", "{}"))
    else:
        metadata, tensors = first_weights(o)
        before = {}
    if "network" not in metadata:
        raise Problem(f"{o.start_from} is no model of restore: its metadata hold no network")
    network = Network(metadata["network"])
    network.load(tensors)
    return network, config, {"before": before, "hours": 0, "commands": []}, None


def first_weights(o):
    """The random weights that restore train would begin with."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "init.safetensors")
        done = subprocess.run([o.restore, "model", "init", o.task, "--seed", str(o.seed), "-o", path], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Problem(f"restore model init ended with code {done.returncode}; its message stands above")
        return modelfile.read(path)


def spare(o, out):
    """Makes the folder to write into, and refuses to write over another
    training."""
    path = os.path.join(out, CHECKPOINT)
    if os.path.exists(path) and not o.overwrite and not (o.resume and o.decay is None and os.path.samefile(path, o.resume)):
        raise Problem(f"{out} holds a training already; resume it, or choose another folder")
    os.makedirs(out, exist_ok=True)


class Saver:
    """Writes checkpoint, model and log."""

    def __init__(self, o, out, header, memo, began, trainer):
        self.out, self.header, self.memo, self.began, self.trainer, self.licence = out, header, memo, began, trainer, o.licence
        self.hours = memo.get("hours", 0)
        command = shlex.join(["train.py"] + sys.argv[1:])
        self.commands = list(memo.get("commands") or [])
        if command not in self.commands:
            self.commands.append(command)
        self.path = os.path.join(out, header["model"] + ".safetensors")
        self.log = Log(out, trainer.config, trainer.done)
        self.log.line({"kind": "data", "pictures": header["pictures"]})

    def save(self):
        hours = self.hours + (time.monotonic() - self.began) / 3600
        memo = dict(self.memo, hours=hours, commands=self.commands)
        self.trainer.save(os.path.join(self.out, CHECKPOINT), memo)
        self.trainer.write_model(self.path, self.metadata(hours))
        self.log.line({"kind": "saved", "step": self.trainer.done, "path": self.path})
        print(f"step {self.trainer.done}, saved {self.path}", flush=True)

    def metadata(self, hours):
        """What docs/model-format.md asks for."""
        c, h = self.trainer.config, self.header
        card = dict(self.memo.get("before", {}))
        card.pop("scores", None)  # they are those of other weights
        card["data"] = list(card.get("data", [])) + [line for line in h["data"] if line not in card.get("data", [])]
        card["command"], card["date"] = "; ".join(self.commands), datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        card["steps"] = card.get("steps", 0) + self.trainer.done
        card["gigapixels"] = round(card.get("gigapixels", 0) + self.trainer.done * c.batch * c.height * c.width / 1e9, 4)
        card["hours"] = round(card.get("hours", 0) + hours, 2)
        if self.trainer.device.type == "cuda":
            card["cpu"] = torch.cuda.get_device_name(self.trainer.device)
        card["limits"], card["licence"] = h.get("limits", ""), self.licence
        network = self.trainer.network
        return {
            "format_version": "1", "task": h["task"], "model": h["model"], "network": network.text,
            "size_multiple": str(network.multiple()),
            "padding": "zeros inside the network; pictures are continued by reflection before it",
            "input_range": "[0,1]", "colour": "sRGB as encoded; planes red, green, blue",
            "card": json.dumps({key: value for key, value in card.items() if value}, ensure_ascii=False),
        }


def steps(o, ranks, trainer, loader, saver, stop):
    """Takes the steps that are left; all processes end at the same one."""
    saved = time.monotonic()
    while trainer.done < trainer.config.steps:
        batch = loader.get(ranks.device)
        if batch is None:
            raise Problem("the pairs came to an end before the training: do not limit them")
        loss, length = trainer.step(batch)
        if saver:
            saver.log.step(loss, length)
            if saver.log.due() or trainer.done == trainer.config.steps:
                saver.log.write(trainer.done)
            if time.monotonic() - saved >= o.checkpoint:
                saver.log.write(trainer.done)
                saver.save()
                saved = time.monotonic()
        # To ask the others takes time, so it is not done at every step.
        if (ranks.count == 1 or trainer.done % 16 == 0) and ranks.any(bool(stop)):
            break
    if saver:
        saver.log.write(trainer.done)
        saver.save()
