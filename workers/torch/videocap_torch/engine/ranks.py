"""The group of processes that computes as one: who is in it, and what they exchange."""

import os
import sys
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

WAIT = timedelta(hours=24)
"""Ranks wait for the next request as long as it takes. The driver notices a rank that died, and ends the others."""


class Ranks:
    """This process's place among those that `torchrun` started. Alone, it is a group of one."""

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        gpu = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if gpu else torch.device("cpu")
        if gpu:
            torch.cuda.set_device(self.device)
        if "RANK" not in os.environ:
            os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
        # Requests travel by gloo on the CPU, tensors by NCCL where there are GPUs.
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=WAIT)
        self.mesh: DeviceMesh = init_device_mesh(self.device.type, (self.count,), mesh_dim_names=("shard",))
        self._beside = dist.new_group(backend="gloo", timeout=WAIT)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def from_first(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        box = [value if self.is_first else None]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def gathered(self, value: Any, *, beside: bool = False) -> list[Any]:
        """Every rank's value, in the order of the ranks, on every rank.

        @param beside for the one other thread that exchanges something while this one computes.
        """
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, value, group=self._beside if beside else None)
        return found

    def close(self) -> None:
        dist.destroy_process_group()

    def end(self) -> NoReturn:
        """Ends this process, once all ranks are here. It skips the interpreter's own end, which aborts the process at
        times: threads of gloo still run then.
        """
        dist.barrier()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def on_host(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)
