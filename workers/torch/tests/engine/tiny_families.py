"""Small models of every family, with random weights, in folders as they are published."""

import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModelForImageTextToText, PreTrainedConfig
from transformers.models.qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_vl import Qwen2VLConfig
from transformers.models.qwen3_vl import Qwen3VLConfig

from videocap_torch.config import TINY

TOKENS = {"image_token_id": 471, "video_token_id": 472, "vision_start_token_id": 468, "vision_end_token_id": 469}
TEXT = {
    "vocab_size": 512,
    "hidden_size": 128,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    # Heads of 32: vLLM's attention on the CPU computes no smaller ones.
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "bos_token_id": 465,
    "eos_token_id": 467,
    "pad_token_id": 465,
}
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}
VISION = {"depth": 3, "num_heads": 4, "in_channels": 3, "spatial_merge_size": 2, "temporal_patch_size": 2}

CONFIGS = {
    "qwen2_vl": lambda: Qwen2VLConfig(
        text_config=TEXT | {"rope_parameters": ROPE},
        vision_config=VISION | {"embed_dim": 64, "hidden_size": 128, "mlp_ratio": 2, "patch_size": 14},
        **TOKENS,
    ),
    "qwen2_5_vl": lambda: Qwen2_5_VLConfig(
        text_config=TEXT | {"rope_parameters": ROPE},
        vision_config=VISION
        | {"hidden_size": 64, "intermediate_size": 96, "out_hidden_size": 128, "patch_size": 14}
        | {"window_size": 56, "fullatt_block_indexes": [1], "tokens_per_second": 4},
        **TOKENS,
    ),
    "qwen3_vl": lambda: Qwen3VLConfig(
        text_config=TEXT | {"head_dim": 32, "rope_parameters": ROPE | {"mrope_interleaved": True}},
        vision_config=VISION
        | {"hidden_size": 64, "intermediate_size": 96, "out_hidden_size": 128, "patch_size": 16}
        | {"num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]},
        **TOKENS,
    ),
}


PROCESSORS = {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL"}


def write_model(family: str, folder: Path) -> PreTrainedConfig:
    """A model folder with the tokenizer of the tiny one. The head is a tensor of its own."""
    torch.manual_seed(0)
    config = CONFIGS[family]()
    config.tie_word_embeddings = config.text_config.tie_word_embeddings = False
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.08)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(TINY / name, folder / name)
    for name in ("preprocessor_config.json", "video_preprocessor_config.json"):
        settings = json.loads((TINY / name).read_text())
        settings |= {"patch_size": config.vision_config.patch_size, "processor_class": f"{PROCESSORS[family]}Processor"}
        if family == "qwen3_vl" and "video_processor_type" in settings:
            settings["video_processor_type"] = "Qwen3VLVideoProcessor"
        (folder / name).write_text(json.dumps(settings))
    return model.config


if __name__ == "__main__":
    write_model(sys.argv[1], Path(sys.argv[2]))
