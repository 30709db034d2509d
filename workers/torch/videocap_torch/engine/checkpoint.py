"""What an update leaves: files of weights and moments, or a digest of what the ranks hold."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor
from torch.distributed.tensor import DTensor

from .digest import digest_of
from .messages import PinnedFile
from .optimizer import Optimizer
from .policy import Policy
from .ranks import on_host
from .written_file import WrittenFile


def write_files(
    policy: Policy, optimizer: Optimizer, folder: str, *, only_weights: bool = False
) -> dict[str, PinnedFile]:
    """Writes both files, or that of the weights alone; their content is what is in memory from here on.

    Rank 0 writes the weights while the last rank writes the moments. Tensors are gathered one by one, so that no host
    holds more than a few of them.
    """
    ranks = policy.ranks
    weights = dict(sorted(policy.stored().items(), key=lambda item: (-item[1].element_size(), item[0])))
    moments = {} if only_weights else dict(_beside(weights, optimizer.moments()))
    contents = {"weights": (weights, policy.metadata(), 0)}
    if not only_weights:
        contents["optimizer"] = (moments, {"updates": str(optimizer.updates)}, ranks.count - 1)
    paths = {file: str(Path(folder) / f"{file}.safetensors") for file in contents}
    own = {
        file: WrittenFile(paths[file], tensors, metadata)
        for file, (tensors, metadata, owner) in contents.items()
        if owner == ranks.rank
    }
    for name, tensor in weights.items():
        _give(own.get("weights"), tensor)
        for moment in _moments_of(name, moments):
            _give(own.get("optimizer"), moments[moment])
    hashes: dict[str, str] = {}
    for found in ranks.gathered({file: written.close() for file, written in own.items()}):
        hashes |= found
    policy.loaded, optimizer.loaded = hashes["weights"], hashes.get("optimizer", optimizer.loaded)
    return {file: {"path": paths[file], "sha256": hashes[file]} for file in contents}


def digest_held(policy: Policy, optimizer: Optimizer) -> str:
    """The digest of weights and moments, under which both are in memory from here on."""
    tensors = policy.stored() | optimizer.moments()
    digest = digest_of(tensors, f"updates {optimizer.updates}", policy.ranks)
    policy.loaded = optimizer.loaded = digest
    return digest


def _moments_of(name: str, moments: dict[str, Tensor]) -> list[str]:
    return [moment for moment in (f"m.{name}", f"v.{name}") if moment in moments]


def _beside(weights: dict[str, Tensor], moments: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Moments in the order of their weights, so that both files grow together."""
    for name in weights:
        for moment in _moments_of(name, moments):
            yield moment, moments[moment]


def _give(file: WrittenFile | None, tensor: Tensor) -> None:
    whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    if file:
        file.add(on_host(whole))
