"""The command, end to end: it learns, and Go reads what it leaves."""

import contextlib
import io
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from restore_training import modelfile
from restore_training.main import main

from .common import ROOT, pictures, restore


def run(*arguments):
    """Runs the command in this process; returns its code and what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main(list(arguments))
        except SystemExit as e:
            code = e.code
    return code, out.getvalue()


def go(*arguments, code=0):
    done = subprocess.run([restore(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == code, done.stdout
    return done.stdout


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.data = pictures(os.path.join(cls.folder.name, "data"))
        cls.options = ["denoise", "--data", cls.data, "--restore", restore(), "--device", "cpu", "--jobs", "2"]
        cls.out = os.path.join(cls.folder.name, "out")
        cls.code, cls.printed = run(*cls.options, "-o", cls.out, "--steps", "20", "--batch", "4", "--patch", "32", "--warmup", "2", "--schedule", "constant",
                                    "--rate", "2e-3", "--ema", "0.8", "--licence", "CC0-1.0")
        cls.model = os.path.join(cls.out, "fast.safetensors")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def score(self, model):
        text = go("eval", "denoise", "--data", self.data, "--model", model, "--sigma", "25")
        return float(next(line for line in text.splitlines() if line.startswith("score")).split()[1])

    def test_learns(self):
        self.assertEqual(self.code, 0, self.printed)
        first = self.path("first.safetensors")
        go("model", "init", "denoise", "-o", first)
        before, after = self.score(first), self.score(self.model)
        self.assertGreater(after, before + 1)

    def test_card(self):
        info = go("model", "info", self.model)
        for words in ("20 steps", "CC0-1.0", "train.py", "3 pictures"):
            self.assertIn(words, info)
        first = self.path("card.safetensors")
        go("model", "init", "denoise", "-o", first)
        want, got = modelfile.read(first)[0], modelfile.read(self.model)[0]
        want.pop("card"), got.pop("card")
        self.assertEqual(got, want)

    def test_log(self):
        with open(os.path.join(self.out, "log.jsonl"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        self.assertEqual(events[0], {"kind": "data", "pictures": 3})
        self.assertEqual((events[-1]["kind"], events[-1]["step"]), ("saved", 20))
        self.assertGreater(events[-2]["pixels_per_second"], 0)

    def test_go_goes_on(self):
        branch = self.path("go-branch")
        printed = go("train", "denoise", "--data", self.data, "--resume", os.path.join(self.out, "checkpoint.safetensors"), "--decay", "4", "-o", branch)
        self.assertIn("step 24", printed)
        metadata, _ = modelfile.read(os.path.join(branch, "fast.safetensors"))
        card = json.loads(metadata["card"])
        self.assertEqual(card["steps"], 24)
        self.assertIn("train.py", card["command"])
        # And from there back again.
        code, printed = run(*self.options, "--resume", os.path.join(branch, "checkpoint.safetensors"))
        self.assertEqual(code, 0, printed)

    def test_decay_and_resume(self):
        branch = self.path("branch")
        code, printed = run(*self.options, "--resume", os.path.join(self.out, "checkpoint.safetensors"), "--decay", "3", "-o", branch)
        self.assertEqual(code, 0, printed)
        metadata, _ = modelfile.read(os.path.join(branch, "checkpoint.safetensors"))
        state = json.loads(metadata["training"])
        self.assertEqual((state["done"], state["config"]["decay_from"], state["config"]["steps"]), (23, 20, 23))
        self.assertEqual(len(state["memo"]["commands"]), 1 + (shlex.join(["train.py"] + sys.argv[1:]) not in state["memo"]["commands"][:1]))

    def test_same_pairs_as_go(self):
        """Two programs, one training: the first losses agree."""
        losses = []
        out = self.path("py")
        code, printed = run(*self.options, "-o", out, "--steps", "3", "--batch", "2", "--patch", "32", "--pairs=--dtype float32")
        self.assertEqual(code, 0, printed)
        go("train", "denoise", "--data", self.data, "-o", self.path("go"), "--steps", "3", "--batch", "2", "--patch", "32", "--jobs", "2")
        for folder in (out, self.path("go")):
            with open(os.path.join(folder, "log.jsonl"), encoding="utf-8") as f:
                losses.append(next(e["loss"] for e in map(json.loads, f) if e["kind"] == "step"))
        self.assertLess(abs(losses[0] - losses[1]) / losses[1], 1e-3)
        ours, theirs = (modelfile.read(os.path.join(folder, "checkpoint.safetensors"))[1] for folder in (out, self.path("go")))
        first = self.path("same.safetensors")
        go("model", "init", "denoise", "-o", first)
        begin = modelfile.read(first)[1]
        apart = sum(((ours["weight/" + n] - theirs["weight/" + n]) ** 2).sum() for n in begin)
        moved = sum(((begin[n] - theirs["weight/" + n]) ** 2).sum() for n in begin)
        self.assertGreater(moved, 0)
        self.assertLess(np.sqrt(apart / moved), 0.05)

    def test_refuses(self):
        checkpoint = os.path.join(self.out, "checkpoint.safetensors")
        for code, words, arguments in (
            (3, "holds a training already", ["-o", self.out, "--steps", "1"]),
            (2, "its checkpoint says it", ["--resume", checkpoint, "--rate", "1"]),
            (2, "goes with --resume", ["-o", self.out, "--decay", "2", "--steps", "1"]),
            (2, "folder of its own", ["--resume", checkpoint, "--decay", "2"]),
            (2, "--steps N", ["-o", self.out]),
            (3, "no checkpoint", ["--resume", self.model]),
            (3, "missing", ["--from", checkpoint, "-o", self.path("x"), "--steps", "1"]),
            (3, "code 2", ["-o", self.path("y"), "--steps", "1", "--patch", "17"]),
        ):
            with self.subTest(words):
                got, printed = run(*self.options, *arguments)
                self.assertEqual(got, code, printed)
                self.assertIn(words, printed)


class Ranks(unittest.TestCase):
    def test_two_processes(self):
        """Two processes on one CPU: the way of several GPUs."""
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            with socket.socket() as s:  # a port that is free
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
            command = [sys.executable, os.path.join(ROOT, "training", "train.py"), "denoise", "--data", pictures(os.path.join(folder, "data")), "-o", out,
                       "--steps", "4", "--batch", "2", "--patch", "16", "--device", "cpu", "--restore", restore(), "--jobs", "1"]
            # What torchrun sets; Debian's own does not run on its Python.
            ranks = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(
                os.environ, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2",
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))) for rank in range(2)]
            printed = [r.communicate(timeout=120)[0] for r in ranks]
            self.assertEqual([r.returncode for r in ranks], [0, 0], printed)
            self.assertNotIn("saved", printed[1])
            self.assertIn("4 steps", go("model", "info", os.path.join(out, "fast.safetensors")))


if __name__ == "__main__":
    unittest.main()
