"""Names, shapes and fresh values of the parameters, and their file."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from .config import TINY, Dims, Params


def parameter_shapes(dims: Dims) -> dict[str, tuple[int, ...]]:
    """Every parameter of the model under its safetensors name, in the order of `sorted`, embeddings tied."""
    d, f, v = dims.hidden, dims.intermediate, dims.vision_dim
    q, kv, m = dims.heads * dims.head_dim, dims.kv_heads * dims.head_dim, dims.vision_dim * dims.merge**2
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (dims.vocab, d),
        "model.norm.weight": (d,),
        "visual.patch_embed.proj.weight": (v, dims.channels, dims.temporal_patch, dims.patch, dims.patch),
        "visual.merger.ln_q.weight": (v,),
        "visual.merger.ln_q.bias": (v,),
        "visual.merger.mlp.0.weight": (m, m),
        "visual.merger.mlp.0.bias": (m,),
        "visual.merger.mlp.2.weight": (d, m),
        "visual.merger.mlp.2.bias": (d,),
    }
    for i in range(dims.layers):
        name = f"model.layers.{i}."
        shapes |= {name + "input_layernorm.weight": (d,), name + "post_attention_layernorm.weight": (d,)}
        for proj, size in (("q", q), ("k", kv), ("v", kv)):
            shapes |= {f"{name}self_attn.{proj}_proj.weight": (size, d), f"{name}self_attn.{proj}_proj.bias": (size,)}
        shapes[name + "self_attn.o_proj.weight"] = (d, q)
        shapes |= {name + "mlp.gate_proj.weight": (f, d), name + "mlp.up_proj.weight": (f, d)}
        shapes[name + "mlp.down_proj.weight"] = (d, f)
    wide = v * dims.vision_mlp_ratio
    for i in range(dims.vision_depth):
        name = f"visual.blocks.{i}."
        for part, size in (("norm1", (v,)), ("norm2", (v,)), ("attn.qkv", (3 * v, v)), ("attn.proj", (v, v))):
            shapes |= {f"{name}{part}.weight": size, f"{name}{part}.bias": size[:1]}
        shapes |= {name + "mlp.fc1.weight": (wide, v), name + "mlp.fc1.bias": (wide,)}
        shapes |= {name + "mlp.fc2.weight": (v, wide), name + "mlp.fc2.bias": (v,)}
    return dict(sorted(shapes.items()))


def fresh_parameters(dims: Dims, seed: int = 0) -> Params:
    """Norms are one, biases zero, matrices normal with a spread of 1/sqrt(inputs), embeddings of 0.02."""
    generator = torch.Generator().manual_seed(seed)
    params = {}
    for name, shape in parameter_shapes(dims).items():
        if len(shape) == 1:
            is_scale = name.endswith("weight")
            params[name] = torch.ones(shape) if is_scale else torch.zeros(shape)
            continue
        inputs = torch.Size(shape[1:]).numel()
        spread = 0.02 if "embed_tokens" in name else inputs**-0.5
        if name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight", "fc2.weight")):
            spread *= 0.3
        params[name] = torch.randn(shape, generator=generator) * spread
    return params


def load_parameters(folder: Path = TINY) -> Params:
    return load_file(folder / "model.safetensors")


def save_parameters(params: Params, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: params[name].detach().float().contiguous() for name in sorted(params)}
    save_file(ordered, path, metadata={"format": "pt"})
