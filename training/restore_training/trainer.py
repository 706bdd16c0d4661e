"""The training step, its checkpoints and the model that it leaves."""

import json
import math
import os
import time
from dataclasses import asdict

import torch
from torch import nn

from . import modelfile
from .network import Network
from .recipe import GUARD_PATIENT, Average, Config, Guard, loss_of, optimizer_of

VERSION = "1"
CHECKPOINT = "checkpoint.safetensors"
PARTS = ("weight/", "first_moment/", "second_moment/", "average/")


class Diverged(Exception):
    """A training that has had no usable gradient for many steps."""


def _scaler(enabled):
    """The scaler of losses, by its name in PyTorch 2.3 or the older one."""
    if hasattr(torch.amp, "GradScaler"):
        return torch.amp.GradScaler("cuda", enabled=enabled)
    return torch.cuda.amp.GradScaler(enabled=enabled)


class Trainer:
    """Trains one network. precision is float32, bfloat16 or float16; the last
    scales losses so that small gradients are not lost. wrap prepares the
    network for several devices, and mean averages a tensor over them."""

    def __init__(self, network, config, device, precision="float32", wrap=lambda network: network, mean=lambda tensor: tensor):
        self.config, self.device, self.mean, self.guard = config, device, mean, Guard()
        if config.freeze:
            network.freeze_encoder()
        layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
        self.network = network.to(device, memory_format=layout)
        self.layout = layout
        self.average = Average(self.network)
        self.model = wrap(self.network)
        self.optimizer = optimizer_of(self.network, config, foreach=device.type == "cuda")
        self.precision = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
        self.scaler = _scaler(self.precision == torch.float16)
        self.done = 0

    def step(self, batch):
        """Learns from one batch. Returns loss and length of the gradient before
        clipping. Where the guard leaves the step out, nothing changes."""
        c = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = c.rate * c.factor(self.done)
        self.model.train()
        inputs = [t.contiguous(memory_format=self.layout) for t in batch.inputs]
        statistics = [b.clone() for b in self.network.buffers()]
        with torch.autocast(self.device.type, dtype=self.precision or torch.bfloat16, enabled=self.precision is not None):
            out = self.model(*inputs)
        loss = loss_of(c.loss, out, batch.target, batch.weight)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        limit = c.clip if c.clip > 0 else float("inf")
        length = nn.utils.clip_grad_norm_(self.network.parameters(), limit)
        # Here the host waits for the device, as float16's scaler does anyway.
        loss, length = self.mean(torch.stack([loss.detach(), length.to(loss.device)])).tolist()
        self.done += 1
        if self.guard.passes(loss, length, c.guard):
            self.scaler.step(self.optimizer)
            self.average.update(self.network, c.keep(self.done - self.guard.skipped))
        else:
            for own, before in zip(self.network.buffers(), statistics):
                own.copy_(before)
            if self.guard.in_a_row >= GUARD_PATIENT:
                raise Diverged(f"the training has diverged at step {self.done}: {self.guard.in_a_row} steps in a row had no usable gradient, "
                               f"the last a loss of {loss:g} and a gradient of length {length:g}; start again with a lower rate or a longer warm-up")
        self.scaler.update()
        return loss, length

    def state(self):
        """Everything that a checkpoint keeps, as arrays by name."""
        tensors = {}
        average = self.average.stored()
        for name, own in self.network.stored().items():
            layer, attribute = self.network.names[name]
            moments = self.optimizer.state.get(getattr(layer, attribute), {})
            zeros = torch.zeros_like(own)
            for part, t in zip(PARTS, (own, moments.get("exp_avg", zeros), moments.get("exp_avg_sq", zeros), average[name])):
                tensors[part + name] = t.detach().float().cpu().contiguous().numpy()
        return tensors

    def save(self, path, memo):
        """Writes a checkpoint as Go does: `restore train --resume` goes on from
        it, and the other way round."""
        text = json.dumps({"config": self.config.values(), "done": self.done, "guard": asdict(self.guard), "memo": memo})
        metadata = {"format_version": VERSION, "network": self.network.text, "training": text}
        if self.scaler.is_enabled():
            metadata["loss_scale"] = json.dumps(self.scaler.state_dict())
        modelfile.write(path, metadata, self.state(), "F32")

    def resume(self, metadata, tensors):
        """Takes over the state of a checkpoint, whose configuration the trainer
        has already."""
        state = json.loads(metadata["training"])
        self.done, self.guard = state["done"], Guard(**state.get("guard", {}))
        self.network.load(tensors, PARTS[0])
        for name, own in self.average.stored().items():
            own.copy_(torch.from_numpy(tensors[PARTS[3] + name]))
        for name, (layer, attribute) in self.network.names.items():
            p = getattr(layer, attribute)
            if not isinstance(p, nn.Parameter) or not p.requires_grad:
                continue
            moments = [torch.empty_like(p).copy_(torch.from_numpy(tensors[part + name])) for part in PARTS[1:3]]
            self.optimizer.state[p] = {"step": torch.tensor(float(self.done - self.guard.skipped)), "exp_avg": moments[0], "exp_avg_sq": moments[1]}
        if self.scaler.is_enabled() and "loss_scale" in metadata:
            self.scaler.load_state_dict(json.loads(metadata["loss_scale"]))

    def write_model(self, path, metadata):
        """Writes the averaged weights as a model file of F16."""
        tensors = {name: t.float().cpu().contiguous().numpy() for name, t in self.average.stored().items()}
        modelfile.write(path, metadata, tensors, "F16")


