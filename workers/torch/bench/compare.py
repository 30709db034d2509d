"""How far apart two sets of tensors are."""

from collections.abc import Mapping

from torch import Tensor


def apart(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The largest difference of an entry, over the largest entry of all.

    @raises ValueError where the names differ.
    """
    if one.keys() != other.keys():
        raise ValueError(f"only one side has {', '.join(sorted(one.keys() ^ other.keys()))}")
    largest = max(tensor.abs().max().item() for tensor in one.values())
    return max((tensor - other[name]).abs().max().item() for name, tensor in one.items()) / largest
