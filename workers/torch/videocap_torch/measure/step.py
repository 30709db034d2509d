"""A step of the size that a plan says, of made-up videos and texts."""

import math
from pathlib import Path

import numpy as np
from transformers import PreTrainedConfig

from ..engine.messages import Generate, LearntGroup, Shown, Update
from .plan import Plan, Work

ADAMW = {
    "learningRate": 1e-6,
    "beta1": 0.9,
    "beta2": 0.99,
    "epsilon": 1e-8,
    "weightDecay": 0.0,
    "maxGradNorm": 1.0,
}


def learnt_groups(work: Work, config: PreTrainedConfig, folder: Path) -> list[LearntGroup]:
    draw = np.random.default_rng(7)
    video = _video(work, config, folder)
    vocabulary = min(config.text_config.vocab_size, config.video_token_id) - 16
    text = max(1, work["prompt"] - work["videoTokens"] - 2)
    groups: list[LearntGroup] = []
    for group in range(work["groups"]):
        words = [int(token) for token in draw.integers(16, vocabulary, text)]
        ids = [*words[: text // 2], config.vision_start_token_id, config.video_token_id, config.vision_end_token_id]
        shown: Shown = {"sampleId": f"sample {group}", "frames": video, "promptIds": [*ids, *words[text // 2 :]]}
        completions = [
            {
                "tokenIds": [int(token) for token in draw.integers(16, vocabulary, round(work["meanTokens"]))],
                "advantage": 1.0 if place % 2 else -1.0,
                "weight": 1 / (work["groups"] * work["groupSize"] * round(work["meanTokens"])),
            }
            for place in range(work["groupSize"])
        ]
        groups.append({**shown, "completions": completions})
    return groups


def update_of(plan: Plan, groups: list[LearntGroup]) -> Update:
    nothing = {"model": "", "weights": {"path": "", "sha256": ""}}
    return {
        **{"engine": plan["section"], "policy": nothing, "reference": nothing, "groups": groups, "loss": "grpo"},
        "scalars": {"clip_low": 0.2, "clip_high": 0.28, "beta": 0.04 if plan["work"]["reference"] else 0.0},
        **{"iterations": plan["work"]["iterations"], "ratiosToRecorded": False},
        **{"temperature": 1.0, "suppressed": [], "adamw": ADAMW},
        **{"folder": "", "keep": "digest"},
    }


def sampling_of(plan: Plan, groups: list[LearntGroup], tokens: int) -> Generate:
    return {
        **{"engine": plan["section"], "policy": {"model": "", "weights": {"path": "", "sha256": ""}}},
        **{"clips": groups, "groupSize": plan["work"]["groupSize"], "maxNewTokens": tokens},
        **{"endToken": -1, "suppressed": [], "sampling": {"temperature": 1.0, "seed": 1, "path": ["measure"]}},
    }


def _video(work: Work, config: PreTrainedConfig, folder: Path) -> dict:
    """Noise with the plan's slices and patches, as near to a square as its patches allow."""
    vision = config.vision_config
    merge, pair, patch = vision.spatial_merge_size, vision.temporal_patch_size, vision.patch_size
    tokens = work["slicePatches"] // merge**2
    rows = max(side for side in range(1, math.isqrt(tokens) + 1) if tokens % side == 0)
    frames = pair * (work["patches"] // work["slicePatches"])
    shape = [frames, rows * merge * patch, tokens // rows * merge * patch, 3]
    path = folder / "video.rgb"
    path.write_bytes(np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8).tobytes())
    return {"path": str(path), "shape": shape, "seconds": [frame / 2 for frame in range(frames)]}
