"""As a rank of a group: opens a checkpoint, and writes it and its digest again. `rewrite_checkpoint.py REQUEST OUT`."""

import json
import sys
from pathlib import Path

from videocap_torch.engine.checkpoint import digest_held
from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.ranks import Ranks


def rewritten(engine: Engine, request: dict, out: Path) -> dict:
    """Hashes of both files, and the digest."""
    out.mkdir(exist_ok=True)
    files = engine.rebuild(request | {"folder": str(out)}, None)
    return {**{name: file["sha256"] for name, file in files.items()}, "digest": digest_held(*engine.opened)}


if __name__ == "__main__":
    ranks = Ranks()
    found = rewritten(Engine(ranks), json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]) / "files")
    if ranks.is_first:
        (Path(sys.argv[2]) / "found.json").write_text(json.dumps(found))
    ranks.end()
