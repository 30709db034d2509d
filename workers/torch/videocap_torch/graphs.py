"""The graphs of the policy as functions of flat, named inputs: what `export.py` traces and the tests compare."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .config import Dims, Params
from .example_batch import example_batch
from .losses.loss import PER_TOKEN, Loss, scalar_tensors
from .losses.registry import LOSSES
from .optimizer import AdamwSettings, adamw_step
from .qwen2vl import Prompt, decode, logits, past_shape
from .token_logprobs import Batch, prefill, token_logprobs

COMMON = {
    "pixel_values": {0: "B", 1: "T", 2: "N"},
    "vision_cos": {0: "N"},
    "vision_sin": {0: "N"},
    "prefix_ids": {0: "B", 1: "S0"},
    "suffix_ids": {0: "B", 1: "S1"},
    "cos": {0: "P"},
    "sin": {0: "P"},
}
FROZEN = {"old_logprobs", "ref_logprobs"}
"""What a loss compares the policy's log-probabilities with."""


class Graph(NamedTuple):
    name: str
    run: Callable[..., tuple[Tensor, ...]]
    """Takes the inputs in order."""
    inputs: dict[str, Tensor]
    """With example values; parameters come first, under their safetensors names."""
    dims: dict[str, dict[int, str]]
    """Which axes of an input are dynamic, and how they are called."""
    outputs: list[str]
    loss: str | None = None
    """The loss whose gradients the graph computes."""


def all_graphs(p: Params, dims: Dims) -> list[Graph]:
    forward = [make(p, dims) for make in (prefill_graph, decode_graph, logprobs_graph)]
    return [*forward, *(loss_graph(loss, p, dims) for loss in LOSSES.values()), adamw_graph(p, dims)]


def prefill_graph(p: Params, dims: Dims) -> Graph:
    example = example_batch(dims)
    span = example.batch.cos.shape[0] - example.batch.completion_ids.shape[2]
    inputs = example.batch._asdict() | {"cos": example.batch.cos[:span], "sin": example.batch.sin[:span]}
    del inputs["completion_ids"]

    def run(*args: Tensor) -> tuple[Tensor, ...]:
        params, rest = _split(p, args)
        shared = prefill(params, dims, *rest)
        return logits(params, shared.hidden[:, -1]), *shared.keys, *shared.values

    return Graph("prefill", run, p | inputs, COMMON, ["logits", *_caches(dims)])


def decode_graph(p: Params, dims: Dims) -> Graph:
    example = example_batch(dims)
    batch, group = example.batch.completion_ids.shape[:2]
    span, past = 23, 9
    shape = dims.kv_heads, dims.head_dim
    inputs = {
        "input_ids": example.batch.completion_ids[..., 0],
        "cos": example.batch.cos[:1],
        "sin": example.batch.sin[:1],
    }
    inputs |= {f"prompt_{n}": torch.randn(batch, shape[0], span, shape[1]) for n in _caches(dims)}
    inputs |= {f"past_{n}": torch.randn(past_shape(n, dims, (batch, group), past)) for n in _caches(dims)}
    axes = {"input_ids": {0: "B", 1: "G"}}
    axes |= {f"prompt_{n}": {0: "B", 2: "S"} for n in _caches(dims)}
    axes |= {f"past_{n}": {0: "B", 1: "G", 4 if n.startswith("k") else 3: "Lp"} for n in _caches(dims)}

    def run(*args: Tensor) -> tuple[Tensor, ...]:
        params, (ids, cos, sin, *caches) = _split(p, args)
        n = dims.layers
        prompt_k, prompt_v, past_k, past_v = (list(caches[i * n : (i + 1) * n]) for i in range(4))
        shared = Prompt(ids, prompt_k, prompt_v)
        scores, keys, values = decode(params, dims, shared, ids, cos, sin, past_k, past_v)
        return scores, *keys, *values

    return Graph("decode", run, p | inputs, axes, ["logits", *_caches(dims)])


