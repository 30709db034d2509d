"""The engine's update against the functional model, which the ONNX graphs are made from, and against itself."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cases import SECTION, completions, shown, update_request
from safetensors.torch import load_file
from three_steps import three_steps

from videocap_torch.fixtures import clip_patches
from videocap_torch.losses.registry import LOSSES
from videocap_torch.optimizer import AdamwSettings, adamw_step
from videocap_torch.positions import position_ids, text_rotary, vision_rotary
from videocap_torch.tokenizer import load_tokenizer, prompt_ids
from videocap_torch.token_logprobs import Batch, token_logprobs

HERE = Path(__file__).parent
LORA = {"rank": 8, "alpha": 16}


def silent(*_) -> None:
    pass


def groups_of(folder: Path, count: int = 3) -> list[dict]:
    sizes = [(84, 84), (56, 112), (84, 84)]
    return [shown(folder, f"c{i}", *sizes[i % 3], seed=i) | {"completions": completions(4, i)} for i in range(count)]


def functional_update(params, dims, request):
    """New weights, first moments, loss and norm of the gradients by the functional model."""
    p = {name: value.clone().requires_grad_() for name, value in params.items()}
    before, after = prompt_ids(load_tokenizer())
    suppress = torch.zeros(dims.vocab)
    suppress[request["suppressed"]] = -1e9
    total = 0.0
    for group in request["groups"]:
        own = group["completions"]
        length = max(len(one["tokenIds"]) for one in own)
        ids, weights = torch.full((1, len(own), length), 467), torch.zeros(1, len(own), length)
        for i, one in enumerate(own):
            ids[0, i, : len(one["tokenIds"])] = torch.tensor(one["tokenIds"])
            weights[0, i, : len(one["tokenIds"])] = one["weight"]
        shape = group["frames"]["shape"]
        frames = torch.frombuffer(bytearray(Path(group["frames"]["path"]).read_bytes()), dtype=torch.uint8)
        grid = (shape[0] // 2, shape[1] // 14, shape[2] // 14)
        tables = text_rotary(dims, position_ids(len(before), grid, len(after) + length))
        patches = clip_patches(frames.reshape(shape).numpy())[None]
        rotary = vision_rotary(dims, grid)
        batch = Batch(patches, *rotary, torch.tensor([before]), torch.tensor([after]), *tables, ids)
        scored = token_logprobs(p, dims, batch, torch.tensor(request["temperature"]), suppress)
        old = scored.logprobs.detach()
        advantages = torch.tensor([[one["advantage"] for one in own]])
        loss = LOSSES[request["loss"]].compute(scored, old, old, advantages, weights, **request["scalars"])[0]
        loss.backward()
        total += loss.item()
    names = list(p)
    zeros = [torch.zeros_like(p[name]) for name in names]
    a = request["adamw"]
    settings = (
        a["learningRate"], a["beta1"], a["beta2"], a["epsilon"], a["weightDecay"],
        1 - a["beta1"], 1 - a["beta2"], a["maxGradNorm"],
    )  # fmt: skip
    old, grads = [p[n].detach() for n in names], [p[n].grad for n in names]
    new, first, _, norm = adamw_step(old, grads, zeros, zeros, AdamwSettings(*map(torch.tensor, settings)))
    return dict(zip(names, new, strict=True)), dict(zip(names, first, strict=True)), total, norm.item()


@pytest.mark.parametrize("loss", ["grpo", "gspo"])
def test_an_update_is_that_of_the_functional_model(loss, engine, params, dims, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path), loss=loss)
    found = engine.update(request, silent)
    weights, first, total, norm = functional_update(params, dims, request)
    assert found["metrics"]["loss"] == pytest.approx(total, abs=1e-6)
    assert found["metrics"]["gradNorm"] == pytest.approx(norm, rel=1e-5)
    moments = load_file(found["optimizer"]["path"])
    for name, moment in first.items():
        assert (moments[f"m.{name}"] - moment).abs().max() <= 1e-4 * moment.abs().max(), name
    stored = load_file(found["weights"]["path"])
    assert stored.keys() == weights.keys()
    # AdamW's first step moves a weight by the learning rate, whatever its gradient: a tenth of that is rounding.
    assert max((stored[name] - value).abs().max().item() for name, value in weights.items()) < 1e-5


def moments_of(engine, request, folder) -> dict[str, torch.Tensor]:
    folder.mkdir()
    found = engine.update(request | {"folder": str(folder)}, silent)
    return {name: value for name, value in load_file(found["optimizer"]["path"]).items() if name.startswith("m.")}


def test_a_prompt_computed_once_a_group_gives_the_gradients_of_a_row_for_each_completion(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    together = moments_of(engine, request, tmp_path / "together")
    alone = copy.deepcopy(request)
    alone["engine"] = SECTION | {"tokensPerMicroBatch": 64}
    apart = moments_of(engine, alone, tmp_path / "alone")
    largest = max(value.abs().max().item() for value in together.values())
    assert max((together[name] - value).abs().max().item() for name, value in apart.items()) < 1e-5 * largest


def test_recomputing_activations_changes_no_gradient(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path, 1))
    kept = moments_of(engine, request, tmp_path / "kept")
    again = moments_of(engine, request | {"engine": SECTION | {"gradientCheckpointing": True}}, tmp_path / "again")
    assert all(torch.equal(kept[name], value) for name, value in again.items())


def test_adapters_leave_the_base_alone_and_begin_as_nothing(engine, tmp_path):
    section = {**SECTION, "freezeVision": True, "lora": LORA}
    request = update_request(tmp_path, groups_of(tmp_path), engine=section)
    plain = engine.update(update_request(tmp_path, groups_of(tmp_path)), silent)["metrics"]
    first = engine.update(request, silent)
    assert first["metrics"]["loss"] == pytest.approx(plain["loss"], abs=1e-6)
    adapter = load_file(first["weights"]["path"])
    assert all(".lora_A." in name or ".lora_B." in name for name in adapter)
    assert any(value.abs().max() > 0 for name, value in adapter.items() if ".lora_B." in name)
    # From the adapter on, the reference is the base: the KL is not 0.
    (tmp_path / "next").mkdir()
    policy = {"model": request["policy"]["model"], "weights": first["weights"], "optimizer": first["optimizer"]}
    second = engine.update(request | {"policy": policy, "folder": str(tmp_path / "next")}, silent)
    assert second["metrics"]["kl"] > 0


def test_a_number_that_is_not_finite_stops_the_update_and_keeps_nothing(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    good = engine.update(request, silent)["weights"]["sha256"]
    broken = copy.deepcopy(request)
    broken["groups"][1]["completions"][0]["advantage"] = float("nan")
    assert engine.update(broken, silent)["notFinite"] | {"samples": ["c1"]} == {
        "what": "loss", "value": "NaN", "samples": ["c1"]
    }  # fmt: skip
    assert engine.update(request, silent)["weights"]["sha256"] == good


@pytest.mark.parametrize("lora", [None, LORA])
def test_two_ranks_train_as_one_does(lora, engine, tmp_path):
    section = SECTION | ({"lora": lora} if lora else {})
    request = update_request(tmp_path, groups_of(tmp_path), engine=section)
    one = three_steps(engine, request, tmp_path / "one")
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent}:{HERE}", "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, str(HERE / "three_steps.py"), str(tmp_path)], env=environment, check=True)
    two = load_file(tmp_path / "two" / "2" / "weights.safetensors")
    assert one.keys() == two.keys()
    assert max((two[name] - value).abs().max().item() for name, value in one.items()) < 1e-5
