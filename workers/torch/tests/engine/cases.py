"""Requests of the shipped model, for tests of the engine."""

import hashlib
from pathlib import Path

import numpy as np

from videocap_torch.config import TINY
from videocap_torch.fixtures import clip
from videocap_torch.tokenizer import END, SPECIAL, load_tokenizer, prompt_ids

WEIGHTS = TINY / "model.safetensors"
SECTION = {"dtype": "float32", "freezeVision": False, "gradientCheckpointing": False, "tokensPerMicroBatch": 2048}
ADAMW = {
    "learningRate": 1e-4,
    "beta1": 0.9,
    "beta2": 0.99,
    "epsilon": 1e-8,
    "weightDecay": 0.01,
    "maxGradNorm": 0.5,
}


def pinned(path: Path | str) -> dict:
    return {"path": str(path), "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}


def shown(folder: Path, name: str, height: int = 84, width: int = 84, seed: int = 0) -> dict:
    """A clip of 8 frames with the shipped prompt."""
    frames = clip(height, width, np.random.default_rng(seed))
    path = folder / f"{name}.rgb"
    path.write_bytes(frames.tobytes())
    before, after = prompt_ids(load_tokenizer())
    return {
        "sampleId": name,
        "frames": {"path": str(path), "shape": list(frames.shape), "seconds": [i / 2 for i in range(8)]},
        "promptIds": [*before, load_tokenizer().token_to_id("<|video_pad|>"), *after],
    }


def completions(count: int, seed: int, longest: int = 40) -> list[dict]:
    """Made-up completions with advantages, that end in the end token."""
    rng = np.random.default_rng(seed)
    end = load_tokenizer().token_to_id(END)
    found = []
    for _ in range(count):
        ids = [int(i) for i in rng.integers(10, 400, rng.integers(1, longest))]
        found.append({"tokenIds": [*ids, end], "advantage": float(rng.normal())})
    return found


def suppressed() -> list[int]:
    tokenizer = load_tokenizer()
    return [tokenizer.token_to_id(token) for token in SPECIAL if token != END]


def update_request(folder: Path, groups: list[dict], **changed) -> dict:
    weight = 1 / sum(len(group["completions"]) for group in groups)
    for group in groups:
        for one in group["completions"]:
            one.setdefault("weight", weight / len(one["tokenIds"]))
    return {
        "engine": SECTION,
        "policy": {"model": str(TINY), "weights": pinned(WEIGHTS), "base": pinned(WEIGHTS)},
        "reference": {"model": str(TINY), "weights": pinned(WEIGHTS), "base": pinned(WEIGHTS)},
        "groups": groups,
        "loss": "grpo",
        "scalars": {"clip_low": 0.2, "clip_high": 0.28, "beta": 0.04},
        "iterations": 1,
        "ratiosToRecorded": False,
        "temperature": 0.9,
        "suppressed": suppressed(),
        "adamw": ADAMW,
        "folder": str(folder),
        "keep": "files",
        **changed,
    }


def groups_of(folder: Path, count: int = 3) -> list[dict]:
    """Clips of two shapes, with four completions each."""
    sizes = [(84, 84), (56, 112), (84, 84)]
    return [shown(folder, f"c{i}", *sizes[i % 3], seed=i) | {"completions": completions(4, i)} for i in range(count)]


def silent(*_) -> None:
    """Takes reports of progress."""
