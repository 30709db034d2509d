"""Sampling in torch, to see how pretraining goes."""

import torch
from torch import Tensor

from .config import Dims, Params
from .positions import position_ids, text_rotary, vision_rotary
from .qwen2vl import decode, embed, empty_past, logits, prompt, vision


@torch.no_grad()
def generate(
    p: Params,
    dims: Dims,
    pixels: Tensor,
    grid: tuple[int, int, int],
    prompt_ids: tuple[list[int], list[int]],
    end: int,
    most: int = 112,
    greedy: bool = True,
) -> list[list[int]]:
    """One completion a video of [B, T, N, 1176], without the end token."""
    batch = len(pixels)
    before, after = (torch.tensor(ids).expand(batch, -1) for ids in prompt_ids)
    cos, sin = text_rotary(dims, position_ids(len(prompt_ids[0]), grid, len(prompt_ids[1]) + most, dims.merge))
    embeds = torch.cat([embed(p, before), vision(p, dims, pixels, *vision_rotary(dims, grid)), embed(p, after)], dim=1)
    length = embeds.shape[1]
    shared = prompt(p, dims, embeds, cos[:length], sin[:length])
    scores = logits(p, shared.hidden[:, -1:])
    keys, values = empty_past(dims, batch, 1)
    ids, running = [], torch.ones(batch, 1, dtype=torch.bool)
    for at in range(length, length + most):
        chosen = scores.argmax(-1) if greedy else torch.multinomial(scores[:, 0].softmax(-1), 1)
        running &= chosen != end
        if not running.any():
            break
        ids.append(torch.where(running, chosen, end))
        scores, keys, values = decode(p, dims, shared, chosen, cos[at : at + 1], sin[at : at + 1], keys, values)
    rows = torch.cat(ids, dim=1).tolist() if ids else [[]] * batch
    return [[token for token in row if token != end] for row in rows]
