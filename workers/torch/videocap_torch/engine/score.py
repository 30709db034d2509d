"""Log-probabilities of given completions under the policy alone."""

import torch

from .messages import Score
from .policy import Policy
from .prepared import own_batches, prepare
from .sampling import Diverged
from .scores import token_scores


def score(policy: Policy, request: Score, progress) -> list[list[list[float]]]:
    """By group, completion and token, as an update computes them.

    @raises Diverged on all ranks where one is not finite.
    """
    suppressed = torch.zeros(policy.config.text_config.vocab_size, device=policy.ranks.device)
    suppressed[request["suppressed"]] = -1e9
    own: dict[tuple[int, int], list[float]] = {}
    fault: str | None = None
    batches = own_batches(policy, request)
    with policy.without_gradients() as root:
        for done, batch in enumerate(batches):
            prepared = prepare(policy, request, batch)
            row, pixels, grids = prepared.row, prepared.pixels, prepared.grids
            flat, _ = root(
                lambda model, row=row, pixels=pixels, grids=grids: token_scores(
                    model, row, pixels, grids, request["temperature"], suppressed
                )
            )
            progress(done + 1, len(batches), "log-probabilities")
            if not batch.counts:
                continue
            if not flat.isfinite().all():
                named = prepared.completions[0][0]
                fault = fault or f"Sample {named}: the policy's log-probabilities are not finite"
            places = [(piece.group, index) for piece in batch.pieces for index in piece.completions]
            for (group, index), values in zip(places, prepared.padded(flat)[0].tolist(), strict=True):
                length = len(request["groups"][group]["completions"][index]["tokenIds"])
                own[group, index] = values[:length]
    every: dict[tuple[int, int], list[float]] = {}
    for found, other in policy.ranks.gathered((own, fault)):
        if other:
            raise Diverged(other)
        every |= found
    return [
        [every[group, index] for index in range(len(asked["completions"]))]
        for group, asked in enumerate(request["groups"])
    ]
