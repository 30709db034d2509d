"""Weights as files: one of safetensors, or a manifest of those in the model's folder
(`policy/torch/weights-manifest.ts`).
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safetensors import safe_open

BEGINNING = b'{"files":'
"""How a manifest begins."""


class CorruptFile(Exception):
    """A file that has another content than it must have."""


class WrongModel(Exception):
    """Weights that are not those of the model."""


class Tensors:
    """Slices of the tensors of one or more safetensors files, by name."""

    def __init__(self, path: str, files: Iterable) -> None:
        self._path = path
        self._files = {name: file for file in files for name in file.keys()}

    def slice_of(self, name: str, shape: Iterable[int]):
        """@raises WrongModel where there is none of this shape."""
        if name not in self._files:
            raise WrongModel(f"the weights {self._path} have no tensor {name}; use a whole copy of the model")
        found = self._files[name].get_slice(name)
        if list(found.get_shape()) != list(shape):
            raise WrongModel(
                f"tensor {name} of the weights {self._path} has the shape {found.get_shape()}, and config.json asks "
                f"for {list(shape)}; use both files of one model"
            )
        return found


@contextmanager
def open_weights(path: str, folder: Path) -> Iterator[Tensors]:
    """The tensors of a file of weights, or of the files of the model's folder that it lists.

    @raises CorruptFile where one of these has another size.
    """
    with ExitStack() as stack:
        paths = _listed(path, folder) or [path]
        yield Tensors(path, [stack.enter_context(safe_open(file, framework="pt")) for file in paths])


def metadata_of(path: str) -> dict[str, str]:
    if _is_manifest(path):
        return {}
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}


def _is_manifest(path: str) -> bool:
    with open(path, "rb") as data:
        return data.read(len(BEGINNING)) == BEGINNING


def _listed(path: str, folder: Path) -> list[str]:
    if not _is_manifest(path):
        return []
    files = json.loads(Path(path).read_text())["files"]
    for file in files:
        size = os.path.getsize(folder / file["name"])
        if size != file["bytes"]:
            raise CorruptFile(f"{folder / file['name']} has {size} bytes, expected {file['bytes']}")
    return [str(folder / file["name"]) for file in files]
