"""The prompts that this project has written for its peers: token ids around a clip, and the rows of its pixels."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

VALUES = 3 * 2 * 14 * 14
"""Of a patch: channels, frames of a slice, rows and columns."""


@dataclass
class Shown:
    pixels: Tensor
    """[clips, patches, values]"""
    grid: tuple[int, int, int]
    prefix: list[int]
    suffix: list[int]
    suppressed: list[int]
    end_token: int

    @property
    def video_tokens(self) -> int:
        slices, rows, columns = self.grid
        return slices * rows * columns // 4

    def ids(self, pad: int) -> list[int]:
        """A prompt's ids, with `pad` for every token of the clip."""
        return [*self.prefix, *[pad] * self.video_tokens, *self.suffix]

    def inputs(self, pad: int, clips: list[int]) -> dict[str, Tensor]:
        """What a Qwen2-VL of `transformers` takes: the clip is an image of several slices, as TRL knows no videos."""
        ids = torch.tensor([self.ids(pad)] * len(clips))
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "pixel_values": torch.cat([self.pixels[clip] for clip in clips]),
            "image_grid_thw": torch.tensor([self.grid] * len(clips)),
            "mm_token_type_ids": (ids == pad).long(),
        }


def read_shown(path: str) -> Shown:
    about = json.loads(Path(path).read_text())
    slices, rows, columns = about["grid"]
    values = torch.from_numpy(np.fromfile(about["pixels"], dtype=np.float32))
    pixels = values.view(-1, slices * rows * columns, VALUES)
    return Shown(
        pixels, tuple(about["grid"]), about["prefix"], about["suffix"], about["suppressed"], about["endToken"]
    )
