"""The perception task of pretraining: six colour queries ask the decoder what each colour of the video is and does.

Captions teach perception slowly (one sentence a subject, a third of them missing). So during pretraining learned
query vectors follow the video as completions of one token each, and linear heads read shape, size, action, target and
place off them. Queries and heads are thrown away afterwards: the policy is the plain Qwen2-VL.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Dims, Params
from .qwen2vl import Prompt, completions
from .world import ACTIONS, COLOURS, SHAPES, SIZES, Event

HEADS = {"shape": len(SHAPES) + 1, "size": len(SIZES), "action": len(ACTIONS), "target": len(COLOURS) + 1, "place": 3}
NONE = -100


def perception_parameters(dims: Dims, seed: int = 0) -> Params:
    generator = torch.Generator().manual_seed(seed)
    outputs = sum(HEADS.values())
    return {
        "aux.query": torch.randn(len(COLOURS), dims.hidden, generator=generator) * 0.05,
        "aux.head.weight": torch.randn(outputs, dims.hidden, generator=generator) * 0.02,
        "aux.head.bias": torch.zeros(outputs),
    }


def perception_targets(batch: list[list[Event]]) -> dict[str, Tensor]:
    """Class of every head for every colour [B, 6]. A colour that is absent has only a shape: the extra class."""
    targets = {head: torch.full((len(batch), len(COLOURS)), NONE) for head in HEADS}
    targets["shape"][:] = len(SHAPES)
    for row, events in enumerate(batch):
        for place, event in enumerate(events):
            at = row, COLOURS.index(event.colour)
            targets["shape"][at] = SHAPES.index(event.shape)
            targets["size"][at] = SIZES.index(event.size)
            targets["action"][at] = ACTIONS.index(event.action)
            targets["target"][at] = COLOURS.index(event.target[0]) if event.target else len(COLOURS)
            targets["place"][at] = place
    return targets


def perception_loss(
    p: Params, dims: Dims, video: Prompt, targets: dict[str, Tensor], cos: Tensor, sin: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Mean cross-entropy of all heads, and the accuracy of each. cos, sin [1, d]: the place right after the video."""
    batch = len(video.hidden)
    queries = p["aux.query"][None, :, None].expand(batch, -1, -1, -1)
    hidden = completions(p, dims, video, queries, cos, sin)[:, :, 0]
    scores = F.linear(hidden, p["aux.head.weight"], p["aux.head.bias"]).float().split(list(HEADS.values()), dim=-1)
    loss, accuracy = torch.zeros(()), {}
    for (head, target), score in zip(targets.items(), scores, strict=True):
        loss = loss + F.cross_entropy(score.flatten(0, 1), target.flatten(), ignore_index=NONE)
        known = target != NONE
        if head == "shape":
            known = target != len(SHAPES)
        accuracy[head] = (score.argmax(-1)[known] == target[known]).float().mean().item()
    return loss / len(HEADS), accuracy