def open_checkpoint(path):
    """Returns network, configuration, memo, metadata and tensors of a
    checkpoint."""
    metadata, tensors = modelfile.read(path)
    if "training" not in metadata:
        raise modelfile.FormatError(f"{path} is no checkpoint; it lies beside the model as {CHECKPOINT}")
    state = json.loads(metadata["training"])
    return Network(metadata["network"]), Config.parse(state["config"]), state["memo"], metadata, tensors


class Log:
    """Lines for people on standard output, and log.jsonl for programs: the same
    events as those of `restore train`."""

    def __init__(self, folder, config, done):
        self.config = config
        path = os.path.join(folder, "log.jsonl")
        kept = []
        if done > 0 and os.path.exists(path):  # lines from after the checkpoint are of steps that are taken again
            with open(path, encoding="utf-8") as f:
                kept = [line for line in f if line.endswith("\n") and json.loads(line).get("step", 0) <= done]
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(kept)
        self.file = open(path, "a", encoding="utf-8")
        self.losses, self.lengths, self.since = [], [], time.monotonic()

    def step(self, loss, length):
        if math.isfinite(loss + length):  # others are left out, and JSON has no infinity
            self.losses.append(loss)
            self.lengths.append(length)

    def due(self, seconds=5):
        return time.monotonic() - self.since >= seconds

    def write(self, step):
        """Writes the mean of what has come together."""
        if not self.losses:
            return
        c = self.config
        took = max(time.monotonic() - self.since, 1e-9)
        loss, length = (sum(values) / len(values) for values in (self.losses, self.lengths))
        rate = c.rate * c.factor(step - 1)
        speed = len(self.losses) * c.batch * c.height * c.width / took
        left = (c.steps - step) * took / len(self.losses)
        self.line({"kind": "step", "step": step, "steps": c.steps, "loss": loss, "gradient": length, "rate": rate,
                   "pixels_per_second": speed, "seconds_left": left})
        print(f"step {step} of {c.steps}, loss {loss:.5g}, rate {rate:.3g}, {speed / 1e6:.3g} MP/s, {left:.0f} s left", flush=True)
        self.losses, self.lengths, self.since = [], [], time.monotonic()

    def line(self, event):
        self.file.write(json.dumps(event) + "\n")
        self.file.flush()
