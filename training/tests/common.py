"""What several tests need: the stored files and the program."""

import atexit
import functools
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TESTDATA = os.path.join(ROOT, "training", "testdata")


def testdata(name):
    return os.path.join(TESTDATA, name)


@functools.lru_cache(None)
def restore():
    """The path of the program: that of the environment, or one built here once."""
    if "RESTORE" in os.environ:
        return os.environ["RESTORE"]
    folder = tempfile.mkdtemp(prefix="restore-test-")
    atexit.register(shutil.rmtree, folder)
    path = os.path.join(folder, "restore")
    subprocess.run(["go", "build", "-o", path, "./cmd/restore"], cwd=ROOT, check=True)
    return path


def write_png(path, array):
    """Writes an RGB picture of uint8, [height, width, 3], as PNG."""
    height, width, _ = array.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), array.reshape(height, width * 3)], 1)  # filter 0 each

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b""))


def pictures(folder, count=3, side=64):
    """Fills a folder with soft pictures: waves and edges in colour."""
    os.makedirs(folder, exist_ok=True)
    y, x = np.mgrid[0:side, 0:side] / side
    for i in range(count):
        rng = np.random.default_rng(i)
        a, b, c = rng.uniform(1, 6, (3, 3))
        planes = 0.5 + 0.3 * np.sin(a * x[..., None] * 6 + b * y[..., None] * 6 + c) + 0.2 * (x[..., None] * a > b * y[..., None])
        write_png(os.path.join(folder, f"{i}.png"), (np.clip(planes, 0, 1) * 255).astype(np.uint8))
    return folder
