"""What a loss declares, so that its gradient graph, its fixtures and its parity tests follow from the registry."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..config import Params
from ..token_logprobs import Scored

PER_TOKEN = {0: "B", 1: "G", 2: "L"}
PER_COMPLETION = {0: "B", 1: "G"}


class Loss(NamedTuple):
    name: str
    """As in a config's algorithm. The graph of its gradients is `<name>-gradients`."""
    sampled: bool
    """Scores tokens under the sampling distribution: temperature and suppressed tokens are inputs. Else under the
    plain softmax.
    """
    inputs: dict[str, dict[int, str]]
    """Its tensors, in order, and the names of their dynamic axes. An input that two losses share is the same in
    both.
    """
    scalars: dict[str, float]
    """Its scalars, which come after the tensors, with the values that examples and fixtures take."""
    outputs: tuple[str, ...]
    """What `compute` gives beside the loss, each [B, G, L]."""
    compute: Callable[..., tuple[Tensor, ...]]
    """Takes `Scored`, then inputs and scalars in order or by name; gives the loss, then the outputs."""
    example: Callable[[Tensor, Tensor, torch.Generator], Params]
    """Made-up inputs for completions of these log-probabilities [B, G, L] and mask [B, G, L]."""

    @property
    def graph(self) -> str:
        return f"{self.name}-gradients"


def scalar_tensors(loss: Loss) -> Params:
    return {name: torch.tensor(value) for name, value in loss.scalars.items()}


def apply_loss(loss: Loss, scored: Scored, inputs: Params) -> dict[str, Tensor]:
    """The loss of eager tensors, as `loss`, and its outputs by name."""
    values = loss.compute(scored, **inputs)
    return dict(zip(("loss", *loss.outputs), values, strict=True))
