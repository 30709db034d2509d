"""Rows that share a prompt: what attends to what, at which position, and how ranks share them."""

import random

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from videocap_torch.engine.packed_attention import packed_attention
from videocap_torch.engine.packing import pieces_of, row_of, share_out


def test_a_completion_sees_its_prompt_and_itself_alone():
    prompt = torch.tensor([7, 8, 9]), torch.tensor([[0, 1, 2]] * 3)
    row = row_of([(*prompt, [[1, 2, 3], [4, 5]]), (*prompt, [[6]])])
    # A completion's last token is scored, and needs no place of its own.
    assert row.token_ids.tolist() == [[7, 8, 9, 1, 2, 4, 7, 8, 9]]
    assert row.position_ids[0, 0].tolist() == [0, 1, 2, 3, 4, 3, 0, 1, 2]
    sees = [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 2, 5], [6], [6, 7], [6, 7, 8]]
    mask = torch.tensor([[at in seen for at in range(9)] for seen in sees])
    queries, keys, values = torch.randn(3, 1, 4, 9, 8, generator=torch.Generator().manual_seed(0)).double()
    layer = torch.nn.Module()
    layer.num_key_value_groups, layer.is_causal = 2, True
    found, _ = packed_attention(layer, queries, keys[:, :2], values[:, :2], None, spans=row.spans)
    grouped = [tensor[:, :2].repeat_interleave(2, dim=1) for tensor in (keys, values)]
    expected = scaled_dot_product_attention(queries, *grouped, attn_mask=mask)
    assert torch.allclose(found, expected.transpose(1, 2), rtol=0, atol=1e-12)
    assert row.predicting.tolist() == [2, 3, 4, 2, 5, 8]
    assert row.scored.tolist() == [1, 2, 3, 4, 5, 6]
    assert row.completion.tolist() == [0, 0, 0, 1, 1, 2]
    assert row.place.tolist() == [0, 1, 2, 0, 1, 0]


@pytest.mark.parametrize("seed", range(20))
def test_every_completion_is_shared_out_once_and_ranks_keep_in_step(seed):
    draw = random.Random(seed)
    budget, ranks = draw.randint(50, 400), draw.randint(1, 5)
    lengths = [[draw.randint(1, 90) for _ in range(draw.randint(1, 9))] for _ in range(draw.randint(1, 8))]
    pieces = [piece for group, own in enumerate(lengths) for piece in pieces_of(group, 40, own, budget)]
    shares = share_out(pieces, ranks, budget)
    assert len({len(share) for share in shares}) == 1
    counted = [piece for share in shares for batch in share if batch.counts for piece in batch.pieces]
    assert sorted((p.group, c) for p in counted for c in p.completions) == [
        (group, c) for group, own in enumerate(lengths) for c in range(len(own))
    ]
    for share in shares:
        for batch in share:
            alone = len(batch.pieces) == 1 and len(batch.pieces[0].completions) == 1
            assert alone or sum(piece.tokens for piece in batch.pieces) <= budget
