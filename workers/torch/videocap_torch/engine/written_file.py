"""A safetensors file that is written tensor by tensor, and hashed on the way."""

import hashlib
import json
import os
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
WAITING = 2
"""Tensors that may wait to be written."""


class WrittenFile:
    """Takes tensors in the order in which `tensors` names them, and writes them in a thread of its own."""

    def __init__(self, path: str, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._open: deque[Future] = deque()
        self._hash = hashlib.sha256()
        self._file = open(path, "wb")
        header: dict[str, object] = {"__metadata__": metadata}
        end = 0
        for name, tensor in tensors.items():
            begin, end = end, end + tensor.numel() * tensor.element_size()
            header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self._submit(len(text).to_bytes(8, "little") + text)

    def add(self, tensor: Tensor) -> None:
        """A tensor on the host, which nothing changes from here on."""
        self._submit(memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()))

    def close(self) -> str:
        """The SHA-256 of the file, once all of it is written."""
        while self._open:
            self._open.popleft().result()
        self._pool.shutdown()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._hash.hexdigest()

    def _submit(self, data: bytes | memoryview) -> None:
        if len(self._open) > WAITING:
            self._open.popleft().result()
        self._open.append(self._pool.submit(self._write, data))

    def _write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self._file.write(data)
