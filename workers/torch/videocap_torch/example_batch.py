"""A small random batch: what graphs are traced with, and what parity is tested on."""

from typing import NamedTuple

import torch
from torch import Tensor

from .config import Dims
from .positions import position_ids, text_rotary, vision_rotary
from .token_logprobs import Batch


class ExampleBatch(NamedTuple):
    batch: Batch
    grid: tuple[int, int, int]
    positions: Tensor
    """[3, S + L]"""
    mask: Tensor
    """[B, G, L]"""
    logprobs: Tensor
    """[B, G, L], made up."""


def example_batch(
    dims: Dims, grid: tuple[int, int, int] = (9, 4, 10), videos: int = 5, group: int = 7, length: int = 11,
    prefix: int = 17, suffix: int = 19, seed: int = 0,
) -> ExampleBatch:  # fmt: skip
    """No two sizes are equal, nor equal to one of the weights': a tracer would take them for one symbol."""
    generator = torch.Generator().manual_seed(seed)
    slices, rows, columns = grid
    normal = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731
    ids = lambda *shape: torch.randint(0, dims.vocab, shape, generator=generator)  # noqa: E731
    positions = position_ids(prefix, grid, suffix + length, dims.merge)
    lengths = torch.randint(2, length + 1, (videos, group), generator=generator)
    mask = (torch.arange(length) < lengths[..., None]).float()
    pixels = normal(videos, slices, rows * columns, dims.patch_values)
    tables = text_rotary(dims, positions)
    batch = Batch(
        pixels,
        *vision_rotary(dims, grid),
        ids(videos, prefix),
        ids(videos, suffix),
        *tables,
        ids(videos, group, length),
    )
    return ExampleBatch(batch, grid, positions, mask, -6 + 0.5 * normal(videos, group, length))
