"""GSPO (arXiv 2507.18071): GRPO whose importance ratio is one number a completion."""

from torch import Tensor

from ..token_logprobs import Scored
from .grpo import GRPO, GrpoTerms, clipped_surrogate
from .loss import Loss


def gspo_loss(
    scored: Scored, old_logprobs: Tensor, ref_logprobs: Tensor, advantages: Tensor, token_weights: Tensor,
    clip_low: Tensor | float, clip_high: Tensor | float, beta: Tensor | float,
) -> GrpoTerms:  # fmt: skip
    """`grpo_loss` with the ratio s = exp(mean over the completion's tokens of logp - old) for each of its tokens
    (equations 5 and 7). A token counts in the mean where its weight is above 0: padding does not, nor a completion that
    is left out, whose ratio is 1.
    """
    logprobs, advantage = scored.logprobs, advantages[..., None]
    mask = (token_weights > 0).to(logprobs.dtype)
    lengths = mask.sum(-1, keepdim=True).clamp(min=1)
    ratio = (((logprobs - old_logprobs) * mask).sum(-1, keepdim=True) / lengths).exp().expand_as(logprobs)
    return clipped_surrogate(ratio, advantage, logprobs, ref_logprobs, token_weights, clip_low, clip_high, beta)


GSPO = Loss(
    name="gspo",
    sampled=True,
    inputs=GRPO.inputs,
    # The paper's range, a thousandth of GRPO's: a mean over many tokens hardly moves.
    scalars={"clip_low": 3e-4, "clip_high": 4e-4, "beta": 0.04},
    outputs=GRPO.outputs,
    compute=gspo_loss,
    example=GRPO.example,
)
