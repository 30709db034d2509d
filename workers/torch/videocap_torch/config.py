"""Dimensions of a Qwen2-VL model, read from its config.json."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

Params = dict[str, torch.Tensor]

REPOSITORY = Path(__file__).resolve().parents[3]
TINY = REPOSITORY / "policy" / "models" / "tiny"


@dataclass(frozen=True)
class Dims:
    """What the forward passes need to know about a model."""

    vocab: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    rms_eps: float
    rope_theta: float
    mrope_section: tuple[int, int, int]
    vision_depth: int
    vision_dim: int
    vision_heads: int
    vision_mlp_ratio: int
    patch: int
    merge: int
    temporal_patch: int
    channels: int

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    @property
    def queries_per_key(self) -> int:
        return self.heads // self.kv_heads

    @property
    def vision_head_dim(self) -> int:
        return self.vision_dim // self.vision_heads

    @property
    def patch_values(self) -> int:
        """Numbers in one flattened patch: channels x temporal x height x width."""
        return self.channels * self.temporal_patch * self.patch * self.patch


def read_dims(folder: Path = TINY) -> Dims:
    """Reads `config.json` as transformers 5 writes it."""
    config = json.loads((folder / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    return Dims(
        vocab=text["vocab_size"],
        hidden=text["hidden_size"],
        layers=text["num_hidden_layers"],
        heads=text["num_attention_heads"],
        kv_heads=text["num_key_value_heads"],
        intermediate=text["intermediate_size"],
        rms_eps=text["rms_norm_eps"],
        rope_theta=text["rope_parameters"]["rope_theta"],
        mrope_section=tuple(text["rope_parameters"]["mrope_section"]),
        vision_depth=vision["depth"],
        vision_dim=vision["embed_dim"],
        vision_heads=vision["num_heads"],
        vision_mlp_ratio=vision["mlp_ratio"],
        patch=vision["patch_size"],
        merge=vision["spatial_merge_size"],
        temporal_patch=vision["temporal_patch_size"],
        channels=vision["in_channels"],
    )
