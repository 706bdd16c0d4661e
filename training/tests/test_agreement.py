"""PyTorch makes of a network what the Go engine makes of it."""

import glob
import json
import os
import re
import unittest

import numpy as np
import torch

from restore_training import modelfile
from restore_training.network import KINDS, Network
from restore_training.pairs import Batch
from restore_training.recipe import Config
from restore_training.trainer import Trainer

from .common import ROOT, testdata


def stored():
    metadata, tensors = modelfile.read(testdata("network.safetensors"))
    network = Network(metadata["network"])
    network.load(tensors)
    record, arrays = modelfile.read(testdata("agreement.safetensors"))
    return network, json.loads(record["steps"]), {name: torch.from_numpy(a) for name, a in arrays.items()}


class Agreement(unittest.TestCase):
    def test_output(self):
        network, _, t = stored()
        network.eval()
        with torch.no_grad():
            out = network(t["input/image"], t["input/level"])
        self.assertEqual(out.shape, t["output"].shape)
        self.assertLess((out - t["output"]).abs().max().item(), 1e-4)

    def test_steps(self):
        network, record, t = stored()
        start = {name: own.clone() for name, own in network.stored().items()}
        trainer = Trainer(network, Config.parse(record["config"]), torch.device("cpu"))
        batch = Batch(0, [t["input/image"], t["input/level"]], t["target"], t["weight"])
        for loss, length in zip(record["losses"], record["gradients"]):
            got = trainer.step(batch)
            self.assertLess(abs(got[0] - loss) / loss, 1e-3)
            self.assertLess(abs(got[1] - length) / length, 1e-3)
        # The averages have moved where Go's have, to a hundredth of the way.
        apart = moved = 0.0
        for name, average in trainer.average.stored().items():
            want = t["average/" + name]
            apart += ((average - want) ** 2).sum().item()
            moved += ((want - start[name]) ** 2).sum().item()
        self.assertGreater(moved, 1e-4)
        self.assertLess(apart ** 0.5 / moved ** 0.5, 1e-2)

    def test_stored_network_has_every_kind(self):
        with open(os.path.join(ROOT, "cae", "layer.go"), encoding="utf-8") as f:
            table = re.search(r"\nvar kinds = .*?\n}", f.read(), re.S).group()
        kinds = set(re.findall(r'"(\w+)":', table))
        self.assertEqual(kinds, set(KINDS))
        metadata, _ = modelfile.read(testdata("network.safetensors"))
        self.assertEqual(kinds, {n["kind"] for n in json.loads(metadata["network"])["nodes"]})


class ShippedModels(unittest.TestCase):
    def test_build(self):
        paths = glob.glob(os.path.join(ROOT, "tasks", "*", "*.safetensors"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(os.path.relpath(path, ROOT)):
                metadata, tensors = modelfile.read(path)
                if "network" not in metadata:
                    self.skipTest("it holds no network")
                network = Network(metadata["network"])
                network.load(tensors)
                self.assertEqual(list(network.stored()), list(tensors))
                multiple = network.multiple()
                self.assertEqual(str(multiple), metadata["size_multiple"])
                inputs = [torch.rand(1, planes, multiple, 2 * multiple) for _, planes in network.inputs]
                with torch.no_grad():
                    out = network.eval()(*inputs)
                self.assertEqual(out.shape[2:], inputs[0].shape[2:])
                self.assertTrue(torch.isfinite(out).all())


class Refusals(unittest.TestCase):
    def network(self, **change):
        node = {"name": "y", "kind": "conv", "in": ["x"], "config": {"in": 1, "out": 1, "kernel": [1, 1], "stride": [1, 1]}}
        node.update(change)
        return json.dumps({"inputs": [{"name": "x", "planes": 1}], "nodes": [node], "output": "y"})

    def test_network(self):
        self.assertEqual(Network(self.network())(torch.ones(1, 1, 2, 2)).shape, (1, 1, 2, 2))
        for change, words in (({"kind": "magic"}, "magic"), ({"in": ["z"]}, "no earlier node"), ({"config": {"in": 1, "tilt": 2}}, "tilt"), ({"name": "q"}, "output")):
            with self.subTest(words), self.assertRaisesRegex(modelfile.FormatError, words):
                Network(self.network(**change))

    def test_weights(self):
        network = Network(self.network())
        for tensors, words in (({}, "missing"), ({"y.weight": np.zeros((2, 1, 1, 1), np.float32)}, r"\[2, 1, 1, 1\]")):
            with self.subTest(words), self.assertRaisesRegex(modelfile.FormatError, words):
                network.load(tensors)


if __name__ == "__main__":
    unittest.main()
