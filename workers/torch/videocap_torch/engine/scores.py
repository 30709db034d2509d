"""Log-probabilities of completions, and the entropies they were drawn from, of one row: what every loss is made of."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .packing import Row

CHUNK = 1024
"""Positions whose logits are in memory at once: at a vocabulary of 152,064 they take 0.6 GB in float32."""


def token_scores(
    model: nn.Module, row: Row, pixels: Tensor, grids: Tensor, temperature: float, suppressed: Tensor
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies [N], float32, of softmax((logits + suppressed) / temperature).

    `model` is a `...ForConditionalGeneration` of transformers, with or without PEFT's layers in it. `pixels` [patches,
    values] and `grids` [videos, 3] are those of the row's videos, in order; `suppressed` [V] is -1e9 where a token is
    never sampled, and 0 elsewhere.
    """
    hidden = model.model(
        input_ids=row.token_ids,
        spans=row.spans,
        position_ids=row.position_ids,
        pixel_values_videos=pixels,
        video_grid_thw=grids,
        use_cache=False,
    ).last_hidden_state[0, row.predicting]

    def score(some: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        logits = (model.lm_head(some).float() + suppressed) / temperature
        distribution = logits.log_softmax(-1)
        entropy = -(distribution.exp() * distribution).sum(-1)
        return distribution.gather(-1, ids[:, None]).squeeze(-1), entropy

    parts = list(zip(hidden.split(CHUNK), row.scored.split(CHUNK), strict=True))
    # One part alone has its logits in memory once either way, so nothing is computed again for it.
    if torch.is_grad_enabled() and len(parts) > 1:
        scored = [checkpoint(score, some, ids, use_reentrant=False) for some, ids in parts]
    else:
        scored = [score(some, ids) for some, ids in parts]
    logprobs, entropies = zip(*scored, strict=True)
    return torch.cat(logprobs), torch.cat(entropies)