def logprobs_graph(p: Params, dims: Dims) -> Graph:
    inputs = example_batch(dims).batch._asdict() | _sampling(dims)

    def run(*args: Tensor) -> tuple[Tensor, ...]:
        params, rest = _split(p, args)
        return tuple(token_logprobs(params, dims, Batch(*rest[:8]), rest[8], rest[9]))

    return Graph("logprobs", run, p | inputs, COMMON | {"completion_ids": PER_TOKEN}, ["logprobs", "entropy"])


def loss_graph(loss: Loss, p: Params, dims: Dims) -> Graph:
    """A loss, what it gives beside it, the log-probabilities that it scored, and the gradients of all parameters.

    Where old or reference log-probabilities are NaN, the graph takes those that it computes, without their gradient:
    before its first update the policy needs no pass of its own for them.
    """
    example = example_batch(dims)
    own = loss.example(example.logprobs, example.mask, torch.Generator().manual_seed(1)) | scalar_tensors(loss)
    inputs = example.batch._asdict() | (_sampling(dims) if loss.sampled else {}) | own
    axes = COMMON | {"completion_ids": PER_TOKEN} | loss.inputs
    scores = ["logprobs", "entropy"] if loss.sampled else ["logprobs"]

    def run(*args: Tensor) -> tuple[Tensor, ...]:
        params, rest = _split(p, args)
        batch, rest = Batch(*rest[:8]), rest[8:]

        def value(params: Params) -> tuple[Tensor, tuple[Tensor, ...]]:
            plain = () if loss.sampled else (torch.ones(()), torch.zeros(dims.vocab))
            temperature, suppress, *values = *plain, *rest
            scored = token_logprobs(params, dims, batch, temperature, suppress)
            given = dict(zip(own, values, strict=True))
            for name in sorted(FROZEN & given.keys()):
                given[name] = torch.where(given[name].isnan(), scored.logprobs.detach(), given[name])
            total, *terms = loss.compute(scored, **given)
            return total, (*terms, *scored[: len(scores)])

        return _with_gradients(value, params)

    return Graph(loss.graph, run, p | inputs, axes, ["loss", *loss.outputs, *scores, *_gradients(p)], loss.name)


def adamw_graph(p: Params, dims: Dims) -> Graph:
    count = len(p)
    inputs = {f"{kind}.{n}": torch.rand_like(t) for kind in ("param", "grad", "m", "v") for n, t in p.items()}
    inputs |= {name: torch.tensor(0.5) for name in AdamwSettings._fields}

    def run(*args: Tensor) -> tuple[Tensor, ...]:
        groups = [list(args[i * count : (i + 1) * count]) for i in range(4)]
        params, first, second, norm = adamw_step(*groups, AdamwSettings(*args[4 * count :]))
        return *params, *first, *second, norm

    outputs = [*(f"new_{kind}.{n}" for kind in ("param", "m", "v") for n in p), "grad_norm"]
    return Graph("adamw", run, inputs, {}, outputs)


def _with_gradients(loss: Callable, params: Params) -> tuple[Tensor, ...]:
    gradients, (value, extra) = torch.func.grad_and_value(loss, has_aux=True)(params)
    return value, *(tensor.detach() for tensor in extra), *gradients.values()


def _split(p: Params, args: tuple[Tensor, ...]) -> tuple[Params, tuple[Tensor, ...]]:
    return dict(zip(p, args[: len(p)], strict=True)), args[len(p) :]


def _sampling(dims: Dims) -> Params:
    return {"temperature": torch.tensor(0.9), "suppress": torch.zeros(dims.vocab)}


def _gradients(p: Params) -> list[str]:
    return [f"grad.{name}" for name in p]


def _caches(dims: Dims) -> list[str]:
    return [f"{kind}.{layer}" for kind in ("k", "v") for layer in range(dims.layers)]
