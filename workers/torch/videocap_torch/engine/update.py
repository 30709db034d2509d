"""One step of training: the gradients of a step's completions, and the optimiser's update."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ..losses.loss import Loss
from ..losses.registry import LOSSES
from ..token_logprobs import Scored
from .checkpoint import digest_held, write_files
from .messages import NotFinite, Update
from .optimizer import Optimizer, is_finite
from .packing import MicroBatch
from .policy import Policy, Root
from .prepared import Prepared, own_batches, prepare
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

    def add(self, prepared: Prepared, what: str, value: float, samples: list[str] | None = None) -> None:
        named = samples or sorted({sample for sample, one in prepared.completions if one["weight"] > 0})
        self._found = self._found or {"what": what, "value": _name(value), "samples": named}

    def require_finite(self, prepared: Prepared, values: Tensor, what: str) -> None:
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


def update(
    policy: Policy,
    optimizer: Optimizer,
    reference: Callable[[], AbstractContextManager[Root]],
    request: Update,
    progress: Progress,
) -> dict[str, Any]:
    """Makes `iterations` updates on one batch, and writes or hashes the checkpoint.

    Ratios are taken to the log-probabilities before the first update, or with `ratiosToRecorded` to those recorded
    while sampling. The first forward pass gives the former, so no pass is made for them alone.
    @param reference a context whose model computes as the reference policy.
    @raises UpdateStopped where a number is not finite. The policy in memory is then no longer that of a file.
    """
    loss = LOSSES[request["loss"]]
    suppressed = torch.zeros(policy.config.text_config.vocab_size, device=policy.ranks.device)
    temperature = 1.0
    if loss.sampled:
        suppressed[request["suppressed"]] = -1e9
        temperature = request["temperature"]
    batches = own_batches(policy, request)
    iterations = request["iterations"]
    with_reference = request["scalars"].get("beta", 0.0) != 0
    passes = iterations + (1 if with_reference else 0)
    done = 0

    def tick(what: str) -> None:
        nonlocal done
        done += 1
        progress(done, passes * len(batches), what)

    def score(root: Root, batch: MicroBatch) -> tuple[Prepared, Tensor, Tensor]:
        prepared = prepare(policy, request, batch)
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
                olds.append(prepared.recorded() if request["ratiosToRecorded"] else logprobs.detach())
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


def _loss(
    loss: Loss, request: Update, prepared: Prepared, logprobs: Tensor, entropies: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    weights = prepared.per_completion([one["weight"] for _, one in prepared.completions])[..., None] * prepared.mask
    if "importanceCap" in request:
        weights = weights * importance(prepared.old, prepared.recorded(), request["importanceCap"])
    given = {
        "old_logprobs": prepared.old,
        "ref_logprobs": prepared.reference,
        "advantages": prepared.per_completion([one.get("advantage", 0.0) for _, one in prepared.completions]),
        "token_weights": weights,
    }
    inputs = {name: given[name] for name in loss.inputs}
    value, *terms = loss.compute(Scored(logprobs, entropies), **inputs, **request["scalars"])
    return value, dict(zip(loss.outputs, terms, strict=True))


def importance(old: Tensor, recorded: Tensor, cap: float) -> Tensor:
    """Truncated importance weights min(pi / mu, cap) of tokens that another program sampled: pi is the policy before
    the update as the ranks compute it, mu what the sampler computed. The loss is an expectation under pi.
    """
    return (old - recorded).exp().clamp(max=cap)


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
