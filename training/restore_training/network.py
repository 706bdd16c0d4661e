"""Builds a network of PyTorch from the JSON of a model file."""

import json
import math
from fractions import Fraction

import torch
from torch import nn
from torch.nn import functional

from .modelfile import FormatError


class Network(nn.Module):
    """The graph of a model file. It takes its inputs in order, as tensors of
    [batch, planes, height, width], and gives its output node's value.

    names lists every parameter and running statistic by its name in model
    files ("node.parameter"), in the order in which Go has them, and says where
    it is: moving a network to a device replaces some tensors.
    """

    def __init__(self, text):
        super().__init__()
        self.text = text  # as it stands in the file, for what is written later
        graph = json.loads(text)
        self.inputs = [(i["name"], i["planes"]) for i in graph["inputs"]]
        self.output = graph["output"]
        self.code = graph.get("code", "")
        self.frozen = []  # layers that stay as they are
        self.layers = nn.ModuleList()
        self.steps = []  # of each node: name, names of its inputs
        self.names = {}
        known = {name for name, _ in self.inputs}
        for node in graph["nodes"]:
            name, kind, config = node["name"], node["kind"], node.get("config") or {}
            if kind not in KINDS:
                raise FormatError(f"node {name!r}: this program has no layer of kind {kind!r}")
            missing = [i for i in node["in"] if i not in known]
            if missing:
                raise FormatError(f"node {name!r} takes {missing[0]!r}, which no earlier node is called")
            config = {key: value for key, value in config.items() if key != "gain"}  # of first random weights only
            try:
                layer = KINDS[kind](**{RENAMED.get(key, key): value for key, value in config.items()})
            except (TypeError, ValueError) as e:
                raise FormatError(f"node {name!r} of kind {kind}: {e}") from e
            self.layers.append(layer)
            self.steps.append((name, node["in"]))
            known.add(name)
            for parameter, own in STORED.get(kind, {}).items():
                if getattr(layer, own, None) is not None:
                    self.names[f"{name}.{parameter}"] = (layer, own)
        if self.output not in known:
            raise FormatError(f"the output {self.output!r} is no node")
        # A value is forgotten after the last node that reads it.
        last = {}
        for i, (_, inputs) in enumerate(self.steps):
            for name in inputs:
                last[name] = i
        last[self.output] = len(self.steps)
        self.forget = [[name for name in set(inputs) if last[name] == i] for i, (_, inputs) in enumerate(self.steps)]

    def forward(self, *inputs):
        values = {name: value for (name, _), value in zip(self.inputs, inputs)}
        for layer, (name, needs), forget in zip(self.layers, self.steps, self.forget):
            values[name] = layer(*[values[n] for n in needs])
            for n in forget:
                del values[n]
        return values[self.output]

    def freeze_encoder(self):
        """Keeps the code node and all that it depends on as they are."""
        needed = {self.code}
        for layer, (name, needs) in zip(reversed(self.layers), reversed(self.steps)):
            if name in needed:
                needed.update(needs)
                self.frozen.append(layer)
                layer.requires_grad_(False)
        if self.code not in {name for name, _ in self.steps}:
            raise FormatError("the network does not say where its encoder ends, so that cannot be frozen")

    def train(self, mode=True):
        """A frozen batch norm goes by its running statistics, as in Go."""
        super().train(mode)
        for layer in self.frozen:
            layer.eval()
        return self

    def multiple(self):
        """What height and width of the inputs must be multiples of: each node's
        size divides theirs."""
        scales = {name: Fraction(1) for name, _ in self.inputs}
        found = 1
        for layer, (name, needs) in zip(self.layers, self.steps):
            scale = scales[needs[0]]
            if isinstance(layer, ConvTranspose):
                scale /= layer.stride[0]
            elif isinstance(layer, Conv):
                scale *= layer.stride[0]
            elif isinstance(layer, (DepthToSpace, Upsample)):
                scale /= layer.factor
            elif isinstance(layer, SpaceToDepth):
                scale *= layer.factor
            scales[name] = scale
            found = math.lcm(found, scale.numerator)
        return found

    def stored(self):
        """The parameters and running statistics by their names in files, as
        tensors that share the network's memory."""
        return {name: getattr(layer, own).detach() for name, (layer, own) in self.names.items()}

    def load(self, tensors, prefix=""):
        """Takes over the arrays of a file whose names begin with prefix."""
        for name, own in self.stored().items():
            array = tensors.get(prefix + name)
            if array is None or tuple(array.shape) != tuple(own.shape):
                have = "missing" if array is None else f"of shape {list(array.shape)}"
                raise FormatError(f"tensor {prefix + name!r} is {have}, the network wants shape {list(own.shape)}")
            own.copy_(torch.from_numpy(array))


class Conv(nn.Conv2d):
    def __init__(self, planes_in, planes_out, kernel, stride, pad=(0, 0), dilation=(1, 1), groups=1, bias=False):
        # 0 counts as 1, as in Go.
        dilation, groups = [max(1, d) for d in dilation], max(1, groups)
        super().__init__(planes_in, planes_out, tuple(kernel), tuple(stride), tuple(pad), tuple(dilation), groups, bias)


class ConvTranspose(nn.ConvTranspose2d):
    def __init__(self, planes_in, planes_out, kernel, stride, pad=(0, 0), bias=False):
        super().__init__(planes_in, planes_out, tuple(kernel), tuple(stride), tuple(pad), bias=bias)


class BatchNorm(nn.BatchNorm2d):
    """Running statistics move by a tenth towards the batch's, the variance
    towards the unbiased one: PyTorch's rule and Go's."""

    def __init__(self, planes):
        super().__init__(planes, eps=1e-5, momentum=0.1)


class SpaceToDepth(nn.Module):
    """Plane c*F*F + i*F + j of the output holds the samples (y*F+i, x*F+j) of
    plane c: the order of pixel_unshuffle."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return functional.pixel_unshuffle(x, self.factor)


class DepthToSpace(SpaceToDepth):
    def forward(self, x):
        return functional.pixel_shuffle(x, self.factor)


class Upsample(SpaceToDepth):
    def forward(self, x):
        return functional.interpolate(x, scale_factor=self.factor, mode="nearest")


class LeakyReLU(nn.Module):
    def __init__(self, slope=0.0):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        return functional.leaky_relu(x, self.slope)


class ReLU(nn.Module):
    def forward(self, x):
        return functional.relu(x)


class Add(nn.Module):
    def forward(self, first, *others):
        for other in others:
            first = first + other
        return first


class Multiply(nn.Module):
    def forward(self, a, b):
        return a * b


class Concat(nn.Module):
    def forward(self, *parts):
        return torch.cat(parts, 1)


KINDS = {
    "conv": Conv,
    "conv_transpose": ConvTranspose,
    "space_to_depth": SpaceToDepth,
    "depth_to_space": DepthToSpace,
    "upsample": Upsample,
    "batch_norm": BatchNorm,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "add": Add,
    "multiply": Multiply,
    "concat": Concat,
}

# Settings whose names are no good names in Python.
RENAMED = {"in": "planes_in", "out": "planes_out"}

# Of each kind: the names of its parameters in files, and in PyTorch.
STORED = {
    "conv": {"weight": "weight", "bias": "bias"},
    "conv_transpose": {"weight": "weight", "bias": "bias"},
    "batch_norm": {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"},
}
