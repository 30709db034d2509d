"""Files of a checkpoint that are written beside what the ranks compute next."""

from collections.abc import Callable
from threading import Thread
from typing import Literal, NamedTuple

from .checkpoint import write_beside
from .messages import PinnedFile, Written
from .optimizer import Optimizer
from .policy import Policy


class Names(NamedTuple):
    """What weights and moments are called: both by their digest, or each by the hash of its file."""

    digest: str
    weights: str
    optimizer: str

    def of(self, what: Literal["weights", "optimizer"]) -> tuple[str, str]:
        return self.digest, getattr(self, what)


class FilesBeside:
    """At most one checkpoint's. Its copy on the host is gone when they are written."""

    def __init__(self, tell: Callable[[Written], None] | None) -> None:
        self._tell = tell
        self._thread: Thread | None = None
        self._landed: Names | None = None

    def begin(self, policy: Policy, optimizer: Optimizer, folder: str) -> None:
        """Begins to write what is in memory, once the files before are written."""
        self.settle()
        digest = policy.loaded

        def done(written: dict[str, PinnedFile] | str) -> None:
            if isinstance(written, str):
                answer: Written = {"folder": folder, "failed": written}
            else:
                answer = {"folder": folder, **written}
                self._landed = Names(digest, *(written[what]["sha256"] for what in ("weights", "optimizer")))
            if self._tell:
                self._tell(answer)

        self._thread = write_beside(policy, optimizer, folder, done)

    def landed(self) -> Names | None:
        """What was written since the last call. Ranks may see it at different moments: ask one of them."""
        found, self._landed = self._landed, None
        return found

    def settle(self) -> None:
        """Waits for what is being written."""
        if self._thread:
            self._thread.join()
            self._thread = None
