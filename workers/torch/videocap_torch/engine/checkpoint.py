"""What an update leaves: files of weights and moments, or a digest of what the ranks hold."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import TypeVar

from torch import Tensor

from .digest import digest_of
from .messages import PinnedFile
from .optimizer import Optimizer
from .policy import Policy
from .ranks import Ranks, on_host
from .shared_file import Part, SharedFile

T = TypeVar("T")


class NotWritten(Exception):
    """A rank could not write its part of a file."""


def write_files(
    policy: Policy, optimizer: Optimizer, folder: str, *, only_weights: bool = False
) -> dict[str, PinnedFile]:
    """Writes both files, or that of the weights alone; their content is what is in memory from here on."""
    files, parts = _created(policy, optimizer, folder, only_weights=only_weights)
    written = _write(files, parts, policy.ranks)
    policy.loaded = written["weights"]["sha256"]
    optimizer.loaded = written["optimizer"]["sha256"] if "optimizer" in written else optimizer.loaded
    return written


def write_beside(
    policy: Policy, optimizer: Optimizer, folder: str, done: Callable[[dict[str, PinnedFile] | str], None]
) -> Thread:
    """Copies what this rank has to its host, and writes both files from there while the ranks do something else.

    @param done called in another thread with the files, or with why there are none; the same on every rank.
    """
    ranks = policy.ranks
    files, held = _created(policy, optimizer, folder)
    staged = {what: [Part(begin, on_host(rows)) for begin, rows in parts] for what, parts in held.items()}

    def work() -> None:
        try:
            done(_write(files, staged, ranks, beside=True))
        except NotWritten as error:
            done(str(error))

    # Files that are half written when the process ends are of no use to anyone.
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def digest_held(policy: Policy, optimizer: Optimizer) -> str:
    """The digest of weights and moments, under which both are in memory from here on."""
    tensors = policy.stored() | optimizer.moments()
    digest = digest_of(tensors, f"updates {optimizer.updates}", policy.ranks)
    policy.loaded = optimizer.loaded = digest
    return digest


def _created(
    policy: Policy, optimizer: Optimizer, folder: str, *, only_weights: bool = False
) -> tuple[dict[str, SharedFile], dict[str, list[Part]]]:
    """The files, of which no tensor is written yet, and what this rank has to write of each."""
    weights = dict(sorted(policy.stored().items(), key=lambda item: (-item[1].element_size(), item[0])))
    contents = {"weights": (weights, policy.metadata())}
    if not only_weights:
        contents["optimizer"] = (_beside(weights, optimizer.moments()), {"updates": str(optimizer.updates)})
    files = {what: SharedFile(str(Path(folder) / f"{what}.safetensors"), *of) for what, of in contents.items()}
    if policy.ranks.is_first:
        for file in files.values():
            file.create()
    policy.ranks.gathered(None)
    return files, {what: list(file.parts(contents[what][0], policy.ranks.rank)) for what, file in files.items()}


def _write(
    files: dict[str, SharedFile], parts: dict[str, list[Part]], ranks: Ranks, *, beside: bool = False
) -> dict[str, PinnedFile]:
    """Writes this rank's parts; once all ranks have theirs, one rank hashes the weights, and the last one the moments.

    @raises NotWritten on all ranks where one has failed.
    """

    def write() -> None:
        for what, file in files.items():
            file.write(parts.pop(what))

    def hash_own() -> dict[str, PinnedFile]:
        owners = {"weights": 0, "optimizer": ranks.count - 1}
        own = {what: file for what, file in files.items() if owners[what] == ranks.rank}
        with ThreadPoolExecutor(len(own) or 1) as pool:
            hashes = pool.map(SharedFile.sha256, own.values())
            return {what: {"path": own[what].path, "sha256": sha256} for what, sha256 in zip(own, hashes, strict=True)}

    _agreed(write, ranks, beside=beside)
    found: dict[str, PinnedFile] = {}
    for own in _agreed(hash_own, ranks, beside=beside):
        found |= own
    return {what: found[what] for what in files}


def _agreed(work: Callable[[], T], ranks: Ranks, *, beside: bool) -> list[T]:
    """What every rank's work gives. A rank that fails tells the others, which would wait for it.

    @raises NotWritten on all ranks where one has failed.
    """
    try:
        own = (work(), None)
    except Exception as error:
        own = (None, f"{type(error).__name__}: {error}")
    every = ranks.gathered(own, beside=beside)
    for _, fault in every:
        if fault:
            raise NotWritten(fault)
    return [value for value, _ in every]


def _beside(weights: dict[str, Tensor], moments: dict[str, Tensor]) -> dict[str, Tensor]:
    """Moments in the order of their weights."""
    names = [f"{kind}.{name}" for name in weights for kind in ("m", "v")]
    return {name: moments[name] for name in names if name in moments}
