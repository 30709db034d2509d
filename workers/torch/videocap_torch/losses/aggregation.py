"""How tokens of a step share in a loss: mask and aggregation in one factor, so that micro-batches can split a weighted
sum.
"""

from torch import Tensor


def aggregation_weights(mask: Tensor, mode: str, max_length: int) -> Tensor:
    """Token weights from the mask [..., L] of all N completions of a step.

    `grpo`: 1/(N |o_i|); `dapo`: 1/(all tokens); `dr_grpo`: 1/(N max_length). A completion whose mask is all 0 has
    weight 0 and does not count in N.
    """
    lengths = mask.sum(-1, keepdim=True)
    count = (lengths > 0).sum()
    match mode:
        case "grpo":
            return mask / lengths.clamp(min=1) / count
        case "dapo":
            return mask / mask.sum()
        case "dr_grpo":
            return mask / (count * max_length)
    raise ValueError(f"aggregation is {mode!r}: use grpo, dapo or dr_grpo")
