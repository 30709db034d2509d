"""PyTorch's setting for results that are the same bits each time."""

import torch


def compute_same_bits() -> None:
    """Takes deterministic kernels where there are any. New tensors are not filled: the setting does so for programs
    that read what they have not written, and it costs a pass over every tensor.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
