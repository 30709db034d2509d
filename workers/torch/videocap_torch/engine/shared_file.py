"""A safetensors file that all ranks write at once, each the rows that it has of every tensor."""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from .policy import own_part, sha256_of

NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
THREADS = 4
"""Parts that a rank copies and writes at a time: both leave the interpreter free."""


class Part(NamedTuple):
    """Rows that a rank has of a tensor, and where they begin in the file."""

    begin: int
    rows: Tensor


class SharedFile:
    """A file of `tensors` in their order, which it does not keep. Its bytes, and so its hash, are those of any
    number of ranks.
    """

    def __init__(self, path: str, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
        self.path = path
        header: dict[str, object] = {"__metadata__": metadata}
        end = 0
        self._begins: dict[str, int] = {}
        for name, tensor in tensors.items():
            self._begins[name], end = end, end + tensor.numel() * tensor.element_size()
            offsets = [self._begins[name], end]
            header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self._head = len(text).to_bytes(8, "little") + text
        self._bytes = len(self._head) + end

    def create(self) -> None:
        """For one rank, before any rank writes. A file of that name goes, and leaves those who opened it alone."""
        if os.path.exists(self.path):
            os.unlink(self.path)
        with open(self.path, "xb") as file:
            file.write(self._head)
            file.truncate(self._bytes)

    def parts(self, tensors: Mapping[str, Tensor], rank: int) -> Iterable[Part]:
        """What this rank has to write of the file's tensors; of one that is whole on every rank, rank 0 writes it."""
        for name, tensor in tensors.items():
            rows, place = own_part(tensor.detach())
            if rows.numel() == 0 or (rank > 0 and rows.shape == tensor.shape):
                continue
            row = tensor.numel() * tensor.element_size() // max(tensor.shape[0], 1) if tensor.dim() > 0 else 0
            yield Part(len(self._head) + self._begins[name] + (place.start or 0) * row, rows)

    def write(self, parts: Iterable[Part]) -> None:
        """Puts parts into the file. What is written is on the disk when this returns."""
        file = os.open(self.path, os.O_WRONLY)
        try:
            with ThreadPoolExecutor(THREADS) as pool:
                for _ in pool.map(lambda part: _put(file, part), parts):
                    pass
            os.fsync(file)
        finally:
            os.close(file)

    def sha256(self) -> str:
        """Of the whole file, once all ranks have written it."""
        return sha256_of(self.path)


def _put(file: int, part: Part) -> None:
    data = memoryview(part.rows.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    done = 0
    while done < len(data):  # one call writes 2 GiB at most
        done += os.pwrite(file, data[done:], part.begin + done)
