"""The functional model computes what transformers computes with the same files."""

import pytest
import torch
from through_transformers import ordinary_tokens, row_logits, row_logprobs

from videocap_torch.config import TINY
from videocap_torch.example_batch import example_batch
from videocap_torch.token_logprobs import prefill, token_logprobs
from videocap_torch.ops import use_fused_kernels
from videocap_torch.params import load_parameters, parameter_shapes
from videocap_torch.qwen2vl import decode, empty_past, logits

GRIDS = [(4, 6, 6), (4, 4, 8), (3, 8, 2)]


@pytest.mark.parametrize("grid", GRIDS)
def test_prompt_logits_equal_those_of_transformers(grid, dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, grid, videos=2, group=2), transformer)
    span = example.positions.shape[1] - example.batch.completion_ids.shape[2]
    batch = example.batch
    with torch.no_grad():
        shared = prefill(params, dims, *batch[:5], batch.cos[:span], batch.sin[:span])
        theirs = row_logits(transformer, batch, grid, example.positions)[:, 0, :span]
    assert (logits(params, shared.hidden) - theirs).abs().max() < 1e-3


@pytest.mark.parametrize("grid", GRIDS)
def test_completions_that_share_a_prompt_score_like_rows_of_their_own(grid, dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, grid, videos=2, group=3), transformer)
    suppress = torch.zeros(dims.vocab)
    suppress[5] = -1e9
    with torch.no_grad():
        ours = token_logprobs(params, dims, example.batch, torch.tensor(0.8), suppress)
        theirs = row_logprobs(transformer, example, 0.8, suppress)
    kept = example.batch.completion_ids != 5
    assert (ours.logprobs - theirs)[kept].abs().max() < 1e-3


def test_decoding_token_by_token_gives_the_logits_of_the_whole(dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, GRIDS[0], videos=2, group=3, length=6), transformer)
    batch, length = example.batch, 6
    span = example.positions.shape[1] - length
    with torch.no_grad():
        shared = prefill(params, dims, *batch[:5], batch.cos[:span], batch.sin[:span])
        theirs = row_logits(transformer, batch, example.grid, example.positions)
        keys, values = empty_past(dims, 2, 3)
        for t in range(length):
            cos, sin = batch.cos[span + t : span + t + 1], batch.sin[span + t : span + t + 1]
            ours, keys, values = decode(params, dims, shared, batch.completion_ids[:, :, t], cos, sin, keys, values)
            assert (ours - theirs[:, :, span + t]).abs().max() < 1e-3


def test_fused_kernels_compute_the_same(dims, params):
    example = example_batch(dims, GRIDS[0], videos=2, group=2)
    nothing = torch.ones(()), torch.zeros(dims.vocab)
    with torch.no_grad():
        plain = token_logprobs(params, dims, example.batch, *nothing).logprobs
        use_fused_kernels()
        try:
            fused = token_logprobs(params, dims, example.batch, *nothing).logprobs
        finally:
            use_fused_kernels(False)
    assert (plain - fused).abs().max() < 1e-4


def test_names_and_shapes_are_those_of_the_file(dims):
    found = {name: tuple(value.shape) for name, value in sorted(load_parameters(TINY).items())}
    assert found == parameter_shapes(dims)
    assert list(found) == list(parameter_shapes(dims))
