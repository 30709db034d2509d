"""What differs between the model families: positions, how a prompt takes its video in, names in files, and modules."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

Grid = tuple[int, int, int]
"""Slices, rows and columns of patches."""


class Prompt(NamedTuple):
    """A prompt with its video in place: token ids [P], M-RoPE positions [3, P], grids of its videos."""

    ids: Tensor
    positions: Tensor


class VideoProcessor(NamedTuple):
    """How frames become the rows of a vision tower, by `preprocessor_config.json` and the model's config."""

    patch_size: int
    merge_size: int
    temporal_patch_size: int
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]

    @staticmethod
    def of(folder: str | Path, config: PreTrainedConfig) -> "VideoProcessor":
        settings = json.loads((Path(folder) / "preprocessor_config.json").read_text())
        vision = config.vision_config
        return VideoProcessor(
            vision.patch_size,
            vision.spatial_merge_size,
            vision.temporal_patch_size,
            tuple(settings["image_mean"]),
            tuple(settings["image_std"]),
        )


@dataclass(frozen=True)
class Video:
    """A video as a prompt shows it."""

    grid: Grid
    seconds: tuple[float, ...]
    """The time of each frame, in seconds from the video's start."""


@dataclass(frozen=True)
class Family:
    """One model family. `insert` puts a video in place of the one placeholder of a prompt's token ids."""

    insert: Callable[[list[int], Video, PreTrainedConfig, PreTrainedTokenizerBase], Prompt]
    nested: bool
    """Whether files name the decoder `model.language_model` and the vision tower `model.visual`, as the modules are
    called; else `model` and `visual`."""

    def module_name(self, stored: str) -> str:
        """The module's name of a parameter that a file of weights names `stored`."""
        if self.nested or stored.startswith("lm_head."):
            return stored
        if stored.startswith("visual."):
            return f"model.{stored}"
        return stored.replace("model.", "model.language_model.", 1)

    def stored_name(self, name: str) -> str:
        """The inverse of `module_name`."""
        if self.nested:
            return name
        return name.replace("model.language_model.", "model.", 1).replace("model.visual.", "visual.", 1)


LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
"""The decoder's linear layers; the vision tower gets no adapters (vLLM serves none for it)."""


def blocks_of(model: nn.Module) -> Iterable[nn.Module]:
    """The modules that are sharded, and recomputed, one by one: vision blocks, then decoder layers."""
    yield from model.model.visual.blocks
    yield from model.model.language_model.layers


def video_tokens(grid: Grid, merge: int) -> int:
    return grid[0] * grid[1] * grid[2] // merge**2


def _positions_of(parts: Iterable[Tensor]) -> Tensor:
    """Positions [3, P] of parts [3, n] that count from 0: each starts one past the largest position so far. This is the
    rule of Qwen's own code, vLLM and verl; transformers 5 starts text after a Qwen2-VL video lower."""
    placed, start = [], 0
    for part in parts:
        placed.append(part + start)
        start = int(placed[-1].max()) + 1
    return torch.cat(placed, dim=1)


def _text(count: int) -> Tensor:
    return torch.arange(count).expand(3, -1)


def _vision(grid: Grid, merge: int, times: Tensor) -> Tensor:
    """[3, tokens] of one video, whose slices have the positions `times` [T]."""
    rows, columns = torch.arange(grid[1] // merge), torch.arange(grid[2] // merge)
    return torch.stack(torch.meshgrid(times, rows, columns, indexing="ij")).reshape(3, -1)


def _in_one_piece(times_of: Callable[[Video, PreTrainedConfig], Tensor]):
    """A video that stands as one run of placeholders, at positions that `times_of` gives its slices."""

    def insert(ids: list[int], video: Video, config: PreTrainedConfig, _: PreTrainedTokenizerBase) -> Prompt:
        merge = config.vision_config.spatial_merge_size
        at = _placeholder(ids, config.video_token_id)
        before, after = ids[:at], ids[at + 1 :]
        tokens = [*before, *[config.video_token_id] * video_tokens(video.grid, merge), *after]
        parts = [_text(len(before)), _vision(video.grid, merge, times_of(video, config)), _text(len(after))]
        return Prompt(torch.tensor(tokens), _positions_of(part for part in parts if part.shape[1] > 0))

    return insert


def _in_slices(ids: list[int], video: Video, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> Prompt:
    """A video whose slices stand apart, each after its time as text: `<1.5 seconds>`, then the slice between marks."""
    merge, slices = config.vision_config.spatial_merge_size, video.grid[0]
    at = _placeholder(ids, config.video_token_id)
    if ids[at - 1] != config.vision_start_token_id or ids[at + 1] != config.vision_end_token_id:
        raise ValueError("the prompt's video placeholder does not stand between the marks of a video")
    before, after = ids[: at - 1], ids[at + 2 :]
    pair = config.vision_config.temporal_patch_size
    seconds = [*video.seconds, *[video.seconds[-1]] * (-len(video.seconds) % pair)]
    per_slice = video_tokens((1, *video.grid[1:]), merge)
    tokens, parts, text = [], [], list(before)
    for i in range(slices):
        shown = (seconds[i * pair] + seconds[i * pair + pair - 1]) / 2
        text += tokenizer.encode(f"<{shown:.1f} seconds>", add_special_tokens=False)
        text.append(config.vision_start_token_id)
        tokens += [*text, *[config.video_token_id] * per_slice]
        parts += [_text(len(text)), _vision((1, *video.grid[1:]), merge, torch.zeros(1, dtype=torch.long))]
        text = [config.vision_end_token_id]
    text += after
    return Prompt(torch.tensor([*tokens, *text]), _positions_of([*parts, _text(len(text))]))


def _placeholder(ids: list[int], token: int) -> int:
    if ids.count(token) != 1:
        raise ValueError(f"the prompt has {ids.count(token)} placeholders of a video, not one")
    return ids.index(token)


def _counted(video: Video, _: PreTrainedConfig) -> Tensor:
    return torch.arange(video.grid[0])


def _timed(video: Video, config: PreTrainedConfig) -> Tensor:
    """Qwen2.5-VL counts time in `tokens_per_second` of the seconds between its slices, which vLLM has in float32
    (`qwen2_5_vl.py`: `iter_mm_grid_thw`): positions are rounded down, and must be the same on both sides.
    """
    seconds, pair = video.seconds, config.vision_config.temporal_patch_size
    between = (seconds[-1] - seconds[0]) / (len(seconds) - 1) if len(seconds) > 1 else 1.0
    factor = torch.tensor(between * pair).double() * config.vision_config.tokens_per_second
    return (torch.arange(video.grid[0]).double() * factor).long()


FAMILIES: dict[str, Family] = {
    "qwen2_vl": Family(_in_one_piece(_counted), nested=False),
    "qwen2_5_vl": Family(_in_one_piece(_timed), nested=False),
    "qwen3_vl": Family(_in_slices, nested=True),
}
"""By `model_type` of `config.json`."""
