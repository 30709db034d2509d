"""What both sides compute: a model with random weights, one prompt with its clip, and the sizes of a step."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForImageTextToText

from videocap_torch.config import TINY
from videocap_torch.engine.families import FAMILIES
from videocap_torch.engine.messages import PinnedFile, Shown
from videocap_torch.tokenizer import END, SPECIAL, load_tokenizer, prompt_ids

COMPLETIONS = 8
TOKENS = 128
"""Of each completion."""
FRAMES, SIDE = 16, 224
"""8 slices of 16 x 16 patches, which are 512 tokens. `transformers` numbers the text after a clip as the engine does
where the clip has no more slices than merged rows, so both sides have the same positions."""
LEARNING_RATE, BETA, CLIP = 1e-5, 0.04, 0.2
MAX_NORM = 1.0


def write_model(folder: Path) -> PinnedFile:
    """A Qwen2-VL of 50 million parameters, drawn from seed 0, with the tokenizer of the tiny model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "chat_template.jinja"):
        shutil.copy(TINY / name, folder / name)
    config = json.loads((TINY / "config.json").read_text())
    config["text_config"] |= {
        **{"vocab_size": 16384, "hidden_size": 512, "intermediate_size": 1792, "num_hidden_layers": 10},
        **{"num_attention_heads": 8, "num_key_value_heads": 2, "max_position_embeddings": 4096},
    }
    config["text_config"]["rope_parameters"]["mrope_section"] = [8, 12, 12]
    config["vision_config"] |= {"depth": 4, "embed_dim": 320, "hidden_size": 512, "num_heads": 5}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder), dtype=torch.float32)
    stored_name = FAMILIES["qwen2_vl"].stored_name
    own = {stored_name(name): parameter.detach().contiguous() for name, parameter in model.named_parameters()}
    path = folder / "model.safetensors"
    save_file(own, path, metadata={"format": "pt"})
    return {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def parameters_of(weights: PinnedFile) -> int:
    return Path(weights["path"]).stat().st_size // 4


def show_clip(folder: Path) -> Shown:
    """One clip of noise, with the prompt of the tiny model."""
    shape = [FRAMES, SIDE, SIDE, 3]
    path = folder / "clip.rgb"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8).tobytes())
    before, after = prompt_ids(load_tokenizer())
    return {
        "sampleId": "clip",
        "frames": {"path": str(path), "shape": shape, "seconds": [frame / 2 for frame in range(FRAMES)]},
        "promptIds": [*before, load_tokenizer().token_to_id("<|video_pad|>"), *after],
    }


def end_token() -> int:
    return load_tokenizer().token_to_id(END)


def suppressed() -> list[int]:
    """Tokens that neither side samples: completions of one length, without a placeholder of a video."""
    return sorted(load_tokenizer().token_to_id(token) for token in SPECIAL)
