"""The sight task of pretraining: every video token says what is inside its 28x28 pixels, in both of its frames.

A contrastively pretrained vision tower, such as a real Qwen2-VL starts from, knows what is where; this one has to be
taught. A linear head reads presence, place and size in both frames and the shape for each colour off a token. It is
thrown away after pretraining.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Dims, Params
from .scenes import GRID
from .world import COLOURS, SHAPES

ROWS, COLUMNS = GRID[1] // 2, GRID[2] // 2
CELLS = ROWS * COLUMNS
OUTPUTS = 2 + 2 * 3 + len(SHAPES)
"""A colour: presence in two frames, (dx, dy, radius) in two frames, shape."""


def sight_parameters(dims: Dims, seed: int = 0) -> Params:
    generator = torch.Generator().manual_seed(seed)
    return {
        "aux.sight.weight": torch.randn(len(COLOURS) * OUTPUTS, dims.hidden, generator=generator) * 0.02,
        "aux.sight.bias": torch.zeros(len(COLOURS) * OUTPUTS),
    }


def sight_loss(p: Params, video: Tensor, tracks: Tensor) -> tuple[Tensor, dict[str, float]]:
    """video [B, M, D]; tracks [B, 8, 6, 5] as `export-tracks.ts` writes them. A sum of mean losses, and each of
    them.
    """
    batch, colours = len(video), len(COLOURS)
    out = F.linear(F.rms_norm(video, video.shape[-1:]), p["aux.sight.weight"], p["aux.sight.bias"]).float()
    out = out.reshape(batch, GRID[0], CELLS, colours, OUTPUTS)
    visible, x, y, radius, shape = tracks.reshape(batch, GRID[0], 2, colours, 5).unbind(-1)
    column, row = ((x * COLUMNS).floor().clamp(0, COLUMNS - 1), (y * ROWS).floor().clamp(0, ROWS - 1))
    # [B, T, CELLS, 6, 2 frames]: 1 in the cell where the centre of a visible subject is.
    cells = F.one_hot((row * COLUMNS + column).long(), CELLS).permute(0, 1, 4, 3, 2)
    here = cells * visible.transpose(2, 3)[:, :, None]
    place = torch.stack([x * COLUMNS - column - 0.5, y * ROWS - row - 0.5, radius * 6 - 0.6], dim=-1).transpose(2, 3)
    presence = F.binary_cross_entropy_with_logits(out[..., :2], here, pos_weight=torch.tensor(4.0))
    guess = out[..., 2:8].reshape(batch, GRID[0], CELLS, colours, 2, 3)
    places = ((guess - place[:, :, None]).abs().sum(-1) * here).sum() / (here.sum() + 1)
    either = here.amax(-1)
    kind = (shape.amax((1, 2)).long() - 1).clamp(min=0)[:, None, None].expand(-1, GRID[0], CELLS, -1)
    wrong = F.cross_entropy(out[..., 8:].flatten(0, 3), kind.flatten(), reduction="none").reshape(either.shape)
    shapes = (wrong * either).sum() / (either.sum() + 1)
    report = {"sight_presence": presence.item(), "sight_place": places.item(), "sight_shape": shapes.item()}
    return 5 * presence + places + shapes, report
