"""How long matrix products take by themselves: `torch` on the CPU, in one pool of threads."""

import time
from statistics import median

import torch

from .channel import Channel

SECONDS = 0.03
"""That each window takes."""
WINDOWS = 5


def main() -> None:
    channel = Channel()
    torch.set_num_threads(channel.options["threads"])
    known: dict[tuple[int, ...], float] = {}

    def work(request: dict) -> dict:
        total = 0.0
        for gemm in request["gemms"]:
            shape = tuple(gemm[name] for name in ("batch", "m", "k", "n"))
            if shape not in known:
                known[shape] = seconds_of(*shape)
            total += known[shape] * gemm["count"]
        return {"seconds": total}

    channel.serve(work)


def seconds_of(batch: int, m: int, k: int, n: int) -> float:
    """The best of two ways to call it, each measured by itself."""
    left, right = torch.randn(batch, m, k), torch.randn(batch, k, n)
    out = torch.empty(batch, m, n)
    if batch == 1:
        transposed = right[0].T.contiguous().T
        ways = [
            lambda: torch.mm(left[0], right[0], out=out[0]),
            lambda: torch.mm(left[0], transposed, out=out[0]),
        ]
    else:
        ways = [lambda: torch.bmm(left, right, out=out)]
    return min(measured(way) for way in ways)


def measured(product) -> float:
    """The median of several windows: in each as many products as fit, so that a busy machine does not take minutes."""
    product()
    found = []
    for _ in range(WINDOWS):
        begun, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - begun) < SECONDS:
            product()
            count += 1
        found.append(passed / count)
    return median(found)


if __name__ == "__main__":
    main()
