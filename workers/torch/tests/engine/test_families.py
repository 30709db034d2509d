"""Every family, with random weights: the engine against plain `transformers`, at the positions of Qwen's own code."""

import numpy as np
import pytest
import torch
from cases import SECTION, completions, pinned
from tiny_families import CONFIGS, write_model
from transformers import AutoModelForImageTextToText

from videocap_torch.engine.packing import row_of
from videocap_torch.engine.policy import Policy
from videocap_torch.engine.prompts import Prompts
from videocap_torch.engine.scores import token_scores

FRAMES = 9
"""An odd number: five slices, the last of which has its frame twice."""
SECONDS = [0.7 * i for i in range(FRAMES)]


def shown_of(folder, patch: int) -> dict:
    """A clip that is not square, with text before and after it."""
    shape = [FRAMES, 4 * patch, 6 * patch, 3]
    path = folder / "clip.rgb"
    path.write_bytes(np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8).tobytes())
    frames = {"path": str(path), "shape": shape, "seconds": SECONDS}
    return {"sampleId": "clip", "frames": frames, "promptIds": [466, 20, 31, 468, 472, 469, 41, 52, 63, 74, 467]}


def qwen_positions(ids: list[int], config) -> torch.Tensor:
    """[3, length], as `get_rope_index` of Qwen's own code numbers them: text goes on one past the largest position so
    far; a video's token is that far along in time, row and column.

    A run of video tokens is a whole video in Qwen2-VL and Qwen2.5-VL, and one slice in Qwen3-VL.
    """
    merge = config.vision_config.spatial_merge_size
    rows, columns = 4 // merge, 6 // merge
    found: list[tuple[int, int, int]] = []
    following, at = 0, 0
    while at < len(ids):
        if ids[at] != config.video_token_id:
            found.append((following,) * 3)
            following, at = following + 1, at + 1
            continue
        run = 0
        while at + run < len(ids) and ids[at + run] == config.video_token_id:
            run += 1
        for token in range(run):
            slice_at, inside = divmod(token, rows * columns)
            time = slice_at
            if config.model_type == "qwen2_5_vl":
                time = int(slice_at * 2 * 0.7 * config.vision_config.tokens_per_second)
            found.append((following + time, following + inside // columns, following + inside % columns))
        following = max(max(place) for place in found) + 1
        at += run
    return torch.tensor(found).T


@pytest.mark.parametrize("family", CONFIGS)
def test_scores_are_those_of_transformers_at_the_positions_of_qwens_own_code(family, engine, tmp_path):
    config = write_model(family, tmp_path)
    policy = Policy(str(tmp_path), SECTION, engine.ranks)
    policy.load({"model": str(tmp_path), "weights": pinned(tmp_path / "model.safetensors")})
    prompts, shown = Prompts(policy), shown_of(tmp_path, config.vision_config.patch_size)
    prompt, video = prompts.of(shown)
    ids = prompt.ids.tolist()
    assert torch.equal(prompt.positions, qwen_positions(ids, config))
    assert video.grid == (5, 4, 6) and ids[-4:] == [52, 63, 74, 467]
    assert ids.count(config.video_token_id) == 5 * 4 * 6 // 4

    texts = [one["tokenIds"] for one in completions(3, 1, longest=12)]
    row = row_of([(prompt.ids, prompt.positions, texts)])
    pixels, grids = prompts.pixels(shown), torch.tensor([video.grid])
    with torch.no_grad():
        ours, _ = policy.root(lambda model: token_scores(model, row, pixels, grids, 1.0, torch.zeros(512)))

    plain = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32).eval()
    theirs = []
    for text in texts:
        tokens = [*ids, *text]
        with torch.no_grad():
            logits = plain(
                input_ids=torch.tensor([tokens]),
                attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
                position_ids=qwen_positions(tokens, config)[:, None],
                pixel_values_videos=pixels,
                video_grid_thw=grids,
            ).logits[0]
        scores = logits[len(ids) - 1 : -1].log_softmax(-1)
        theirs.append(scores.gather(-1, torch.tensor(text)[:, None])[:, 0])
    apart = (ours - torch.cat(theirs)).abs().max().item()
    print(f"{family}: log-probabilities differ by at most {apart:.1e}")
    assert apart < 1e-4
    # The weights are random, so that a score that does not depend on the video would be found here.
    with torch.no_grad():
        blind, _ = policy.root(lambda model: token_scores(model, row, pixels.flip(0), grids, 1.0, torch.zeros(512)))
    assert (blind - ours).abs().max() > 1e-3
