"""Pretraining scenes from the shards of `scripts/export-pretraining.ts`, and their patches."""

import json
import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .tokenizer import MEAN, STD
from .world import COLOURS, Event, events_of, mirrored

FRAMES, SIDE = 8, 84
GRID = (4, 6, 6)


class Scene(NamedTuple):
    frames: np.ndarray
    """uint8 [8, 84, 84, 3]."""
    events: list[Event]
    tracks: np.ndarray | None = None
    """float32 [8, 6, 5], as `export-tracks.ts` writes them."""


class SceneFolder:
    """The scenes of a folder that may still be growing; `poll` takes in the shards that became complete."""

    def __init__(self, folder: Path, tracks: Path | None = None):
        self.folder = folder
        self.tracks = tracks
        self.scenes: list[Scene] = []
        self._seen: set[str] = set()

    def poll(self) -> None:
        for lines in sorted(self.folder.glob("shard-*.jsonl")):
            if lines.name in self._seen:
                continue
            self._seen.add(lines.name)
            shape = (-1, FRAMES, SIDE, SIDE, 3)
            frames = np.fromfile(lines.with_suffix(".bin"), dtype=np.uint8).reshape(shape)
            tracks = [None] * len(frames)
            if self.tracks:
                file = (self.tracks / lines.name).with_suffix(".tracks")
                tracks = np.fromfile(file, dtype=np.float32).reshape(len(frames), FRAMES, len(COLOURS), 5)
            for row, clip, track in zip(lines.read_text().splitlines(), frames, tracks, strict=True):
                self.scenes.append(Scene(clip, events_of(json.loads(row)["exact"]["thought"]), track))

    def draw(self, rng: random.Random, count: int, most_subjects: int = 3) -> list[Scene]:
        """Scenes with at most so many subjects, half of them in a mirror where that makes sense."""
        drawn = []
        while len(drawn) < count:
            scene = self.scenes[rng.randrange(len(self.scenes))]
            if len(scene.events) > most_subjects:
                continue
            flipped = mirrored(scene.events) if rng.random() < 0.5 else None
            drawn.append(_mirror(scene, flipped) if flipped else scene)
        return drawn


def _mirror(scene: Scene, events: list[Event]) -> Scene:
    tracks = scene.tracks
    if tracks is not None:
        tracks = tracks.copy()
        tracks[..., 1] = 1 - tracks[..., 1]
    return Scene(scene.frames[:, :, ::-1], events, tracks)


def patches(scenes: list[Scene]) -> Tensor:
    """[B, 4, 36, 1176], ordered as Qwen2-VL's processor does: blocks of 2x2 patches; channel, time, row, column
    inside.
    """
    frames = torch.from_numpy(np.stack([scene.frames for scene in scenes])).float() / 255
    x = (frames - torch.tensor(MEAN)) / torch.tensor(STD)
    t, h, w = GRID
    x = x.reshape(len(scenes), t, 2, h // 2, 2, 14, w // 2, 2, 14, 3)
    x = x.permute(0, 1, 3, 6, 4, 7, 9, 2, 5, 8)
    return x.reshape(len(scenes), t, h * w, 1176)


def jittered(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Slightly other contrast and brightness, one of each a scene."""
    draw = torch.rand(2, len(pixels), 1, 1, 1, generator=generator) - 0.5
    return pixels * (1 + 0.1 * draw[0]) + 0.15 * draw[1]
