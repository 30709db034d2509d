"""The ONNX graphs compute what torch computes, at other sizes than those they were traced with."""

import json

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import save_file
from through_transformers import ordinary_tokens, row_logits, row_logprobs
from transformers import Qwen2VLForConditionalGeneration

from videocap_torch.config import TINY
from videocap_torch.example_batch import example_batch
from videocap_torch.graphs import FROZEN, adamw_graph, all_graphs, decode_graph, prefill_graph
from videocap_torch.losses.loss import Loss, apply_loss, scalar_tensors
from videocap_torch.losses.registry import LOSSES
from videocap_torch.qwen2vl import past_shape
from videocap_torch.token_logprobs import Scored, token_logprobs

SIZES = [
    dict(grid=(4, 6, 6), videos=1, group=1, length=5),
    dict(grid=(4, 4, 8), videos=2, group=3, length=9),
    dict(grid=(2, 8, 4), videos=4, group=2, length=16, prefix=3, suffix=5),
]
SAMPLING = {"temperature": torch.tensor(0.8), "suppress": torch.zeros(512)}


def run(name: str, feeds: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(TINY / "onnx" / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
    # A weight that a graph does not need is not among its inputs.
    wanted = {i.name: np.ascontiguousarray(feeds[i.name].numpy()) for i in session.get_inputs()}
    outputs = [o.name for o in session.get_outputs()]
    return {n: torch.from_numpy(np.asarray(v)) for n, v in zip(outputs, session.run(outputs, wanted), strict=True)}


def relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return ((ours - theirs).norm() / theirs.norm().clamp(min=1e-8)).item()


@pytest.mark.parametrize("sizes", SIZES)
def test_prefill(sizes, dims, params):
    example = example_batch(dims, **sizes)
    span = example.positions.shape[1] - sizes["length"]
    feeds = params | example.batch._asdict() | {"cos": example.batch.cos[:span], "sin": example.batch.sin[:span]}
    graph = prefill_graph(params, dims)
    with torch.no_grad():
        expected = graph.run(*(feeds[name] for name in graph.inputs))
    found = run("prefill", feeds)
    for name, value in zip(graph.outputs, expected, strict=True):
        assert (found[name] - value).abs().max() < 1e-3, name


@pytest.mark.parametrize("past", [0, 1, 31])
def test_decode(past, dims, params):
    batch, group, span, kv, size = 3, 4, 50, dims.kv_heads, dims.head_dim
    generator = torch.Generator().manual_seed(past)
    graph = decode_graph(params, dims)
    feeds = dict(params)
    for name in graph.inputs:
        if name.startswith("prompt_"):
            feeds[name] = torch.randn((batch, kv, span, size), generator=generator)
        if name.startswith("past_"):
            shape = past_shape(name.removeprefix("past_"), dims, (batch, group), past)
            feeds[name] = torch.randn(shape, generator=generator)
    feeds |= {"input_ids": torch.randint(0, dims.vocab, (batch, group), generator=generator)}
    feeds |= {"cos": torch.randn(1, size, generator=generator), "sin": torch.randn(1, size, generator=generator)}
    with torch.no_grad():
        expected = graph.run(*(feeds[name] for name in graph.inputs))
    found = run("decode", feeds)
    for name, value in zip(graph.outputs, expected, strict=True):
        assert found[name].shape == value.shape
        assert (found[name] - value).abs().max() < 1e-3, name


@pytest.mark.parametrize("sizes", SIZES)
def test_logprobs(sizes, dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, **sizes), transformer)
    found = run("logprobs", params | example.batch._asdict() | SAMPLING)
    with torch.no_grad():
        theirs = row_logprobs(transformer, example, 0.8, SAMPLING["suppress"])
        ours = token_logprobs(params, dims, example.batch, *SAMPLING.values())
    assert (found["logprobs"] - theirs).abs().max() < 1e-3
    assert (found["entropy"] - ours.entropy).abs().max() < 1e-3


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients_of_a_loss_equal_autograd_through_transformers(loss: Loss, sizes, dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, **sizes), transformer)
    temperature, suppress = (0.8, SAMPLING["suppress"]) if loss.sampled else (1.0, torch.zeros(dims.vocab))
    logprobs = row_logprobs(transformer, example, temperature, suppress)
    inputs = loss.example(logprobs.detach(), example.mask, torch.Generator().manual_seed(1)) | scalar_tensors(loss)
    expected = apply_loss(loss, Scored(logprobs, torch.zeros_like(logprobs)), inputs)
    expected["loss"].backward()
    sampling = SAMPLING if loss.sampled else {}
    found = run(loss.graph, params | example.batch._asdict() | sampling | inputs)
    assert found["loss"].item() == pytest.approx(expected.pop("loss").item(), abs=1e-4)
    for name, value in expected.items():
        # At a threshold rounding decides on a flag.
        flag = set(value.unique().tolist()) <= {0.0, 1.0}
        assert ((found[name] - value).abs() < 1e-3).float().mean() >= (0.97 if flag else 1), name
    # Where every token is clipped, only the small gradient of the KL is left, in which rounding shows more.
    held = "clipped" in expected and bool(expected["clipped"].all())
    assert_gradients(found, transformer, 1e-3 if held else 1e-4)


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if FROZEN & loss.inputs.keys()])
def test_a_graph_takes_its_own_logprobs_where_there_are_none_and_ends_in_the_same_bits(loss: str, dims, params):
    chosen = LOSSES[loss]
    example = example_batch(dims, **SIZES[1])
    batch = params | example.batch._asdict() | SAMPLING
    own = run("logprobs", batch)["logprobs"]
    inputs = chosen.example(own, example.mask, torch.Generator().manual_seed(1)) | scalar_tensors(chosen)
    for names in ({"old_logprobs"}, {"ref_logprobs"}, FROZEN):
        expected = run(chosen.graph, batch | inputs | {name: own for name in names})
        found = run(chosen.graph, batch | inputs | {name: torch.full_like(own, float("nan")) for name in names})
        for name, value in expected.items():
            assert torch.equal(found[name], value), name


