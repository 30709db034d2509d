"""`exported_logits.py FOLDER`: prints how far the scores of an exported policy, opened by plain `transformers` at the
positions that its model card makes, lie from the engine's.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import torch
from cases import SECTION, completions, pinned, shown
from transformers import AutoModelForImageTextToText

from videocap_torch.engine.packing import row_of
from videocap_torch.engine.policy import Policy
from videocap_torch.engine.prompts import Prompts
from videocap_torch.engine.ranks import Ranks
from videocap_torch.engine.scores import token_scores

folder = Path(sys.argv[1])
card = (folder / "README.md").read_text()
exec(re.findall(r"```python\n(.*?)```", card, re.DOTALL)[-1])  # defines position_ids

ranks = Ranks()
policy = Policy(str(folder), SECTION, ranks)
policy.load({"model": str(folder), "weights": pinned(folder / "model.safetensors")})
with tempfile.TemporaryDirectory() as scratch:
    clip = shown(Path(scratch), "clip", 56, 112)
    prompt, video = Prompts(policy).of(clip)
    pixels, grids = Prompts(policy).pixels(clip), torch.tensor([video.grid])
text = completions(1, 3)[0]["tokenIds"]
model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
tokens = torch.cat([prompt.ids, torch.tensor(text)])
with torch.no_grad():
    row = row_of([(prompt.ids, prompt.positions, [text])])
    ours, _ = policy.root(lambda own: token_scores(own, row, pixels, grids, 1.0, torch.zeros(512)))
    positions = position_ids(tokens, list(video.grid), model.config)  # noqa: F821
    theirs = model(
        input_ids=tokens[None],
        attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
        position_ids=positions,
        pixel_values_videos=pixels,
        video_grid_thw=grids,
    ).logits[0, len(prompt.ids) - 1 : -1]
scores = theirs.log_softmax(-1).gather(-1, torch.tensor(text)[:, None])[:, 0]
print(json.dumps({"apart": (ours - scores).abs().max().item(), "tokens": len(text), "slices": video.grid[0]}))
ranks.end()
