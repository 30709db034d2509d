"""An update by PyTorch's eager autograd: the project's own model in torch, of which its graphs are exports."""

import json
import time
from pathlib import Path

import torch
from torch.nn.utils import clip_grad_norm_

from videocap_torch.config import read_dims
from videocap_torch.losses.aggregation import aggregation_weights
from videocap_torch.losses.grpo import grpo_loss
from videocap_torch.params import load_parameters
from videocap_torch.positions import position_ids, text_rotary, vision_rotary
from videocap_torch.token_logprobs import Batch, token_logprobs

from .channel import Channel
from .shown import read_shown


def main() -> None:
    channel = Channel()
    options = channel.options
    torch.set_num_threads(options["threads"])
    folder = Path(options["model"])
    dims, shown = read_dims(folder), read_shown(options["shown"])
    learnt = json.loads(Path(options["batch"]).read_text())
    ids, advantages = torch.tensor(learnt["tokenIds"]), torch.tensor(learnt["advantages"])
    videos, _, length = ids.shape
    positions = position_ids(len(shown.prefix), shown.grid, len(shown.suffix) + length, dims.merge)
    slices = shown.grid[0]
    batch = Batch(
        shown.pixels.view(videos, slices, -1, shown.pixels.shape[-1]),
        *vision_rotary(dims, shown.grid),
        torch.tensor([shown.prefix] * videos),
        torch.tensor([shown.suffix] * videos),
        *text_rotary(dims, positions),
        ids,
    )
    params = {name: tensor.requires_grad_() for name, tensor in load_parameters(folder).items()}
    frozen = load_parameters(folder)
    optimizer = torch.optim.AdamW(params.values(), lr=6e-5, betas=(0.9, 0.99), weight_decay=0.0)
    weights = aggregation_weights(torch.ones(ids.shape), "grpo", length)
    temperature, suppress = torch.ones(()), torch.zeros(dims.vocab)

    def work(_: dict) -> dict:
        begun = time.perf_counter()
        with torch.no_grad():
            reference = token_logprobs(frozen, dims, batch, temperature, suppress).logprobs
        scored = token_logprobs(params, dims, batch, temperature, suppress)
        terms = grpo_loss(scored, scored.logprobs.detach(), reference, advantages, weights, 0.2, 0.2, 0.04)
        optimizer.zero_grad()
        terms.loss.backward()
        clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        return {"value": time.perf_counter() - begun}

    channel.serve(work)


if __name__ == "__main__":
    main()
