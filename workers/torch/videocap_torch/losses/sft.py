"""Cross-entropy of reference completions."""

import torch
from torch import Tensor

from ..config import Params
from ..token_logprobs import Scored
from .aggregation import aggregation_weights
from .loss import PER_TOKEN, Loss


def sft_loss(scored: Scored, token_weights: Tensor) -> tuple[Tensor]:
    """-sum w logp: with weights 1 / tokens the mean cross-entropy of the completion; the prompt has no part in it."""
    return (-(token_weights * scored.logprobs).sum(),)


def _example(_: Tensor, mask: Tensor, __: torch.Generator) -> Params:
    return {"token_weights": aggregation_weights(mask, "grpo", mask.shape[-1])}


SFT = Loss(
    name="sft",
    sampled=False,
    inputs={"token_weights": PER_TOKEN},
    scalars={},
    outputs=(),
    compute=sft_loss,
    example=_example,
)
