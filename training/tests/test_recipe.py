"""Schedule, losses, Adam, guard and moving average are those of Go."""

import json
import os
import tempfile
import unittest

import numpy as np
import torch

from restore_training import modelfile
from restore_training.network import Network
from restore_training.pairs import Batch
from restore_training.recipe import Config
from restore_training.trainer import Trainer, open_checkpoint

from .common import testdata

NETWORK = json.dumps({"inputs": [{"name": "x", "planes": 1}], "output": "y", "code": "y",
                      "nodes": [{"name": "y", "kind": "conv", "in": ["x"],
                                 "config": {"in": 1, "out": 1, "kernel": [1, 1], "stride": [1, 1], "pad": [0, 0], "bias": True}}]})
OUTLIER = 24  # as in schedules_test.go


def trainer_of(config):
    network = Network(NETWORK)
    network.load({"y.weight": np.full((1, 1, 1, 1), 0.5, np.float32), "y.bias": np.full(1, 0.25, np.float32)})
    return Trainer(network, config, torch.device("cpu"))


def batch_of(step):
    shape = (1, 1, 2, 2)
    scale = 100 if step == OUTLIER else 1
    return Batch(step, [torch.tensor([0, 0.25, 0.5, 1]).reshape(shape)], torch.tensor([1, 0.5, 0.75, 0]).reshape(shape) * scale, None)


class Schedules(unittest.TestCase):
    def test_stored(self):
        with open(testdata("schedules.json"), encoding="utf-8") as f:
            runs = json.load(f)
        self.assertGreaterEqual(len(runs), 7)
        for i, run in enumerate(runs):
            with self.subTest(run=i):
                config = Config.parse(run["config"])
                rates = [config.rate * config.factor(step) for step in range(config.steps)]
                np.testing.assert_allclose(rates, run["rates"], rtol=1e-12)
                trainer = trainer_of(config)
                losses = [trainer.step(batch_of(step))[0] for step in range(config.steps)]
                np.testing.assert_allclose(losses, run["losses"], rtol=1e-3)
                self.assertEqual(trainer.guard.skipped, run["skipped"])
                average = [v.item() for v in trainer.average.stored().values()]
                np.testing.assert_allclose(average, run["average"], rtol=1e-3)


class Checkpoints(unittest.TestCase):
    config = Config(steps=20, warmup=3, batch=1, height=2, width=2, rate=0.05)

    def test_resumed_equals_whole(self):
        whole = trainer_of(self.config)
        for step in range(20):
            whole.step(batch_of(step))
        half = trainer_of(self.config)
        for step in range(9):
            half.step(batch_of(step))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "c.safetensors")
            half.save(path, {"hours": 1})
            network, config, memo, metadata, tensors = open_checkpoint(path)
        self.assertEqual((config, memo), (self.config, {"hours": 1}))
        rest = Trainer(network, config, torch.device("cpu"))
        rest.resume(metadata, tensors)
        for step in range(rest.done, 20):
            rest.step(batch_of(step))
        for name, t in whole.state().items():
            np.testing.assert_array_equal(rest.state()[name], t, name)

    def test_model_is_no_checkpoint(self):
        with self.assertRaisesRegex(modelfile.FormatError, "no checkpoint"):
            open_checkpoint(testdata("network.safetensors"))

    def test_unknown_setting(self):
        with self.assertRaisesRegex(modelfile.FormatError, "tilt"):
            Config.parse({"steps": 1, "tilt": 2})

    def test_frozen(self):
        config = Config(steps=20, warmup=0, batch=1, height=2, width=2, freeze="encoder")
        network, agreement = Network(modelfile.read(testdata("network.safetensors"))[0]["network"]), modelfile.read(testdata("agreement.safetensors"))[1]
        network.load(modelfile.read(testdata("network.safetensors"))[1])
        before = {name: t.clone() for name, t in network.stored().items()}
        trainer = Trainer(network, config, torch.device("cpu"))
        t = {name: torch.from_numpy(a) for name, a in agreement.items()}
        trainer.step(Batch(0, [t["input/image"], t["input/level"]], t["target"], t["weight"]))
        for name, own in network.stored().items():
            encoder = name.split(".")[0] not in ("up", "draw")
            self.assertEqual(torch.equal(own, before[name]), encoder, name)


class Files(unittest.TestCase):
    def test_torn(self):
        with open(testdata("network.safetensors"), "rb") as f:
            whole = f.read()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "torn.safetensors")
            for length in (0, 5, 100, len(whole) - 1):
                with self.subTest(length), open(path, "wb") as f:
                    f.write(whole[:length])
                with self.assertRaisesRegex(modelfile.FormatError, "torn.safetensors"):
                    modelfile.read(path)

    def test_round_trip(self):
        tensors = {"a": np.array([[1.5, -2]], np.float32), "b": np.zeros(0, np.float32), "c": np.float32(0.1).reshape(())}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.safetensors")
            for dtype, limit in (("F32", 0), ("F16", 1e-3)):
                modelfile.write(path, {"key": "ä\n"}, tensors, dtype)
                metadata, got = modelfile.read(path)
                self.assertEqual(metadata, {"key": "ä\n"})
                for name, array in tensors.items():
                    np.testing.assert_allclose(got[name], array, rtol=limit)
            with self.assertRaisesRegex(modelfile.FormatError, "diverged"):
                modelfile.write(path, {}, {"a": np.array([1e6], np.float32)}, "F16")
            self.assertEqual(os.listdir(folder), ["m.safetensors"])


if __name__ == "__main__":
    unittest.main()
