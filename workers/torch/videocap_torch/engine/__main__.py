"""One rank of the engine: `torchrun -m videocap_torch.engine SOCKET`.

Rank 0 takes requests from the driver over a Unix socket, and all ranks compute them together. A request and every
answer is one line of JSON:

    {"method": "update", "params": {...}}
    {"progress": {"done": 3, "total": 8, "what": "gradients"}}
    {"result": {...}} or {"error": {"code": "Diverged", "message": "..."}}

Beside them, at any time, `{"written": {...}}` says that files are there (`messages.Written`).

A rank that fails otherwise ends, and the group with it: the driver starts another one.
"""

import ctypes
import json
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
import transformers

from . import sampling
from .checkpoint import write_files
from .files_beside import FilesBeside, Names
from .messages import EngineSection, Expand, Generate, PinnedFile, PolicyFiles, Rebuild, Score, Update, Written
from .optimizer import Optimizer
from .policy import Policy
from .prompts import Prompts
from .ranks import Ranks
from .score import score
from .update import UpdateStopped, update
from .weights_files import CorruptFile, WrongModel

EXPECTED = {CorruptFile: "CorruptArtifact", WrongModel: "InvalidModel", sampling.Diverged: "Diverged"}
"""Failures that all ranks agree on, with the driver's codes. The group goes on."""


class Engine:
    """What is in memory between requests: only what files hold, so that it never decides a result."""

    def __init__(self, ranks: Ranks, tell: Callable[[Written], None] | None = None) -> None:
        # With several threads, backward passes on the CPU add in any order otherwise, and no replay would be equal.
        torch.use_deterministic_algorithms(True, warn_only=True)
        self.ranks = ranks
        self.beside = FilesBeside(tell)
        self._policy: Policy | None = None
        self._optimizer: Optimizer | None = None
        self._reference: Policy | None = None
        self._key: Any = None
        self._names: Names | None = None
        """Of a policy that an update has left in memory, and whose files were written since."""

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
            found = update(policy, self._optimizer, lambda: self._as_reference(request), request, progress)
        except UpdateStopped as stopped:
            policy.loaded = self._optimizer.loaded = None
            return {"notFinite": stopped.found}
        if request["keep"] == "both":
            self.beside.begin(policy, self._optimizer, request["folder"])
        return found

    def held(self, _: dict[str, Any], __) -> dict[str, str | None]:
        """The digest of the policy and the optimiser's state in memory, if an update left them, also where files were
        written of them since.
        """
        policy, optimizer, names = self._policy, self._optimizer, self._names
        if policy is None or optimizer is None:
            return {"digest": None}
        if names and policy.loaded in names.of("weights") and optimizer.loaded in names.of("optimizer"):
            return {"digest": names.digest}
        return {"digest": policy.loaded if policy.loaded == optimizer.loaded else None}

    def rebuild(self, request: Rebuild, _) -> dict[str, PinnedFile]:
        policy, files = self._policy_of(request["policy"], request["engine"]), self._named(request["policy"])
        policy.load(files)
        self._optimizer.load(files.get("optimizer"))
        only_weights = request.get("onlyWeights", False)
        written = write_files(policy, self._optimizer, request["folder"], only_weights=only_weights)
        self._names = Names(request["policy"]["weights"]["sha256"], policy.loaded, self._optimizer.loaded)
        return written

    def landed(self, names: Names | None) -> None:
        """Notes on all ranks at once that files were written beside, so that they agree on what they hold."""
        held = self._policy.loaded if self._policy else None
        if names and (held == names.digest or (self._names and self._names.digest == names.digest)):
            self._names = names

    def _named(self, files: PolicyFiles) -> PolicyFiles:
        """A policy in memory by the names that it has there: its digest, or those of its files."""
        found = dict(files)
        for what, held in (("weights", self._policy.loaded), ("optimizer", self._optimizer.loaded)):
            same = self._names.of(what) if self._names else ()
            if what in files and files[what]["sha256"] in same and held in same:
                found[what] = {**files[what], "sha256": held}
        return found

    def _policy_of(self, files: PolicyFiles, section: EngineSection) -> Policy:
        key = (files["model"], json.dumps(section, sort_keys=True))
        if self._key != key:
            self._policy = self._optimizer = self._reference = self._names = None
            torch.cuda.empty_cache()
            self._policy = Policy(files["model"], section, self.ranks)
            self._optimizer = Optimizer(self._policy)
            self._key = key
        return self._policy

    @contextmanager
    def _as_reference(self, request: Update):
        policy, files = self._policy, self._named(request["reference"])
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
    lines = _Lines(path) if ranks.is_first else None
    engine = Engine(ranks, (lambda written: lines.send({"written": written})) if lines else None)
    while True:
        request = lines.receive() if lines else None
        request, landed = ranks.from_first((request, engine.beside.landed()))
        if request is None:
            return
        engine.landed(landed)

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
        self._file = self._socket.makefile("r")
        self._sends = Lock()
        self.send({"ready": True})

    def receive(self) -> dict[str, Any] | None:
        line = self._file.readline()
        return json.loads(line) if line else None

    def send(self, message: dict[str, Any]) -> None:
        with self._sends:
            self._socket.sendall(f"{json.dumps(message)}\n".encode())


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
