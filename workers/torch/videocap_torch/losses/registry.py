"""Every loss, written once in its own file: it runs eagerly in torch, and `export.py` traces its gradients into
ONNX.
"""

from .grpo import GRPO
from .gspo import GSPO
from .loss import Loss
from .sft import SFT

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (GRPO, SFT, GSPO)}
