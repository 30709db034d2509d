"""What rollouts by servers ask of the ranks: prompts, log-probabilities, and importance weights of what was sampled."""

import copy
import math

import pytest
import torch
from cases import completions, shown, update_request
from safetensors.torch import load_file

from videocap_torch.engine.sampling import Diverged


def silent(*_) -> None:
    pass


@pytest.fixture
def request_of(engine, tmp_path):
    """An update whose completions were recorded with the log-probabilities that the ranks compute, less `lower`."""
    sizes = [(84, 84), (56, 112)]
    groups = [shown(tmp_path, f"c{i}", *size, seed=i) for i, size in enumerate(sizes)]
    request = update_request(tmp_path, [group | {"completions": completions(3, i)} for i, group in enumerate(groups)])
    scores = engine.score(request, silent)

    def make(lower: float = 0.0, **changed) -> dict:
        made = copy.deepcopy(request) | changed
        made["adamw"] = made["adamw"] | {"maxGradNorm": 1e9}
        for group, scored in zip(made["groups"], scores, strict=True):
            for one, logprobs in zip(group["completions"], scored, strict=True):
                one["logProbs"] = [value - lower for value in logprobs]
        return made

    return make


def gradients(engine, request) -> dict[str, torch.Tensor]:
    found = load_file(engine.update(request, silent)["optimizer"]["path"])
    # Loaded files are mapped, and the next update writes to the same one.
    return {name: value.clone() for name, value in found.items() if name.startswith("m.")}


def test_a_prompt_is_expanded_as_the_model_takes_it(engine, tmp_path):
    clips = [shown(tmp_path, "a", 84, 84), shown(tmp_path, "b", 56, 112)]
    request = update_request(tmp_path, [clips[0] | {"completions": completions(1, 0)}])
    expanded = engine.expand(request | {"clips": clips}, silent)
    lengths = [len(clip["promptIds"]) for clip in clips]
    # 8 frames are 4 slices; a token covers 28 x 28 pixels.
    assert [len(ids) - length for ids, length in zip(expanded, lengths, strict=True)] == [4 * 9 - 1, 4 * 8 - 1]


def test_log_probabilities_are_those_that_an_update_computes(engine, request_of):
    metrics = engine.update(request_of(), silent)["metrics"]
    assert metrics["samplingMismatch"] == pytest.approx(0, abs=1e-6)
    assert engine.update(request_of(lower=0.5), silent)["metrics"]["samplingMismatch"] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("lower", "cap", "weight"), [(0, 2, 1), (math.log(1.5), 2, 1.5), (math.log(4), 2, 2)])
def test_importance_weights_scale_what_tokens_count_up_to_the_cap(engine, request_of, lower, cap, weight):
    plain = gradients(engine, request_of(lower))
    weighed = gradients(engine, request_of(lower, importanceCap=cap))
    for name, value in plain.items():
        assert (weighed[name] - weight * value).abs().max() <= 1e-4 * weight * value.abs().max(), name


def test_a_policy_without_usable_numbers_is_not_scored(engine, request_of):
    request = request_of()
    with torch.no_grad():
        first = next(iter(engine._policy.model.parameters())).to_local()
        kept = first.clone()
        first.fill_(math.nan)
    try:
        with pytest.raises(Diverged, match="c0"):
            engine.score(request, silent)
    finally:
        with torch.no_grad():
            first.copy_(kept)
