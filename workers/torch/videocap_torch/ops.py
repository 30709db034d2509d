"""Operations computed in two ways: as primitives, which can be traced, or by fused kernels, which train faster."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_fused = False


def use_fused_kernels(on: bool = True) -> None:
    """For eager training only: the backward passes of fused kernels have no ONNX lowering."""
    global _fused
    _fused = on


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    if _fused:
        return F.rms_norm(x, weight.shape, weight, eps)
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-6) -> Tensor:
    if _fused:
        return F.layer_norm(x, weight.shape, weight, bias, eps)
    x = x - x.mean(-1, keepdim=True)
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * weight + bias


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if _fused:
        return F.linear(x, weight, bias)
    return x @ weight.t() if bias is None else x @ weight.t() + bias


def silu(x: Tensor) -> Tensor:
    # Not F.silu where traced: its backward has no ONNX lowering.
    return F.silu(x) if _fused else x * torch.sigmoid(x)


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    """Queries [B, K*R, S, d] over keys and values [B, K, S, d], R query heads a key head: [B, K*R, S, d]."""
    if _fused:
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=q.shape[1] != k.shape[1])
    batch, heads, length, size = q.shape
    kv = k.shape[1]
    # The query heads of a key head go into one product, so that keys are never copied.
    rows = (q / math.sqrt(size)).reshape(batch, kv, heads // kv * length, size)
    scores = times_transposed(rows, k).reshape(batch, kv, heads // kv, length, length)
    if causal:
        scores = scores + causal_mask(length, scores)
    weights = scores.softmax(-1).reshape(batch, kv, heads // kv * length, length)
    return times(weights, v).reshape(batch, heads, length, size)


def times(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b` of equal leading dimensions [..., M, K] and [..., K, N], as one `bmm`. A traced `@` copies both operands
    by an Expand.
    """
    return torch.bmm(a.flatten(0, -3), b.flatten(0, -3)).reshape(*a.shape[:-1], b.shape[-1])


def times_transposed(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b^T` of [..., M, K] and [..., N, K]. ONNX Runtime fuses a transposition that stands next to the product."""
    return torch.bmm(a.flatten(0, -3), b.flatten(0, -3).transpose(1, 2)).reshape(*a.shape[:-1], b.shape[-2])


def causal_mask(length: int, like: Tensor) -> Tensor:
    """[L, L]: 0 where a row may look, -1e9 where it may not."""
    place = torch.arange(length, device=like.device)
    return (place[None, :] > place[:, None]).to(like.dtype) * -1e9


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding; the last dimension is split in halves."""
    half = x.shape[-1] // 2
    # Not two slices: the backward pass of a split is one concatenation.
    first, second = x.split([half, half], dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin
