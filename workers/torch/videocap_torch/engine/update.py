"""One step of training: the gradients of a step's completions, and the optimiser's update."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ..losses.loss import Loss
from ..losses.registry import LOSSES
from ..token_logprobs import Scored
from .checkpoint import digest_held, write_files
from .messages import LearntCompletion, NotFinite, Update
from .optimizer import Optimizer, is_finite
from .packing import MicroBatch, Row, pieces_of, row_of, share_out
from .policy import Policy, Root
from .prompts import Prompts
from .scores import token_scores

Progress = Callable[[int, int, str], None]


class UpdateStopped(Exception):
    """An update met a number that is not finite. Nothing of it is kept."""

    def __init__(self, found: NotFinite) -> None:
        super().__init__(f"the {found['what']} is {found['value']}")
        self.found = found


class Faults:
    """Numbers of this rank that are not finite. A rank that found one goes on until all ranks look, since ranks wait
    for each other in every pass.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._found: NotFinite | None = None

    def add(self, prepared: "Prepared", what: str, value: float, samples: list[str] | None = None) -> None:
        named = samples or sorted({sample for sample, one in prepared.completions if one["weight"] > 0})
        self._found = self._found or {"what": what, "value": _name(value), "samples": named}

    def require_finite(self, prepared: "Prepared", values: Tensor, what: str) -> None:
        """Looks at numbers [1, K, L] of tokens that count."""
        for index, (sample, one) in enumerate(prepared.completions):
            if prepared.counts and one["weight"] > 0:
                own = values[0, index, : len(one["tokenIds"])]
                wrong = own[~own.isfinite()]
                if len(wrong) > 0:
                    self.add(prepared, what, wrong[0].item(), [sample])

    def agree(self) -> None:
        """@raises UpdateStopped on all ranks where one has found a fault."""
        for found in self._policy.ranks.gathered(self._found):
            if found:
                raise UpdateStopped(found)


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

    def per_completion(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self.mask.device, dtype=torch.float32)[None]


def update(
    policy: Policy,
    optimizer: Optimizer,
    reference: Callable[[], AbstractContextManager[Root]],
    request: Update,
    progress: Progress,
) -> dict[str, Any]:
    """Makes `iterations` updates on one batch, and writes or hashes the checkpoint.

    Ratios are taken to the log-probabilities before the first update. The first forward pass gives them, so no pass is
    made for them alone.
    @param reference a context whose model computes as the reference policy.
    @raises UpdateStopped where a number is not finite. The policy in memory is then no longer that of a file.
    """
    loss = LOSSES[request["loss"]]
    suppressed = torch.zeros(policy.config.text_config.vocab_size, device=policy.ranks.device)
    temperature = 1.0
    if loss.sampled:
        suppressed[request["suppressed"]] = -1e9
        temperature = request["temperature"]
    batches = _own_batches(policy, request)
    iterations = request["iterations"]
    with_reference = request["scalars"].get("beta", 0.0) != 0
    passes = iterations + (1 if with_reference else 0)
    done = 0

    def tick(what: str) -> None:
        nonlocal done
        done += 1
        progress(done, passes * len(batches), what)

    def score(root: Root, batch: MicroBatch) -> tuple[Prepared, Tensor, Tensor]:
        prepared = _prepare(policy, request, batch)
        row, pixels, grids = prepared.row, prepared.pixels, prepared.grids
        return prepared, *root(lambda model: token_scores(model, row, pixels, grids, temperature, suppressed))

    faults = Faults(policy)
    references: list[Tensor] = []
    if with_reference:
        with torch.no_grad(), reference() as root:
            for batch in batches:
                prepared, logprobs, _ = score(root, batch)
                references.append(prepared.padded(logprobs))
                faults.require_finite(prepared, references[-1], "log-probability of the reference policy")
                tick("log-probabilities")
        faults.agree()

    olds: list[Tensor] = []
    sums = _Sums()
    norm = 0.0
    for iteration in range(iterations):
        optimizer.zero_grad()
        for index, batch in enumerate(batches):
            prepared, flat, flat_entropies = score(policy.root, batch)
            logprobs = prepared.padded(flat)
            if iteration == 0:
                olds.append(logprobs.detach())
                faults.require_finite(prepared, logprobs, "log-probability")
            prepared.old = olds[index]
            prepared.reference = references[index] if references else prepared.old
            value, terms = _loss(loss, request, prepared, logprobs, prepared.padded(flat_entropies.detach()))
            if prepared.counts and not math.isfinite(value.item()):
                faults.add(prepared, "loss", value.item())
            (value if prepared.counts else 0.0 * value).backward()
            if prepared.counts:
                sums.add(prepared, value, terms, flat_entropies, flat, first=iteration == 0)
            tick("gradients")
        faults.agree()
        if not request["groups"]:
            break
        found = optimizer.gradient_norm()
        if not math.isfinite(found):
            raise UpdateStopped({"what": "gradient", "value": _name(found), "where": "its norm over all parameters"})
        optimizer.step(request["adamw"], found)
        norm += found / iterations
    moved = {"moment of the optimiser": optimizer.moments(), "weight after the update": policy.trained()}
    for what, tensors in moved.items():
        name = is_finite(tensors)
        if name:
            raise UpdateStopped({"what": what, "value": "NaN", "where": name})
    progress(passes * len(batches), passes * len(batches), "weights")
    metrics = sums.metrics(policy, iterations, sampled=loss.sampled) | {"gradNorm": norm}
    if request["keep"] == "files":
        return {"metrics": metrics, **write_files(policy, optimizer, request["folder"])}
    return {"metrics": metrics, "digest": digest_held(policy, optimizer)}


