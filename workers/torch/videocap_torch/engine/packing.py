"""How a step's completions become micro-batches: prompt and video once a group, within a budget of tokens.

A row is one sequence `[prompt][completion 1]...[completion n]`, followed by the next group's. Every completion attends
to its own prompt and to itself, and takes up its positions where the prompt ends, so it is computed as if it were alone
with its prompt. Gradients are the same as those of a row for each completion; the prompt's tokens are computed once
instead of `groupSize` times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .packed_attention import Span


@dataclass(frozen=True)
class Piece:
    """Some completions of one group, that are computed behind one copy of their prompt."""

    group: int
    completions: tuple[int, ...]
    tokens: int
    """Of the prompt with its video, and of the completions."""


@dataclass(frozen=True)
class MicroBatch:
    """What one forward pass of one rank computes."""

    pieces: tuple[Piece, ...]
    counts: bool = True
    """False: it only keeps a rank in step with the others, and has no part in the loss."""


def pieces_of(group: int, prompt: int, lengths: Sequence[int], budget: int) -> list[Piece]:
    """A group in as few pieces as the budget allows, completions in order. A piece has at least one completion, also
    where that alone is longer than the budget.

    `prompt`: tokens of the prompt with its video; `lengths`: tokens of each completion.
    """
    pieces: list[Piece] = []
    taken: list[int] = []
    total = prompt
    for index, length in enumerate(lengths):
        if taken and total + length > budget:
            pieces.append(Piece(group, tuple(taken), total))
            taken, total = [], prompt
        taken.append(index)
        total += length
    return [*pieces, Piece(group, tuple(taken), total)] if taken else pieces


def share_out(pieces: Sequence[Piece], ranks: int, budget: int) -> list[list[MicroBatch]]:
    """The micro-batches of each rank: equally many, since ranks exchange weights and gradients in step.

    The longest pieces are dealt out first, each to the rank with the fewest tokens. A rank that has fewer micro-batches
    than others repeats the shortest piece of all without counting it.
    """
    if not pieces:
        return [[] for _ in range(ranks)]
    shares: list[list[Piece]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for piece in sorted(pieces, key=lambda piece: -piece.tokens):
        rank = loads.index(min(loads))
        shares[rank].append(piece)
        loads[rank] += piece.tokens
    batches = [_filled(sorted(share, key=lambda piece: (piece.group, piece.completions)), budget) for share in shares]
    most = max(map(len, batches))
    idle = MicroBatch((min(pieces, key=lambda piece: piece.tokens),), counts=False)
    return [[*own, *[idle] * (most - len(own))] for own in batches]


def _filled(pieces: Sequence[Piece], budget: int) -> list[MicroBatch]:
    """Pieces in order, each micro-batch as full as the budget allows."""
    found: list[list[Piece]] = []
    room = 0
    for piece in pieces:
        if not found or piece.tokens > room:
            found.append([])
            room = budget
        found[-1].append(piece)
        room -= piece.tokens
    return [MicroBatch(tuple(own)) for own in found]


@dataclass(frozen=True)
class Row:
    """One sequence of S tokens, and which of its positions predict the N tokens that are scored."""

    token_ids: Tensor
    """[1, S]; a video is its placeholder tokens."""
    position_ids: Tensor
    """[3, 1, S]: time, row and column."""
    spans: tuple[Span, ...]
    """The prompts and completions, in order: what attends to what."""
    predicting: Tensor
    """[N]: the position before each scored token; for the first of a completion the prompt's last one."""
    scored: Tensor
    """[N]: the ids of the scored tokens."""
    completion: Tensor
    """[N]: the completion, from 0 in the order of the row, that each scored token belongs to."""
    place: Tensor
    """[N]: its place in the completion, from 0."""

    def to(self, device: torch.device) -> "Row":
        """The row with its tensors on a device."""
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **moved)


def row_of(parts: Sequence[tuple[Tensor, Tensor, Sequence[Sequence[int]]]]) -> Row:
    """One row of several pieces: token ids [P] and positions [3, P] of each one's prompt, and its completions."""
    ids, positions, spans, predicting, scored, completion, place = [], [], [], [], [], [], []
    at = count = 0
    for prompt_ids, prompt_positions, completions in parts:
        start, length = at, len(prompt_ids)
        ids.append(prompt_ids)
        positions.append(prompt_positions)
        spans.append(Span(start, start + length, None))
        at += length
        follows = int(prompt_positions.max()) + 1
        for tokens in completions:
            # Each token is predicted by the position before it, the first one by the prompt's last. The last token
            # predicts nothing that is scored, so it is left out.
            size = len(tokens) - 1
            ids.append(torch.tensor(tokens[:-1], dtype=torch.long))
            positions.append((follows + torch.arange(size)).expand(3, -1))
            spans.append(Span(at, at + size, (start, start + length)))
            predicting += [start + length - 1, *range(at, at + size)]
            scored += tokens
            completion += [count] * (size + 1)
            place += range(size + 1)
            count += 1
            at += size
    return Row(
        token_ids=torch.cat(ids)[None],
        position_ids=torch.cat(positions, dim=1)[:, None],
        spans=tuple(spans),
        predicting=torch.tensor(predicting, dtype=torch.long),
        scored=torch.tensor(scored, dtype=torch.long),
        completion=torch.tensor(completion, dtype=torch.long),
        place=torch.tensor(place, dtype=torch.long),
    )
