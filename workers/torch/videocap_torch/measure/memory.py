"""The memory that the engine takes: a GPU's, or without one the process's own."""

import ctypes
import gc
import sys
from pathlib import Path
from types import TracebackType

import torch

from ..engine.ranks import Ranks

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measures_memory(device: str) -> bool:
    """Without a GPU, the system must have Linux's account of a process."""
    return device != "cpu" or (STATUS.exists() and CLEAR.exists())


def settled(ranks: Ranks) -> int:
    """Bytes that this process has resident without the model: Python and the libraries. 0 on a GPU."""
    return _resident("VmRSS") if ranks.device.type == "cpu" and measures_memory("cpu") else 0


class Peak:
    """The most memory while it is open, of the rank with the most: bytes of tensors, and bytes in use. On the CPU only
    the latter, above `before`.
    """

    def __init__(self, ranks: Ranks, before: int) -> None:
        self._ranks, self._before = ranks, before
        self.found = (0, 0)

    def __enter__(self) -> "Peak":
        if self._ranks.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        elif measures_memory("cpu"):
            gc.collect()
            _give_back()
            CLEAR.write_text("5")  # the peak is what is resident now
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self.found = tuple(map(max, zip(*self._ranks.gathered(self._own()), strict=True)))

    def _own(self) -> tuple[int, int]:
        if self._ranks.device.type == "cuda":
            free, total = torch.cuda.mem_get_info()
            beside = total - free - torch.cuda.memory_reserved()
            return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved() + beside
        return 0, _resident("VmHWM") - self._before if measures_memory("cpu") else 0


def _give_back() -> None:
    """Has glibc give freed memory back, which would count as in use."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)


def _resident(what: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) * 1024