def assert_gradients(found, transformer, tolerance: float):
    theirs = hf_gradients(transformer)
    assert {f"grad.{name}" for name in theirs} == {name for name in found if name.startswith("grad.")}
    for name, gradient in theirs.items():
        error = relative(found[f"grad.{name}"], gradient)
        assert error < tolerance, f"{name}: {error}"


def hf_gradients(model) -> dict[str, torch.Tensor]:
    """Gradients under the names of the safetensors file."""
    renamed = {}
    for name, parameter in model.named_parameters():
        name = name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
        renamed[name] = parameter.grad
    return renamed


def test_adamw_equals_torch(dims, params):
    generator = torch.Generator().manual_seed(0)
    ours = {name: value.clone() for name, value in params.items()}
    theirs = {name: torch.nn.Parameter(value.clone()) for name, value in params.items()}
    decayed = [p for p in theirs.values() if p.dim() >= 2]
    kept = [p for p in theirs.values() if p.dim() < 2]
    settings = dict(lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": kept, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, **settings)
    first = {name: torch.zeros_like(value) for name, value in params.items()}
    second = {name: torch.zeros_like(value) for name, value in params.items()}
    for step in (1, 2, 3):
        grads = {n: torch.randn(p.shape, generator=generator) * 10 ** (1 - step) for n, p in params.items()}
        for name, parameter in theirs.items():
            parameter.grad = grads[name].clone()
        norm = torch.nn.utils.clip_grad_norm_(theirs.values(), 50.0)
        optimizer.step()
        scalars = {
            "lr": 1e-3, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1,
            "bias_correction1": 1 - 0.9**step, "bias_correction2": 1 - 0.99**step, "max_grad_norm": 50.0,
        }  # fmt: skip
        feeds = {name: torch.tensor(value) for name, value in scalars.items()}
        for kind, values in (("param", ours), ("grad", grads), ("m", first), ("v", second)):
            feeds |= {f"{kind}.{name}": value for name, value in values.items()}
        assert set(feeds) == set(adamw_graph(params, dims).inputs)
        found = run("adamw", feeds)
        assert found["grad_norm"].item() == pytest.approx(norm.item(), rel=1e-4)
        ours, first, second = ({n: found[f"new_{kind}.{n}"] for n in params} for kind in ("param", "m", "v"))
        for name in params:
            assert (ours[name] - theirs[name]).abs().max() < 1e-6, name


def test_transformers_reads_what_a_training_step_wrote(tmp_path, dims, params, transformer):
    example = ordinary_tokens(example_batch(dims, **SIZES[1]), transformer)
    sft = LOSSES["sft"]
    inputs = sft.example(example.logprobs, example.mask, torch.Generator())
    gradients = run(sft.graph, params | example.batch._asdict() | inputs)
    feeds = {"lr": 1e-2, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.0}
    feeds |= {"bias_correction1": 0.1, "bias_correction2": 0.01, "max_grad_norm": 1.0}
    feeds = {name: torch.tensor(value) for name, value in feeds.items()}
    for name, value in params.items():
        feeds |= {f"param.{name}": value, f"grad.{name}": gradients[f"grad.{name}"]}
        feeds |= {f"m.{name}": torch.zeros_like(value), f"v.{name}": torch.zeros_like(value)}
    found = run("adamw", feeds)
    updated = {name: found[f"new_param.{name}"] for name in params}
    for file in ("config.json", "generation_config.json"):
        (tmp_path / file).write_text((TINY / file).read_text())
    save_file(updated, tmp_path / "model.safetensors", metadata={"format": "pt"})
    trained = Qwen2VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32).eval()
    span = example.positions.shape[1] - SIZES[1]["length"]
    batch = example.batch
    ours = run("prefill", updated | batch._asdict() | {"cos": batch.cos[:span], "sin": batch.sin[:span]})["logits"]
    with torch.no_grad():
        theirs = row_logits(trained, batch, example.grid, example.positions)[:, 0, span - 1]
        before = row_logits(transformer, batch, example.grid, example.positions)[:, 0, span - 1]
    assert (ours - theirs).abs().max() < 1e-3
    assert (theirs - before).abs().max() > 1e-2


def test_the_description_lists_the_parameters_in_order(params):
    description = json.loads((TINY / "onnx" / "graphs.json").read_text())
    assert [(p["name"], tuple(p["shape"])) for p in description["parameters"]] == [
        (name, tuple(value.shape)) for name, value in sorted(params.items())
    ]


def test_the_description_lists_the_graphs_with_their_losses(dims, params):
    described = json.loads((TINY / "onnx" / "graphs.json").read_text())["graphs"]
    assert [(name, graph.get("loss")) for name, graph in described.items()] == [
        (graph.name, graph.loss) for graph in all_graphs(params, dims)
    ]
    assert {graph["file"] for graph in described.values()} == {file.name for file in (TINY / "onnx").glob("*.onnx")}
    for loss in LOSSES.values():
        assert set(loss.inputs) | set(loss.scalars) <= set(described[loss.graph]["inputs"])
