"""Completions written by the policy itself (`rollout: local`): for parity tests, and where no rollout server runs.

A token is a function of the policy, the seed and its place in the run. Every clip is computed alone with its group, so
the number of ranks changes nothing.
"""

import hashlib
import json
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DynamicCache

from .messages import Filters, Generate, SampledCompletion, SampledGroup
from .policy import Policy, Root
from .prompts import Prompts

Progress = Callable[[int, int, str], None]


class Diverged(Exception):
    """The policy leaves no token to choose."""


def generate(policy: Policy, request: Generate, progress: Progress) -> list[SampledGroup]:
    """`groupSize` completions of every clip, in the order of the clips; ranks take turns with the clips.

    @raises Diverged on all ranks.
    """
    ranks = policy.ranks
    own: dict[int, SampledGroup] = {}
    fault: str | None = None
    share = range(ranks.rank, len(request["clips"]), ranks.count)
    with torch.no_grad(), policy.whole() as root:
        for done, index in enumerate(share):
            try:
                own[index] = _write(policy, root, request, index)
            except Diverged as error:
                fault = str(error)
                break
            progress((done + 1) * request["groupSize"], len(share) * request["groupSize"], "completions written")
    every: dict[int, SampledGroup] = {}
    for found, other in ranks.gathered((own, fault)):
        if other:
            raise Diverged(other)
        every |= found
    return [every[index] for index in range(len(request["clips"]))]


def _write(policy: Policy, root: Root, request: Generate, index: int) -> SampledGroup:
    shown, group, device = request["clips"][index], request["groupSize"], policy.ranks.device
    prompts = Prompts(policy)
    prompt, video = prompts.of(shown)
    cache = DynamicCache(config=policy.config.get_text_config())

    def next_logits(ids: Tensor, positions: Tensor, **video: Tensor) -> Tensor:
        """[rows, V], float32, after the token ids [rows, n] at positions [3, rows, n]."""

        def run(model: nn.Module) -> Tensor:
            inputs = {"input_ids": ids.to(device), "position_ids": positions.to(device), **video}
            hidden = model.model(**inputs, past_key_values=cache, use_cache=True).last_hidden_state
            return model.lm_head(hidden[:, -1]).float()

        return root(run)

    logits = next_logits(
        prompt.ids[None],
        prompt.positions[:, None],
        pixel_values_videos=prompts.pixels(shown).to(device),
        video_grid_thw=torch.tensor([video.grid], device=device),
    ).expand(group, -1)
    cache.batch_repeat_interleave(group)
    chooser = Chooser(request, shown["sampleId"], prompt.ids.tolist())
    follows = int(prompt.positions.max()) + 1
    for position in range(request["maxNewTokens"]):
        last = chooser.choose(logits.cpu().numpy(), position)
        if chooser.finished or position + 1 == request["maxNewTokens"]:
            break
        logits = next_logits(torch.tensor(last)[:, None], torch.full((3, group, 1), follows + position))
    return {"sampleId": shown["sampleId"], "completions": chooser.completions()}


class Chooser:
    """Chooses the tokens of one group, in double precision, from logits [G, V]."""

    def __init__(self, request: Generate, sample: str, prompt: list[int]) -> None:
        self._request, self._sample, self._prompt = request, sample, prompt
        count = request["groupSize"]
        self._tokens: list[list[int]] = [[] for _ in range(count)]
        self._logprobs: list[list[float]] = [[] for _ in range(count)]
        self._policy_logprobs: list[list[float]] = [[] for _ in range(count)]
        self._ended = [False] * count

    @property
    def finished(self) -> bool:
        return all(self._ended)

    def choose(self, logits: np.ndarray, position: int) -> list[int]:
        """The next token of every completion; the end token for those that have ended."""
        request, end = self._request, self._request["endToken"]
        sampling, filters = request.get("sampling"), request.get("filters")
        for place, tokens in enumerate(self._tokens):
            if self._ended[place]:
                continue
            row = allowed(logits[place], request["suppressed"], self._sample)
            kept = row
            if filters:
                seen = [*self._prompt, *tokens]
                kept = filtered(row, filters, seen, sampling["temperature"] if sampling else 0.0)
            if sampling:
                uniform = uniform_at(sampling["seed"], [*sampling["path"], self._sample, place, position])
                token, logprob = draw(kept, sampling["temperature"], uniform)
                if filters:
                    self._policy_logprobs[place].append(log_probability(row, sampling["temperature"], token))
            else:
                token = int(kept.argmax())
                logprob = log_probability(kept, 1.0, token)
            tokens.append(token)
            self._logprobs[place].append(logprob)
            self._ended[place] = token == end
        return [end if ended else tokens[-1] for ended, tokens in zip(self._ended, self._tokens, strict=True)]

    def completions(self) -> list[SampledCompletion]:
        filtered_sampling = "filters" in self._request and "sampling" in self._request
        return [
            {
                "tokenIds": tokens,
                "logProbs": self._logprobs[place],
                **({"policyLogProbs": self._policy_logprobs[place]} if filtered_sampling else {}),
                "truncated": not self._ended[place],
            }
            for place, tokens in enumerate(self._tokens)
        ]


