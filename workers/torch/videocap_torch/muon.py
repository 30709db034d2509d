"""Muon for CPUs: `torch.optim.Muon` orthogonalises in bfloat16, which costs more here than the whole forward pass."""

import torch
from torch import Tensor


class Muon(torch.optim.Optimizer):
    """
    Momentum, orthogonalised by five Newton-Schulz steps in float32, for matrices only (Jordan et al., 2024). Matrices
    of one shape are treated as one batch. The update is scaled to the root mean square of an AdamW step (0.2), so both
    optimizers share a learning rate.
    """

    def __init__(self, matrices: list[Tensor], lr: float, weight_decay: float = 0.0, momentum: float = 0.95):
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):  # noqa: ANN001
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in by_shape.items():
                directions = []
                for parameter in parameters:
                    state = self.state[parameter]
                    average = state.setdefault("average", torch.zeros_like(parameter))
                    average.lerp_(parameter.grad, 1 - group["momentum"])
                    directions.append(parameter.grad.lerp(average, group["momentum"]))
                steps = orthogonal(torch.stack(directions)) * (0.2 * max(shape) ** 0.5)
                for parameter, change in zip(parameters, steps, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(change, alpha=group["lr"])


def orthogonal(batch: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, nearly, of a batch `[n, rows, columns]`."""
    x = batch / (batch.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    for _ in range(5):
        product = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return x.transpose(1, 2) if tall else x
