"""Qwen2-VL as plain functions of a dictionary of parameters named as in its safetensors file.

The same functions are trained here, exported as ONNX graphs and compared with transformers. A prompt is computed once
a video; its G completions attend to the shared keys and values of the prompt and to themselves.

Shapes: B videos (same grid), T temporal slices, N patches a slice, M = T*N/4 video tokens, S prompt tokens,
G completions a video, L completion tokens, H heads, K key heads, R = H/K, d head size, D hidden size, V vocabulary.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Dims, Params
from .ops import attention, causal_mask, layer_norm, linear, rms_norm, rotate, silu, times, times_transposed


class Prompt(NamedTuple):
    """A computed prompt: normalised hidden states [B, S, D] and, a layer, rotated keys and values [B, K, S, d]."""

    hidden: Tensor
    keys: list[Tensor]
    values: list[Tensor]


def vision(p: Params, dims: Dims, pixels: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Video tokens [B, M, D] of patches [B, T, N, 1176]; attention stays within a slice. cos, sin: [N, vision head
    size].
    """
    batch, slices, patches, values = pixels.shape
    x = linear(pixels, p["visual.patch_embed.proj.weight"].reshape(dims.vision_dim, values))
    x = x.reshape(batch * slices, patches, dims.vision_dim)
    for i in range(dims.vision_depth):
        x = _vision_block(p, dims, f"visual.blocks.{i}.", x, cos, sin)
    x = _layer_norm(p, "visual.merger.ln_q", x)
    x = x.reshape(batch, slices * patches // dims.merge**2, dims.vision_dim * dims.merge**2)
    return _linear(p, "visual.merger.mlp.2", F.gelu(_linear(p, "visual.merger.mlp.0", x)))


def prompt(p: Params, dims: Dims, embeds: Tensor, cos: Tensor, sin: Tensor) -> Prompt:
    """Causal forward over embeddings [B, S, D]. cos, sin: [S, d]."""
    batch, length, _ = embeds.shape
    x, keys, values = embeds, [], []
    for i in range(dims.layers):
        name = f"model.layers.{i}."
        q, k, v = _qkv(p, dims, name, x, cos, sin)  # [B, S, heads, d]
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        mixed = attention(q, k, v, causal=True).transpose(1, 2).reshape(batch, length, dims.hidden)
        x = _close_layer(p, dims, name, x, mixed)
        keys.append(k)
        values.append(v)
    return Prompt(rms_norm(x, p["model.norm.weight"], dims.rms_eps), keys, values)


def completions(p: Params, dims: Dims, shared: Prompt, embeds: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Normalised hidden states of completion embeddings [B, G, L, D] after a shared prompt. cos, sin: [L, d]."""
    batch, group, length, _ = embeds.shape
    kv, per_key, size = dims.kv_heads, dims.queries_per_key, dims.head_dim
    x = embeds
    mask = causal_mask(length, x)
    scale = 1 / math.sqrt(size)
    for i in range(dims.layers):
        name = f"model.layers.{i}."
        q, k, v = _qkv(p, dims, name, x, cos, sin)  # [B, G, L, heads, d]
        q = (q * scale).reshape(batch, group, length, kv, per_key, size).permute(0, 3, 1, 4, 2, 5)  # [B, K, G, R, L, d]
        k, v = (t.permute(0, 3, 1, 2, 4) for t in (k, v))  # [B, K, G, L, d]
        prompt_k, prompt_v = shared.keys[i], shared.values[i]
        span = prompt_k.shape[2]
        to_prompt = times_transposed(_flat_queries(q), prompt_k)  # [B, K, G*R*L, S]
        to_self = times_transposed(q.flatten(3, 4), k)  # [B, K, G, R*L, L]
        to_self = to_self.reshape(batch, kv, group, per_key, length, length) + mask
        scores = torch.cat([to_prompt.reshape(batch, kv, group, per_key, length, span), to_self], dim=-1)
        on_prompt, on_self = scores.softmax(-1).split([span, length], dim=-1)
        from_prompt = times(_flat_queries(on_prompt), prompt_v)
        from_self = times(on_self.flatten(3, 4), v).reshape(batch, kv, group, per_key, length, size)
        mixed = from_prompt.reshape(batch, kv, group, per_key, length, size) + from_self
        mixed = mixed.permute(0, 2, 4, 1, 3, 5).reshape(batch, group, length, dims.hidden)
        x = _close_layer(p, dims, name, x, mixed)
    return rms_norm(x, p["model.norm.weight"], dims.rms_eps)


def past_shape(cache: str, dims: Dims, sequences: tuple[int, int], past: int) -> tuple[int, ...]:
    """Of `k.<layer>` or `v.<layer>` as `decode` takes it, for [B, G] sequences of `past` tokens."""
    size = (dims.head_dim, past) if cache.startswith("k") else (past, dims.head_dim)
    return *sequences, dims.kv_heads, *size


def empty_past(dims: Dims, batch: int, group: int) -> tuple[list[Tensor], list[Tensor]]:
    """Keys and values before the first token."""
    keys, values = (torch.zeros(past_shape(cache, dims, (batch, group), 0)) for cache in "kv")
    return [keys] * dims.layers, [values] * dims.layers


def decode(
    p: Params,
    dims: Dims,
    shared: Prompt,
    ids: Tensor,
    cos: Tensor,
    sin: Tensor,
    past_keys: list[Tensor],
    past_values: list[Tensor],
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """One token for every completion: logits [B, G, V] and the longer past.

    ids [B, G]; cos, sin [1, d]; past keys [B, G, K, d, Lp], as their product takes them; past values [B, G, K, Lp, d];
    Lp may be 0. Of `shared` only keys and values count.
    """
    batch, group = ids.shape
    kv, per_key, size = dims.kv_heads, dims.queries_per_key, dims.head_dim
    x = embed(p, ids)
    new_keys, new_values = [], []
    for i in range(dims.layers):
        name = f"model.layers.{i}."
        q, k, v = _qkv(p, dims, name, x, cos, sin)  # [B, G, heads, d]
        q = (q / math.sqrt(size)).reshape(batch, group, kv, per_key, size)
        k = torch.cat([past_keys[i], k.reshape(batch, group, kv, size, 1)], dim=4)
        v = torch.cat([past_values[i], v.reshape(batch, group, kv, 1, size)], dim=3)
        prompt_k, prompt_v = shared.keys[i], shared.values[i]
        span = prompt_k.shape[2]
        by_key = q.transpose(1, 2).reshape(batch, kv, group * per_key, size)
        to_prompt = times(by_key, prompt_k.transpose(-1, -2)).reshape(batch, kv, group, per_key, span).transpose(1, 2)
        weights = torch.cat([to_prompt, times(q, k)], dim=-1).softmax(-1)  # [B, G, K, R, S + Lp + 1]
        on_prompt, on_self = weights.split([span, k.shape[4]], dim=-1)
        from_prompt = times(on_prompt.transpose(1, 2).reshape(batch, kv, group * per_key, span), prompt_v)
        from_prompt = from_prompt.reshape(batch, kv, group, per_key, size).transpose(1, 2)
        mixed = (from_prompt + times(on_self, v)).reshape(batch, group, dims.hidden)
        x = _close_layer(p, dims, name, x, mixed)
        new_keys.append(k)
        new_values.append(v)
    return logits(p, rms_norm(x, p["model.norm.weight"], dims.rms_eps)), new_keys, new_values


def embed(p: Params, ids: Tensor) -> Tensor:
    return F.embedding(ids, p["model.embed_tokens.weight"])


def logits(p: Params, hidden: Tensor) -> Tensor:
    """The output layer is the embedding table (tied)."""
    return hidden @ p["model.embed_tokens.weight"].t()


def _vision_block(p: Params, dims: Dims, name: str, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    rows, patches, _ = x.shape
    qkv = _linear(p, name + "attn.qkv", _layer_norm(p, name + "norm1", x))
    q, k, v = qkv.reshape(rows, patches, 3, dims.vision_heads, dims.vision_head_dim).permute(2, 0, 3, 1, 4).unbind(0)
    mixed = attention(rotate(q, cos, sin), rotate(k, cos, sin), v, causal=False)
    mixed = mixed.transpose(1, 2).reshape(rows, patches, dims.vision_dim)
    x = x + _linear(p, name + "attn.proj", mixed)
    z = _linear(p, name + "mlp.fc1", _layer_norm(p, name + "norm2", x))
    return x + _linear(p, name + "mlp.fc2", z * torch.sigmoid(1.702 * z))


def _qkv(p: Params, dims: Dims, name: str, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotated queries [..., H, d], rotated keys and values [..., K, d]. cos, sin broadcast over [..., 1, d]."""
    h = rms_norm(x, p[name + "input_layernorm.weight"], dims.rms_eps)
    lead = x.shape[:-1]
    q = _linear(p, name + "self_attn.q_proj", h).reshape(*lead, dims.heads, dims.head_dim)
    k = _linear(p, name + "self_attn.k_proj", h).reshape(*lead, dims.kv_heads, dims.head_dim)
    v = _linear(p, name + "self_attn.v_proj", h).reshape(*lead, dims.kv_heads, dims.head_dim)
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return rotate(q, cos, sin), rotate(k, cos, sin), v


def _close_layer(p: Params, dims: Dims, name: str, x: Tensor, mixed: Tensor) -> Tensor:
    """Output projection, then the gated feed-forward block."""
    x = x + linear(mixed, p[name + "self_attn.o_proj.weight"])
    h = rms_norm(x, p[name + "post_attention_layernorm.weight"], dims.rms_eps)
    gate = silu(linear(h, p[name + "mlp.gate_proj.weight"]))
    return x + linear(gate * linear(h, p[name + "mlp.up_proj.weight"]), p[name + "mlp.down_proj.weight"])


def _flat_queries(x: Tensor) -> Tensor:
    """[B, K, G, R, L, a] -> [B, K, G*R*L, a]."""
    batch, kv, group, per_key, length, last = x.shape
    return x.reshape(batch, kv, group * per_key * length, last)


def _linear(p: Params, name: str, x: Tensor) -> Tensor:
    return linear(x, p[name + ".weight"], p[name + ".bias"])


def _layer_norm(p: Params, name: str, x: Tensor) -> Tensor:
    return layer_norm(x, p[name + ".weight"], p[name + ".bias"])
