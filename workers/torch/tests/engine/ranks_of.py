"""Runs a script of this folder as a group of ranks."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run_ranks(count: int, script: str, *arguments: object) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent}:{HERE}", "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, str(HERE / script), *map(str, arguments)], env=environment, check=True)
