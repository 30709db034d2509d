"""Completions of a request as micro-batches on a rank's device."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .messages import LearntCompletion, Score, Update
from .packing import MicroBatch, Row, pieces_of, row_of, share_out
from .policy import Policy
from .prompts import Prompts


@dataclass
class Prepared:
    """A micro-batch on the device, with what its loss takes."""

    row: Row
    pixels: Tensor
    grids: Tensor
    completions: list[tuple[str, LearntCompletion]]
    """With their samples' names, in the order of the row."""
    mask: Tensor
    """[1, K, L]: 1 for tokens of the row's K completions."""
    counts: bool
    old: Tensor | None = None
    """[1, K, L]: log-probabilities before the update."""
    reference: Tensor | None = None

    def padded(self, flat: Tensor) -> Tensor:
        """[1, K, L] of numbers [N] of the scored tokens; 0 for padding."""
        grid = torch.zeros(self.mask.shape, dtype=flat.dtype, device=flat.device)
        return grid.index_put((torch.zeros_like(self.row.completion), self.row.completion, self.row.place), flat)

    def recorded(self) -> Tensor:
        """[1, K, L]: log-probabilities of the tokens as they were recorded while sampling."""
        flat = [number for _, one in self.completions for number in one["logProbs"]]
        return self.padded(torch.tensor(flat, device=self.mask.device, dtype=torch.float32))

    def per_completion(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self.mask.device, dtype=torch.float32)[None]


def own_batches(policy: Policy, request: Update | Score) -> list[MicroBatch]:
    """The micro-batches that this rank computes."""
    prompts = Prompts(policy)
    budget = request["engine"]["tokensPerMicroBatch"]
    pieces = [
        piece
        for index, group in enumerate(request["groups"])
        for piece in pieces_of(
            index, prompts.length(group), [len(one["tokenIds"]) for one in group["completions"]], budget
        )
    ]
    return share_out(pieces, policy.ranks.count, budget)[policy.ranks.rank]


def prepare(policy: Policy, request: Update | Score, batch: MicroBatch) -> Prepared:
    prompts, device = Prompts(policy), policy.ranks.device
    parts, pixels, grids, completions = [], [], [], []
    for piece in batch.pieces:
        group = request["groups"][piece.group]
        prompt, video = prompts.of(group)
        own = [group["completions"][index] for index in piece.completions]
        parts.append((prompt.ids, prompt.positions, [one["tokenIds"] for one in own]))
        pixels.append(prompts.pixels(group))
        grids.append(video.grid)
        completions += [(group["sampleId"], one) for one in own]
    row = row_of(parts)
    longest = max(len(one["tokenIds"]) for _, one in completions)
    mask = torch.zeros(1, len(completions), longest)
    mask[0, row.completion, row.place] = 1.0
    return Prepared(
        row=row.to(device),
        pixels=torch.cat(pixels).to(device),
        grids=torch.tensor(grids, device=device),
        completions=completions,
        mask=mask.to(device),
        counts=batch.counts,
    )
