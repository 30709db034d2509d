"""The same computations with transformers' own Qwen2-VL: every completion is a row of its own, nothing is shared."""

import torch
from torch import Tensor
from transformers import Qwen2VLForConditionalGeneration

from videocap_torch.example_batch import ExampleBatch
from videocap_torch.token_logprobs import Batch


def row_logits(
    model: Qwen2VLForConditionalGeneration, batch: Batch, grid: tuple[int, int, int], positions: Tensor
) -> Tensor:
    """Logits [B, G, S + L, V], with explicit position ids."""
    videos, group, length = batch.completion_ids.shape
    tokens = grid[0] * grid[1] * grid[2] // 4
    video_id = model.config.video_token_id
    span = torch.full((videos, tokens), video_id)
    prompt = torch.cat([batch.prefix_ids, span, batch.suffix_ids], dim=1)
    rows = torch.cat([prompt[:, None].expand(-1, group, -1), batch.completion_ids], dim=-1).flatten(0, 1)
    at = torch.arange(rows.shape[1])
    before = batch.prefix_ids.shape[1]
    kinds = 2 * ((at >= before) & (at < before + tokens)).int().expand(len(rows), -1)
    # transformers finds the video by its token id, so no other token may be one of the placeholders.
    reserved = (rows == video_id) & (kinds == 0) | (rows == model.config.image_token_id)
    if reserved.any():
        raise ValueError("the batch has a placeholder token outside the video")
    pixels = batch.pixel_values[:, None].expand(-1, group, -1, -1, -1).reshape(-1, batch.pixel_values.shape[-1])
    out = model(
        input_ids=rows,
        attention_mask=torch.ones_like(rows),
        position_ids=positions[:, None].expand(-1, len(rows), -1),
        pixel_values_videos=pixels,
        video_grid_thw=torch.tensor([grid] * len(rows)),
        mm_token_type_ids=kinds,
        use_cache=False,
    )
    return out.logits.reshape(videos, group, rows.shape[1], -1)


def row_logprobs(
    model: Qwen2VLForConditionalGeneration, example: ExampleBatch, temperature: float, suppress: Tensor
) -> Tensor:
    """Log-probabilities [B, G, L] of the completion tokens."""
    length = example.batch.completion_ids.shape[2]
    logits = row_logits(model, example.batch, example.grid, example.positions)[:, :, -length - 1 : -1]
    scores = ((logits + suppress) / temperature).log_softmax(-1)
    return scores.gather(-1, example.batch.completion_ids[..., None]).squeeze(-1)


def ordinary_tokens(example: ExampleBatch, model: Qwen2VLForConditionalGeneration) -> ExampleBatch:
    """The example without special tokens in it."""
    most = min(model.config.video_token_id, model.config.image_token_id) - 16
    batch = example.batch
    batch = batch._replace(**{n: getattr(batch, n) % most for n in ("prefix_ids", "suffix_ids", "completion_ids")})
    return example._replace(batch=batch)
