"""Reads and writes safetensors files with numpy alone.

A file is the length of its header (8 bytes, little-endian), the header as JSON
and the tensors' bytes; docs/model-format.md says what the metadata of a model
of restore hold.
"""

import json
import os
import tempfile

import numpy as np

DTYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}

# More than any file of ours; a larger number means that it is another format.
MAX_HEADER = 16 << 20


class FormatError(Exception):
    """A file that is no usable safetensors file; the message names it."""


def read(path):
    """Returns the metadata (texts by key) and the tensors (float32 arrays by
    name, in the order of their bytes) of a file."""
    with open(path, "rb") as f:
        data = f.read()
    try:
        return _parse(data)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise FormatError(f"{path}: unusable model file: {e}") from e


def _parse(data):
    if len(data) < 8:
        raise ValueError(f"it has {len(data)} bytes, fewer than the length of a header takes")
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER or 8 + length > len(data):
        raise ValueError(f"a header of {length} bytes does not fit into a file of {len(data)}")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + length:]
    tensors = {}
    at = 0
    for name, t in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if t["dtype"] not in DTYPES:
            raise ValueError(f"tensor {name!r} is of type {t['dtype']}; this program reads F32 and F16")
        begin, end = t["data_offsets"]
        dtype = DTYPES[t["dtype"]]
        count = int(np.prod(t["shape"], dtype=np.int64))
        if begin != at or end - begin != count * dtype.itemsize or end > len(body):
            raise ValueError(f"tensor {name!r} of shape {t['shape']} lies at {begin} to {end} of {len(body)} bytes")
        at = end
        array = np.frombuffer(body[begin:end], dtype).reshape(t["shape"]).astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"tensor {name!r} holds values that are not finite")
        tensors[name] = array
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes follow the last tensor")
    return metadata, tensors


def write(path, metadata, tensors, dtype):
    """Writes a file with all tensors as dtype ("F32" or "F16"). It appears whole
    or not at all."""
    kind = DTYPES[dtype]
    header = {"__metadata__": {key: metadata[key] for key in sorted(metadata)}}
    parts, at = [], 0
    for name, array in tensors.items():
        # float16 holds less: what does not fit becomes infinite and is refused.
        with np.errstate(over="ignore"):
            raw = np.ascontiguousarray(array, dtype=np.float32).astype(kind)
        if not np.isfinite(raw).all():
            raise FormatError(f"{path}: tensor {name!r} holds values that {dtype} does not: the training has diverged")
        header[name] = {"dtype": dtype, "shape": list(raw.shape), "data_offsets": [at, at + raw.nbytes]}
        at += raw.nbytes
        parts.append(raw)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix="." + os.path.basename(path) + ".restore-tmp-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(len(text).to_bytes(8, "little"))
            f.write(text)
            for raw in parts:
                f.write(raw.tobytes())
            f.flush()
            os.fsync(f.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
