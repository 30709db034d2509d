"""AdamW with gradient clipping by global norm, as `torch.optim.AdamW` and `clip_grad_norm_` compute it."""

from typing import NamedTuple

import torch
from torch import Tensor


class AdamwSettings(NamedTuple):
    """Scalars, as tensors where traced. The corrections are 1 - beta ** step."""

    lr: Tensor
    beta1: Tensor
    beta2: Tensor
    eps: Tensor
    weight_decay: Tensor
    bias_correction1: Tensor
    bias_correction2: Tensor
    max_grad_norm: Tensor


def adamw_step(
    params: list[Tensor], grads: list[Tensor], first: list[Tensor], second: list[Tensor], s: AdamwSettings
) -> tuple[list[Tensor], list[Tensor], list[Tensor], Tensor]:
    """New parameters and moments, and the global norm of the gradients before clipping.

    Only tensors of two or more dimensions decay: norms and biases keep their scale.
    """
    norm = torch.stack([(grad * grad).sum() for grad in grads]).sum().sqrt()
    scale = torch.minimum(s.max_grad_norm / (norm + 1e-6), torch.ones_like(norm))
    grads = [grad * scale for grad in grads]
    first = [s.beta1 * m + (1 - s.beta1) * g for m, g in zip(first, grads, strict=True)]
    second = [s.beta2 * v + (1 - s.beta2) * g * g for v, g in zip(second, grads, strict=True)]
    updated = []
    for p, m, v in zip(params, first, second, strict=True):
        kept = p * (1 - s.lr * s.weight_decay) if p.dim() >= 2 else p
        updated.append(kept - s.lr * (m / s.bias_correction1) / ((v / s.bias_correction2).sqrt() + s.eps))
    return updated, first, second, norm
