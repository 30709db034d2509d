"""One rank of the engine: `torchrun -m videocap_torch.engine SOCKET`.

Rank 0 takes requests from the driver over a Unix socket, and all ranks compute them together. A request and every
answer is one line of JSON:

    {"method": "update", "params": {...}}
    {"progress": {"done": 3, "total": 8, "what": "gradients"}}
    {"result": {...}} or {"error": {"code": "Diverged", "message": "..."}}

A rank that fails otherwise ends, and the group with it: the driver starts another one.
"""

import ctypes
import json
import signal
import socket
import sys
import traceback
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import transformers

from . import sampling
from .checkpoint import write_files
from .messages import EngineSection, Expand, Generate, PinnedFile, PolicyFiles, Rebuild, Score, Update
from .optimizer import Optimizer
from .policy import Policy
from .prompts import Prompts
from .ranks import Ranks
from .score import score
from .update import UpdateStopped, update
from .weights_files import CorruptFile, WrongModel

EXPECTED = {CorruptFile: "CorruptArtifact", WrongModel: "InvalidModel", sampling.Diverged: "Diverged"}
"""Failures that all ranks agree on, with the driver's codes. The group goes on."""


class Written(NamedTuple):
    """A policy that an update has left in memory under a digest, and the files that were written of it since."""

    digest: str
    weights: str
    optimizer: str


class Engine:
    """What is in memory between requests: only what files hold, so that it never decides a result."""

    def __init__(self, ranks: Ranks) -> None:
        # With several threads, backward passes on the CPU add in any order otherwise, and no replay would be equal.
        torch.use_deterministic_algorithms(True, warn_only=True)
        self.ranks = ranks
        self._policy: Policy | None = None
        self._optimizer: Optimizer | None = None
        self._reference: Policy | None = None
        self._key: Any = None
        self._written: Written | None = None

    @property
    def opened(self) -> tuple[Policy, Optimizer]:
        """The policy of the last request, and its optimiser."""
        return self._policy, self._optimizer

    def identity(self, _: dict[str, Any], __) -> dict[str, str]:
        """What the bits of a result depend on besides files and requests."""
        found = {"torch": torch.__version__, "transformers": transformers.__version__, "python": sys.version.split()[0]}
        if torch.cuda.is_available():
            found |= {"gpu": torch.cuda.get_device_name(), "cuda": str(torch.version.cuda)}
        return found

    def generate(self, request: Generate, progress) -> list[sampling.SampledGroup]:
        policy = self._policy_of(request["policy"], request["engine"])
        policy.load(self._named(request["policy"]))
        return sampling.generate(policy, request, progress)

    def expand(self, request: Expand, _) -> list[list[int]]:
        """The prompts of clips with their videos in place, as the model takes them."""
        prompts = Prompts(self._policy_of(request["policy"], request["engine"]))
        return [prompts.of(clip)[0].ids.tolist() for clip in request["clips"]]

    def score(self, request: Score, progress) -> list[list[list[float]]]:
        policy = self._policy_of(request["policy"], request["engine"])
        policy.load(self._named(request["policy"]))
        return score(policy, request, progress)

    def update(self, request: Update, progress) -> dict[str, Any]:
        policy = self._policy_of(request["policy"], request["engine"])
        files = self._named(request["policy"])
        policy.load(files)
        self._optimizer.load(files.get("optimizer"))
        try:
            return update(policy, self._optimizer, lambda: self._as_reference(request), request, progress)
        except UpdateStopped as stopped:
            policy.loaded = self._optimizer.loaded = None
            return {"notFinite": stopped.found}

    def held(self, _: dict[str, Any], __) -> dict[str, str | None]:
        """The digest of the policy and the optimiser's state in memory, if an update left them, also where files were
        written of them since.
        """
        policy, optimizer, written = self._policy, self._optimizer, self._written
        if policy is None or optimizer is None:
            return {"digest": None}
        if written and (policy.loaded, optimizer.loaded) == written[1:]:
            return {"digest": written.digest}
        return {"digest": policy.loaded if policy.loaded == optimizer.loaded else None}

    def rebuild(self, request: Rebuild, _) -> dict[str, PinnedFile]:
        policy, files = self._policy_of(request["policy"], request["engine"]), self._named(request["policy"])
        policy.load(files)
        self._optimizer.load(files.get("optimizer"))
        only_weights = request.get("onlyWeights", False)
        written = write_files(policy, self._optimizer, request["folder"], only_weights=only_weights)
        self._written = Written(request["policy"]["weights"]["sha256"], policy.loaded, self._optimizer.loaded)
        return written

    def _named(self, files: PolicyFiles) -> PolicyFiles:
        """A policy in memory by the names that it has there: those of its files once they were written."""
        sha256, path = files["weights"]["sha256"], files["weights"]["path"]
        if path or not self._written or sha256 != self._written.digest or sha256 == self._policy.loaded:
            return files
        named = {"weights": self._written.weights, "optimizer": self._written.optimizer}
        return {**files, **{what: {"path": "", "sha256": sha256} for what, sha256 in named.items()}}

    def _policy_of(self, files: PolicyFiles, section: EngineSection) -> Policy:
        key = (files["model"], json.dumps(section, sort_keys=True))
        if self._key != key:
            self._policy = self._optimizer = self._reference = self._written = None
            torch.cuda.empty_cache()
            self._policy = Policy(files["model"], section, self.ranks)
            self._optimizer = Optimizer(self._policy)
            self._key = key
        return self._policy

    @contextmanager
    def _as_reference(self, request: Update):
        policy, files = self._policy, request["reference"]
        wanted = files["weights"]["sha256"]
        if policy.loaded == wanted:
            yield policy.root
        elif policy.lora and policy.base == wanted:
            with policy.without_adapter():
                yield policy.root
        else:
            if self._reference is None:
                self._reference = Policy(files["model"], request["engine"], self.ranks, trains=False)
            self._reference.load(files)
            yield self._reference.root


def serve(ranks: Ranks, path: str) -> None:
    engine = Engine(ranks)
    lines = _Lines(path) if ranks.is_first else None
    while True:
        request = ranks.from_first(lines.receive() if lines else None)
        if request is None:
            return

        def progress(done: int, total: int, what: str) -> None:
            if lines:
                lines.send({"progress": {"done": done, "total": total, "what": what}})

        try:
            answer: dict[str, Any] = {"result": getattr(engine, request["method"])(request["params"], progress)}
        except tuple(EXPECTED) as error:
            answer = {"error": {"code": EXPECTED[type(error)], "message": str(error)}}
        except BaseException as error:
            if lines:
                traceback.print_exc()
                lines.send({"error": {"code": "Unavailable", "message": f"{type(error).__name__}: {error}"}})
            raise
        if lines:
            lines.send(answer)


class _Lines:
    """The driver's connection. Its end is the end of the group."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rw")
        self.send({"ready": True})

    def receive(self) -> dict[str, Any] | None:
        line = self._file.readline()
        return json.loads(line) if line else None

    def send(self, message: dict[str, Any]) -> None:
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()


def end_with_parent() -> None:
    """Has the system end this process when torchrun ends, which gives each rank a session of its own: a rank that is
    stuck would otherwise stay, with its memory, when the driver gives the group up. Linux alone has this call.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    group = Ranks()
    serve(group, sys.argv[1])
    group.end()
