"""Three updates in a row, each from the files of the last: by an engine of this process, or as a rank of a group."""

import json
import sys
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.ranks import Ranks


def three_steps(engine: Engine, request: dict, folder: Path) -> dict[str, Tensor]:
    """The weights after the third."""
    policy = request["policy"]
    for step in range(3):
        own = folder / str(step)
        own.mkdir(parents=True, exist_ok=True)
        found = engine.update(request | {"policy": policy, "folder": str(own)}, lambda *_: None)
        policy = {"model": policy["model"], "weights": found["weights"], "optimizer": found["optimizer"]}
    return load_file(policy["weights"]["path"])


if __name__ == "__main__":
    here = Path(sys.argv[1])
    ranks = Ranks()
    three_steps(Engine(ranks), json.loads((here / "request.json").read_text()), here / "two")
    ranks.end()
