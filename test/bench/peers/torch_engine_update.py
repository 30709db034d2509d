"""An update by this project's torch engine, of one rank, until the new weights are in memory."""

import hashlib
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.ranks import Ranks
from videocap_torch.tokenizer import load_tokenizer

from .channel import Channel


def main() -> None:
    channel = Channel()
    options = channel.options
    torch.set_num_threads(options["threads"])
    engine = Engine(Ranks())
    folder = Path(options["model"])
    about, learnt = (json.loads(Path(options[name]).read_text()) for name in ("shown", "batch"))
    weights = folder / "model.safetensors"
    base = {
        "model": str(folder),
        "weights": {"path": str(weights), "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()},
    }
    section = {
        **{"dtype": "float32", "freezeVision": False, "gradientCheckpointing": False},
        **{"tokensPerMicroBatch": 16384},
    }
    groups = [
        {**_shown(clip, about, options["frames"]), "completions": _completions(ids, advantages, learnt["tokenIds"])}
        for clip, (ids, advantages) in enumerate(zip(learnt["tokenIds"], learnt["advantages"], strict=True))
    ]
    policy = dict(base)

    def work(_: dict) -> dict:
        nonlocal policy
        seconds = 0.0

        def progress(_: int, __: int, what: str) -> None:
            nonlocal seconds
            if what == "weights":
                seconds = time.perf_counter() - begun

        request = {
            **{"engine": section, "policy": policy, "reference": base, "groups": groups, "loss": "grpo"},
            "scalars": {"clip_low": 0.2, "clip_high": 0.2, "beta": 0.04},
            **{"iterations": 1, "ratiosToRecorded": False, "temperature": 1.0, "suppressed": about["suppressed"]},
            "adamw": {
                **{"learningRate": 6e-5, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "weightDecay": 0.0},
                "maxGradNorm": 1.0,
            },
            **{"folder": "", "keep": "digest"},
        }
        begun = time.perf_counter()
        found = engine.update(request, progress)
        held = {"path": "", "sha256": found["digest"]}
        policy = {"model": base["model"], "weights": held, "optimizer": held}
        return {"value": seconds}

    torch.use_deterministic_algorithms(True, warn_only=True)
    channel.serve(work)


def _shown(clip: int, about: dict, shape: list[int]) -> dict:
    path = Path(tempfile.mkdtemp()) / "clip.rgb"
    path.write_bytes(np.random.default_rng(clip).integers(0, 256, shape, dtype=np.uint8).tobytes())
    video = load_tokenizer().token_to_id("<|video_pad|>")
    return {
        "sampleId": f"s{clip}",
        "frames": {"path": str(path), "shape": shape, "seconds": [frame / 2 for frame in range(shape[0])]},
        "promptIds": [*about["prefix"], video, *about["suffix"]],
    }


def _completions(ids: list[list[int]], advantages: list[float], groups: list) -> list[dict]:
    share = 1 / (len(ids[0]) * len(ids) * len(groups))
    return [
        {"tokenIds": each, "advantage": advantage, "weight": share}
        for each, advantage in zip(ids, advantages, strict=True)
    ]


if __name__ == "__main__":
    main()
