"""Reads the stream of pairs that `restore pairs` writes; docs/training.md
describes it."""

import collections
import fcntl
import json
import math
import queue
import struct
import subprocess
import threading
import zlib

import torch

MAGIC = b"RSTPAIRS"
VERSION = 1
HEAD = struct.Struct("<4sIQQII")  # kind, flags, step, length of the payload, zero, checksum
WEIGHTS = 1  # flag

TYPES = {"float16": (torch.float16, 2), "float32": (torch.float32, 4)}  # with bytes a sample

F_SETPIPE_SZ = 1031  # of Linux; fcntl names it from Python 3.10 on


class StreamError(Exception):
    """A stream that cannot be used or does not go on; the message says where."""


Batch = collections.namedtuple("Batch", "step inputs target weight")


class Stream:
    """The batches of a binary file or pipe. header is its JSON."""

    def __init__(self, file):
        self.file = file
        start = self._exactly(16, "its beginning")
        if start[:8] != MAGIC:
            raise StreamError(f"this is no stream of pairs: it begins with {start[:8]!r}")
        version, length = struct.unpack("<II", start[8:])
        if version != VERSION:
            raise StreamError(f"the stream has version {version}, this program reads {VERSION}: use restore and training/ of one version")
        self.header = json.loads(self._exactly(length, "its header"))
        h = self.header
        if h["dtype"] not in TYPES:
            raise StreamError(f"samples of type {h['dtype']!r}; this program reads {' and '.join(TYPES)}")
        self.dtype, width = TYPES[h["dtype"]]
        planes = [i["planes"] for i in h["inputs"]] + [h["output_planes"]]
        self.shapes = [(h["batch"], p, h["height"], h["width"]) for p in planes]
        self.sizes = [math.prod(shape) * width for shape in self.shapes]
        self.next = h["start"]

    def read(self, buffer=None):
        """Returns the next batch's flags and a tensor of its bytes, or None at
        the end. buffer is a tensor of bytes to use where it is long enough."""
        head = self._exactly(HEAD.size, f"the head of the batch of step {self.next}")
        kind, flags, step, length, _, want = HEAD.unpack(head)
        if kind not in (b"BTCH", b"DONE") or step != self.next:
            raise StreamError(f"where the batch of step {self.next} should begin, there is {kind!r} of step {step}")
        expected = sum(self.sizes) + (self.sizes[-1] if flags & WEIGHTS else 0) if kind == b"BTCH" else 0
        if length != expected:
            raise StreamError(f"the batch of step {step} has {length} bytes; by the header it has {expected}")
        if buffer is None or buffer.numel() < length:
            buffer = torch.empty(length, dtype=torch.uint8)
        view = memoryview(buffer.numpy())[:length]
        self._into(view, f"the batch of step {step}")
        if zlib.crc32(view, zlib.crc32(head[:-4])) != want:
            raise StreamError(f"the checksum of the batch of step {step} is wrong: its bytes were changed on the way")
        if kind == b"DONE":
            return None
        self.next += 1
        return step, flags, buffer[:length]

    def split(self, step, flags, data):
        """The batch in a tensor of bytes, which it shares, wherever that is."""
        parts, at = [], 0
        shapes, sizes = list(self.shapes), list(self.sizes)
        if flags & WEIGHTS:
            shapes.append(shapes[-1])
            sizes.append(sizes[-1])
        for shape, size in zip(shapes, sizes):
            parts.append(data[at:at + size].view(self.dtype).view(shape))
            at += size
        count = len(self.header["inputs"])
        return Batch(step, parts[:count], parts[count], parts[count + 1] if flags & WEIGHTS else None)

    def __iter__(self):
        while True:
            record = self.read()
            if record is None:
                return
            yield self.split(*record)

    def _exactly(self, count, what):
        data = bytearray(count)
        self._into(memoryview(data), what)
        return bytes(data)

    def _into(self, view, what):
        done = 0
        while done < len(view):
            n = self.file.readinto(view[done:])
            if not n:
                raise StreamError(f"the stream of pairs is torn: it ends after {done} of the {len(view)} bytes of {what}")
            done += n


class Loader:
    """Runs `restore pairs` and reads its stream in a thread, so that a step
    never waits for the copy of the next. ahead batches are kept."""

    def __init__(self, command, pinned=False, ahead=4):
        try:
            self.child = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        except OSError as e:
            raise StreamError(f"restore cannot be started: {e}; say where the program is with --restore FILE") from e
        try:
            fcntl.fcntl(self.child.stdout, F_SETPIPE_SZ, 1 << 20)  # fewer turns between the two programs
        except OSError:
            pass  # the pipe is as it was
        self.pinned = pinned
        self.free = queue.Queue()
        for _ in range(ahead):
            self.free.put(None)
        self.full = queue.Queue()
        self.busy = None  # buffer whose copy to the device may still be under way
        self.closing = False
        try:
            self.stream = Stream(self.child.stdout)
        except StreamError as e:
            raise StreamError(f"{e}; {self._end()}") from e
        self.header = self.stream.header
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        try:
            while not self.closing:
                buffer = self.free.get()
                if buffer is None and self.pinned:
                    buffer = torch.empty(sum(self.stream.sizes) + self.stream.sizes[-1], dtype=torch.uint8).pin_memory()
                record = self.stream.read(buffer)
                self.full.put(record)
                if record is None:
                    return
        except Exception as e:  # handed to whoever waits for the batch
            self.full.put(e)

    def get(self, device):
        """The next batch as float32 tensors on the device, or None at the end."""
        record = self.full.get()
        if record is None:
            return None
        if isinstance(record, Exception):
            raise StreamError(f"{record}; {self._end()}") from record
        step, flags, data = record
        if device.type == "cpu":
            batch = _floats(self.stream.split(step, flags, data), copy=True)
            self.free.put(data)
            return batch
        there = data.to(device, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record()
        # The buffer of the batch before has been read by now, or nearly.
        if self.busy is not None:
            self.busy[1].synchronize()
            self.free.put(self.busy[0])
        self.busy = (data, copied)
        return _floats(self.stream.split(step, flags, there))

    def _end(self):
        """How the child ended, in words."""
        self.child.stdout.close()
        code = self.child.wait()
        return f"restore pairs ended with code {code}" + ("; its message stands above" if code else "")

    def close(self):
        """Ends the child, which takes a closed pipe for a reader that has
        enough."""
        self.closing = True
        self.free.put(None)  # so that the thread reads its last batch
        self.thread.join()
        self.child.stdout.close()
        self.child.wait()


def _floats(batch, copy=False):
    turn = lambda t: None if t is None else t.to(torch.float32, copy=copy)
    return Batch(batch.step, [turn(t) for t in batch.inputs], turn(batch.target), turn(batch.weight))
