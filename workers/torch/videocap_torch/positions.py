"""Position ids and the rotary tables made from them.

The rule for text after a video is the classic one of Qwen2-VL: it starts at the largest position so far plus one.
transformers 5 starts lower when it makes the ids itself, so these ids are always passed to it explicitly.
"""

import torch

from .config import Dims


def position_ids(before: int, grid: tuple[int, int, int], after: int, merge: int = 2) -> torch.Tensor:
    """Time, row and column [3, S] of `before` text tokens, a video of `grid` patches and `after` text tokens."""
    slices, rows, columns = grid[0], grid[1] // merge, grid[2] // merge
    lead = torch.arange(before).expand(3, -1)
    time, row, column = torch.meshgrid(torch.arange(slices), torch.arange(rows), torch.arange(columns), indexing="ij")
    video = torch.stack([time, row, column]).reshape(3, -1) + before
    tail = torch.arange(after).expand(3, -1) + int(video.max()) + 1
    return torch.cat([lead, video, tail], dim=1)


def text_rotary(dims: Dims, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin [S, head_dim] of M-RoPE: the sections of the frequencies take turns with time, row and column."""
    half = dims.head_dim // 2
    frequencies = 1.0 / dims.rope_theta ** (torch.arange(0, half, dtype=torch.float32) * 2 / dims.head_dim)
    angles = positions[..., None].float() * frequencies
    parts = angles.split(list(dims.mrope_section), dim=-1)
    mixed = torch.cat([part[i % 3] for i, part in enumerate(parts)], dim=-1)
    both = torch.cat([mixed, mixed], dim=-1)
    return both.cos(), both.sin()


def vision_rotary(dims: Dims, grid: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin [N, vision_head_dim] for the N patches of one slice, in the block order of the 2x2 merge."""
    _, height, width = grid
    m = dims.merge
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    blocks = (height // m, m, width // m, m)
    place = torch.stack([ids.reshape(blocks).transpose(1, 2).flatten() for ids in (rows, columns)])
    quarter = dims.vision_head_dim // 4
    frequencies = 1.0 / 10000.0 ** (torch.arange(0, quarter, dtype=torch.float32) * 2 / (dims.vision_head_dim // 2))
    row_angles, column_angles = place[..., None].float() * frequencies
    angles = torch.cat([row_angles, column_angles], dim=-1)
    both = torch.cat([angles, angles], dim=-1)
    return both.cos(), both.sin()
