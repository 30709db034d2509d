"""The model to measure: from a folder, or of a published model's sizes with random weights."""

import json
import shutil
import zlib
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from ..config import REPOSITORY, TINY
from ..engine.policy import Policy
from .plan import WrongPlan

SECTIONS = {"qwen3_vl": [24, 20, 20]}
"""Of rotary positions, as published; [16, 24, 24] in the other families."""


def model_folder(model: str, scratch: Path) -> str:
    """A folder with the model's config, and a tokenizer: weights are drawn.

    @raises WrongPlan for a model whose sizes are not known.
    """
    for folder in (Path(model), REPOSITORY / "policy/models" / model):
        if (folder / "config.json").exists():
            return str(folder)
    presets = json.loads((REPOSITORY / "policy/plan/model-presets.json").read_text())
    found = {name.split("/")[-1].lower(): preset["config"] for name, preset in presets.items()}.get(
        model.rstrip("/").split("/")[-1].lower()
    )
    if found is None:
        raise WrongPlan(f"{model} is no folder with a config.json here, and none of {', '.join(presets)}.")
    own = ("model_type", "tie_word_embeddings", "vision_config", "text_config")
    text = found.get("text_config") or {name: value for name, value in found.items() if name not in own}
    family = found["model_type"]
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": SECTIONS.get(family, [16, 24, 24])}
    interleaved = {"mrope_interleaved": True} if family == "qwen3_vl" else {}
    config = {
        **{name: found[name] for name in ("model_type", "tie_word_embeddings", "vision_config") if name in found},
        "text_config": {"rope_parameters": rope | interleaved} | text,
    }
    (scratch / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        shutil.copy(TINY / name, scratch / name)
    return str(scratch)


def draw_weights(policy: Policy) -> None:
    """Fills the model with random weights, the same at every call with so many ranks."""
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            local = parameter.to_local() if isinstance(parameter, DTensor) else parameter
            if parameter.dim() < 2:
                local.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
                continue
            seed = zlib.crc32(f"{name} {policy.ranks.rank}".encode())
            local.normal_(0.0, 0.02, generator=torch.Generator(local.device).manual_seed(seed))
    policy.loaded = policy.base = "drawn"