def uniform_at(seed: int, path: list[str | int]) -> float:
    """A number in [0, 1) with 53 random bits: `uniformAt` of `core/random.ts`."""
    text = json.dumps([seed, *path], separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).digest()
    high, low = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")
    return (high * 0x200000 + (low >> 11)) / 2**53


def allowed(logits: np.ndarray, suppressed: list[int], sample: str) -> np.ndarray:
    """Logits [V] in double precision, -inf where a token is never sampled. @raises Diverged."""
    row = logits.astype(np.float64)
    row[suppressed] = -math.inf
    if np.isnan(row).any() or np.isposinf(row).any() or np.isneginf(row).all():
        raise Diverged(f"Sample {sample}: the policy's logits are not finite or leave no token to choose from")
    return row


def draw(logits: np.ndarray, temperature: float, uniform: float) -> tuple[int, float]:
    """A token of softmax(logits / temperature), by inverting the cumulative distribution at `uniform`, and the natural
    logarithm of its probability.
    """
    weights = np.exp((logits - logits.max()) / temperature)
    below = np.cumsum(weights)
    token = min(int(np.searchsorted(below, uniform * below[-1], side="right")), int(np.flatnonzero(weights)[-1]))
    return token, float((logits[token] - logits.max()) / temperature - math.log(below[-1]))


def log_probability(logits: np.ndarray, temperature: float, token: int) -> float:
    weights = np.exp((logits - logits.max()) / temperature)
    return float((logits[token] - logits.max()) / temperature - math.log(np.cumsum(weights)[-1]))


def filtered(logits: np.ndarray, filters: Filters, seen: list[int], temperature: float) -> np.ndarray:
    """What `policy/onnx/sampling/filter-logits.ts` keeps, with the definitions and the order of `transformers` 5."""
    row = logits.astype(np.float32)
    if filters["repetitionPenalty"] != 1:
        penalty = np.float32(filters["repetitionPenalty"])
        ids = np.unique(np.array([token for token in seen if token < len(row)], dtype=np.int64))
        row[ids] = np.where(row[ids] < 0, row[ids] * penalty, row[ids] / penalty)
    row = row.astype(np.float64)
    if temperature == 0 or (filters["topK"] == 0 and filters["topP"] == 1 and filters["minP"] == 0):
        return row
    possible = np.flatnonzero(np.isfinite(row))
    # Of rising logit; of equals the higher id first, so that it is left out first.
    kept = possible[np.lexsort((-possible, row[possible]))]
    if filters["topK"] > 0:
        least = row[kept[max(0, len(kept) - filters["topK"])]]
        kept = kept[row[kept] >= least]
    weights = np.exp((row[kept] - row[kept[-1]]) / temperature)
    first = 0
    if filters["topP"] < 1:
        above = np.flatnonzero(np.cumsum(weights / np.cumsum(weights)[-1]) > 1 - filters["topP"])
        first = int(above[0]) if len(above) else len(kept) - 1
    first = max(first, int(np.argmax(weights >= filters["minP"])))
    found = np.full(len(row), -math.inf)
    found[kept[first:]] = row[kept[first:]]
    return found


