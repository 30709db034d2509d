"""Frames to the rows of pixels that the vision towers of the Qwen families take."""

import torch
from torch import Tensor

from .families import Grid, VideoProcessor


def pixel_rows(frames: Tensor, processor: VideoProcessor) -> tuple[Tensor, Grid]:
    """Patches [T*rows*columns, 3 * pair * patch * patch] of frames [F, height, width, 3], and their grid.

    Normalised, `pair` frames a slice (an odd last frame is repeated), one row a patch, rows in the order of the merge,
    columns by channel, frame of the pair, row and column of the patch: as `Qwen2VLVideoProcessor` has them.
    """
    patch, merge, pair = processor.patch_size, processor.merge_size, processor.temporal_patch_size
    missing = -len(frames) % pair
    if missing:
        frames = torch.cat([frames, frames[-1:].expand(missing, -1, -1, -1)])
    count, height, width, _ = frames.shape
    mean = torch.tensor(processor.image_mean, dtype=torch.float32)
    std = torch.tensor(processor.image_std, dtype=torch.float32)
    values = ((frames.float() / 255 - mean) / std).permute(0, 3, 1, 2)
    grid = count // pair, height // patch, width // patch
    slices, rows, columns = grid
    blocks = values.reshape(slices, pair, 3, rows // merge, merge, patch, columns // merge, merge, patch)
    ordered = blocks.permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return ordered.reshape(slices * rows * columns, -1), grid
