"""How a peer is asked: a line of JSON on its standard input, a line of JSON back. All that it prints goes to errors."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any


class Channel:
    def __init__(self) -> None:
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    @property
    def options(self) -> dict[str, Any]:
        return json.loads(sys.argv[1])

    def wait(self) -> dict[str, Any]:
        """The next request. Ends the process where there is none."""
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        return json.loads(line)

    def answer(self, what: dict[str, Any]) -> None:
        self._answers.write(json.dumps(what) + "\n")
        self._answers.flush()

    def serve(self, work: Callable[[dict[str, Any]], dict[str, Any]], about: dict[str, Any] | None = None) -> None:
        """Says that it is ready, then answers requests until there are none."""
        self.answer(about or {})
        while True:
            self.answer(work(self.wait()))