def _own_batches(policy: Policy, request: Update) -> list[MicroBatch]:
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


def _prepare(policy: Policy, request: Update, batch: MicroBatch) -> Prepared:
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
        row=Row(**{name: value.to(device) for name, value in vars(row).items()}),
        pixels=torch.cat(pixels).to(device),
        grids=torch.tensor(grids, device=device),
        completions=completions,
        mask=mask.to(device),
        counts=batch.counts,
    )


def _loss(
    loss: Loss, request: Update, prepared: Prepared, logprobs: Tensor, entropies: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    weights = prepared.per_completion([one["weight"] for _, one in prepared.completions])[..., None] * prepared.mask
    given = {
        "old_logprobs": prepared.old,
        "ref_logprobs": prepared.reference,
        "advantages": prepared.per_completion([one.get("advantage", 0.0) for _, one in prepared.completions]),
        "token_weights": weights,
    }
    inputs = {name: given[name] for name in loss.inputs}
    value, *terms = loss.compute(Scored(logprobs, entropies), **inputs, **request["scalars"])
    return value, dict(zip(loss.outputs, terms, strict=True))


class _Sums:
    """Sums over this rank's tokens, which `metrics` adds up over all ranks."""

    NAMES = ("loss", "tokens", "counted", "kl", "clipped", "entropy", "mismatch", "first")

    def __init__(self) -> None:
        self._sums = dict.fromkeys(self.NAMES, 0.0)

    def add(
        self, prepared: Prepared, value: Tensor, terms: dict[str, Tensor], entropies: Tensor, flat: Tensor, first: bool
    ) -> None:
        kept = torch.tensor([one["weight"] > 0 for _, one in prepared.completions], device=prepared.mask.device)
        mask = prepared.mask * kept[None, :, None]
        self._sums["loss"] += value.item()
        self._sums["counted"] += mask.sum().item()
        for name, term in terms.items():
            self._sums[name] += (term.detach().double() * mask).sum().item()
        self._sums["entropy"] += (prepared.padded(entropies.detach()).double() * mask).sum().item()
        if not first:
            return
        self._sums["first"] += mask.sum().item()
        recorded = [number for _, one in prepared.completions for number in one.get("logProbs", [])]
        if len(recorded) == len(flat):
            apart = (torch.tensor(recorded, device=flat.device, dtype=torch.float64) - flat.detach().double()).abs()
            self._sums["mismatch"] += (prepared.padded(apart) * mask).sum().item()

    def metrics(self, policy: Policy, iterations: int, *, sampled: bool) -> dict[str, float]:
        total = torch.tensor([self._sums[name] for name in self.NAMES], dtype=torch.float64)
        dist.all_reduce(total)
        sums = dict(zip(self.NAMES, total.tolist(), strict=True))
        counted, first = max(sums["counted"], 1.0), max(sums["first"], 1.0)
        found = {"loss": sums["loss"] / iterations, "tokens": sums["first"]}
        if sampled:
            found |= {
                "kl": sums["kl"] / counted,
                "clipFraction": sums["clipped"] / counted,
                "entropy": sums["entropy"] / counted,
                "samplingMismatch": sums["mismatch"] / first,
            }
        return found


def _name(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
