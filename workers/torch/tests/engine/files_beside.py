"""As a rank of a group: makes an update whose files follow, and the next one meanwhile.
`files_beside.py REQUEST OUT [VICTIM]`: that rank is killed when it has written a part of its rows.
"""

import json
import os
import signal
import sys
from pathlib import Path

from videocap_torch.engine import shared_file
from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.ranks import Ranks


def die_at_the_fifth_part() -> None:
    put, parts = shared_file._put, []

    def counted(file: int, part: shared_file.Part) -> None:
        parts.append(part)
        if len(parts) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        put(file, part)

    shared_file._put = counted


if __name__ == "__main__":
    request, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    ranks, told = Ranks(), []
    if sys.argv[3:] == [str(ranks.rank)]:
        die_at_the_fifth_part()
    engine = Engine(ranks, told.append)
    digest = engine.update(request | {"keep": "both", "folder": str(out)}, lambda *_: None)["digest"]
    if ranks.is_first:
        (out / "digest.json").write_text(json.dumps(digest))
    policy = request["policy"] | dict.fromkeys(("weights", "optimizer"), {"path": "", "sha256": digest})
    following = engine.update(request | {"keep": "digest", "policy": policy}, lambda *_: None)["digest"]
    engine.beside.settle()
    if ranks.is_first:
        (out / "found.json").write_text(json.dumps({"digest": digest, "next": following, "files": told[0]}))
    ranks.end()
