"""The stream of `restore pairs`, whole and torn."""

import io
import os
import subprocess
import tempfile
import unittest

import torch

from restore_training.pairs import Loader, Stream, StreamError

from .common import pictures, restore


class Pairs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.command = [restore(), "pairs", "denoise", "--data", pictures(os.path.join(cls.folder.name, "data")), "--batch", "2", "--patch", "16", "--seed", "4", "--jobs", "2"]
        cls.bytes = subprocess.run(cls.command + ["--count", "3"], stdout=subprocess.PIPE, check=True).stdout

    def test_whole(self):
        stream = Stream(io.BytesIO(self.bytes))
        self.assertEqual((stream.header["task"], stream.header["seed"], stream.header["pictures"]), ("denoise", 4, 3))
        batches = list(stream)
        self.assertEqual([b.step for b in batches], [0, 1, 2])
        for b in batches:
            image, level = b.inputs
            self.assertEqual((image.shape, level.shape, b.target.shape, b.weight), ((2, 3, 16, 16), (2, 1, 16, 16), (2, 3, 16, 16), None))
            # The level is that of the noise: the one thing that shows that planes
            # and pairs are where they belong.
            for k in range(2):
                sigma = level[k].float()
                self.assertEqual(sigma.min(), sigma.max())
                noise = (image[k].float() - b.target[k].float()).std().item()
                self.assertLess(abs(noise - sigma.max().item()), 0.15 * sigma.max().item() + 0.004)

    def test_float32_is_nearly_the_same(self):
        wide = Stream(io.BytesIO(subprocess.run(self.command + ["--count", "1", "--dtype", "float32"], stdout=subprocess.PIPE, check=True).stdout))
        a, b = next(iter(wide)), next(iter(Stream(io.BytesIO(self.bytes))))
        self.assertEqual(a.target.dtype, torch.float32)
        self.assertLess((a.inputs[0] - b.inputs[0].float()).abs().max().item(), 2e-3)

    def test_torn(self):
        head = len(self.bytes) - 3 * (32 + 2 * 7 * 256 * 2) - 32
        for length, words in ((0, "its beginning"), (15, "its beginning"), (head - 1, "its header"), (head + 5, "head of the batch of step 0"),
                              (head + 500, "batch of step 0"), (len(self.bytes) - 32, "step 3"), (len(self.bytes) - 1, "step 3")):
            with self.subTest(length), self.assertRaisesRegex(StreamError, f"torn.*{words}"):
                list(Stream(io.BytesIO(self.bytes[:length])))

    def test_changed(self):
        head = self.bytes.index(b"BTCH")
        for at, words in ((0, "no stream"), (8, "version"), (head, "should begin"), (head + 8, "step"), (head + 16, "bytes"), (head + 40, "checksum")):
            data = bytearray(self.bytes)
            data[at] ^= 0x40
            with self.subTest(at), self.assertRaisesRegex(StreamError, words):
                list(Stream(io.BytesIO(bytes(data))))

    def test_loader(self):
        loader = Loader(self.command)  # without end
        want = list(Stream(io.BytesIO(self.bytes)))
        for b in want:
            got = loader.get(torch.device("cpu"))
            self.assertEqual(got.step, b.step)
            self.assertTrue(torch.equal(got.target, b.target.float()))
        loader.close()
        self.assertEqual(loader.child.returncode, 0)  # the reader had enough: no error
        self.assertFalse(loader.thread.is_alive())

    def test_loader_says_why(self):
        with self.assertRaisesRegex(StreamError, "code 2"):
            Loader(self.command[:4] + [self.folder.name + "/none"])
        with self.assertRaisesRegex(StreamError, "--restore FILE"):
            Loader([self.folder.name + "/none"])
        loader = Loader(self.command)
        loader.child.kill()
        with self.assertRaisesRegex(StreamError, "torn.*ended with code"):
            while True:
                loader.get(torch.device("cpu"))
        loader.close()


if __name__ == "__main__":
    unittest.main()
