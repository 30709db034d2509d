"""Prompts of a request as the model takes them."""

from math import prod
from pathlib import Path

import torch
from torch import Tensor

from .families import Grid, Prompt, Video
from .messages import Shown
from .pixels import pixel_rows
from .policy import Policy


class Prompts:
    """Prompts with their videos, for one model."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def of(self, shown: Shown) -> tuple[Prompt, Video]:
        video = Video(self._grid(shown), tuple(shown["frames"]["seconds"]))
        prompt = self._policy.family.insert(shown["promptIds"], video, self._policy.config, self._policy.tokenizer)
        return prompt, video

    def length(self, shown: Shown) -> int:
        """Tokens of the prompt, its video included."""
        return len(self.of(shown)[0].ids)

    def pixels(self, shown: Shown) -> Tensor:
        """Rows of pixels [patches, values] of the video."""
        shape = shown["frames"]["shape"]
        data = bytearray(Path(shown["frames"]["path"]).read_bytes())
        if len(data) != prod(shape):
            raise ValueError(f"the frames of {shown['sampleId']} have {len(data)} bytes, not those of {shape}")
        return pixel_rows(torch.frombuffer(data, dtype=torch.uint8).reshape(shape), self._policy.processor)[0]

    def _grid(self, shown: Shown) -> Grid:
        frames, height, width, _ = shown["frames"]["shape"]
        processor = self._policy.processor
        slices = -(-frames // processor.temporal_patch_size)
        return slices, height // processor.patch_size, width // processor.patch_size
