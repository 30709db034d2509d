"""AdamW over sharded parameters, and its state as a file."""

import math

import torch
from safetensors import safe_open
from torch import Tensor
from torch.distributed.tensor import DTensor

from .messages import Adamw, PinnedFile
from .policy import Policy, check_hash, fill


class Optimizer:
    """`torch.optim.AdamW` over what a policy trains. Norms and biases do not decay. The state is in memory under the
    hash of the file that holds it.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._adamw: torch.optim.AdamW | None = None
        self.updates = 0
        self.loaded: str | None = None

    def load(self, file: PinnedFile | None) -> None:
        """The state of a file; without one, that before the first update."""
        wanted = file["sha256"] if file else None
        if self._adamw is not None and wanted is not None and self.loaded == wanted:
            return
        trained = self._policy.trained()
        groups = [{"params": [p for p in trained.values() if (p.dim() >= 2) == decays]} for decays in (True, False)]
        self._adamw = torch.optim.AdamW([group for group in groups if group["params"]], foreach=True)
        self.updates = 0
        if file:
            check_hash(file, self._policy.ranks)
            with safe_open(file["path"], framework="pt") as state:
                self.updates = int(state.metadata()["updates"])
                for name, parameter in trained.items():
                    self._adamw.state[parameter] = {
                        "step": torch.tensor(float(self.updates)),
                        "exp_avg": _filled(parameter, state.get_slice(f"m.{name}")),
                        "exp_avg_sq": _filled(parameter, state.get_slice(f"v.{name}")),
                    }
        self.loaded = wanted

    def zero_grad(self) -> None:
        self._adamw.zero_grad(set_to_none=True)

    def gradient_norm(self) -> float:
        """The global norm of all gradients, over all ranks."""
        grads = [p.grad for p in self._policy.trained().values() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(grads)
        return (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()

    def step(self, settings: Adamw, norm: float) -> None:
        """One update with the gradients there are, scaled down to `maxGradNorm` if their norm is larger."""
        scale = min(1.0, settings["maxGradNorm"] / (norm + 1e-6))
        parameters = [p for p in self._policy.trained().values() if p.grad is not None]
        if scale < 1.0:
            torch._foreach_mul_([p.grad for p in parameters], scale)
        for group in self._adamw.param_groups:
            decays = group["params"][0].dim() >= 2
            group.update(
                lr=settings["learningRate"],
                betas=(settings["beta1"], settings["beta2"]),
                eps=settings["epsilon"],
                weight_decay=settings["weightDecay"] if decays else 0.0,
            )
        self._adamw.step()
        self.updates += 1
        self.loaded = None

    def moments(self) -> dict[str, Tensor]:
        """Both moments of every trained parameter, as `m.<name>` and `v.<name>`."""
        found: dict[str, Tensor] = {}
        for kind, key in (("m", "exp_avg"), ("v", "exp_avg_sq")):
            for name, parameter in self._policy.trained().items():
                state = self._adamw.state.get(parameter)
                found[f"{kind}.{name}"] = state[key] if state else torch.zeros_like(parameter)
        return found


def is_finite(tensors: dict[str, Tensor]) -> str | None:
    """The name of the first tensor with a number that is not finite, on any rank."""
    for name, tensor in tensors.items():
        worst = tensor.detach().abs().max()
        value = (worst.full_tensor() if isinstance(worst, DTensor) else worst).item()
        if not math.isfinite(value):
            return name
    return None


def _filled(parameter: Tensor, whole) -> Tensor:
    moment = torch.zeros_like(parameter, requires_grad=False)
    fill(moment, whole)
    return moment
