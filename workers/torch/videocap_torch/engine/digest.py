"""A hash of what the ranks hold, for a checkpoint that is not written."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from .ranks import Ranks, on_host

THREADS = 4
"""Tensors that a rank hashes at a time, while the next ones are gathered: SHA-256 leaves the interpreter free."""


def digest_of(tensors: Mapping[str, Tensor], notes: str, ranks: Ranks) -> str:
    """SHA-256 over the names, types, shapes and hashes of whole tensors, in the order of the names, and over `notes`.

    It depends on neither the number of ranks nor on a file's format. Ranks take turns with the tensors, so that each
    hashes its share only, and has at most a few of them whole.
    """
    own: dict[str, Future[str]] = {}
    open_futures: list[Future[str]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for index, name in enumerate(sorted(tensors)):
            tensor = tensors[name].detach()
            whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
            if index % ranks.count != ranks.rank:
                continue
            if len(open_futures) >= THREADS:
                open_futures.pop(0).result()
            own[name] = pool.submit(_line, name, on_host(whole))
            open_futures.append(own[name])
        lines = {name: future.result() for name, future in own.items()}
    every: dict[str, str] = {}
    for found in ranks.gathered(lines):
        every |= found
    return hashlib.sha256("\n".join([*(every[name] for name in sorted(every)), notes]).encode()).hexdigest()


def _line(name: str, tensor: Tensor) -> str:
    data = memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return f"{name} {tensor.dtype} {list(tensor.shape)} {hashlib.sha256(data).hexdigest()}"
