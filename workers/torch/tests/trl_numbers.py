"""Writes `test/fixtures/policy/trl.json`: numbers of TRL's own code, to which GSPO and the length rewards are held.

TRL is not among the requirements: `pip install trl==1.16.0`, then `python tests/trl_numbers.py` in `workers/torch`. It
calls `GRPOTrainer._compute_loss` with `importance_sampling_level="sequence"` on log-probabilities that this model
computed: loss and gradients are TRL's, and nothing of `videocap_torch.losses` takes part but the made-up inputs.
"""

import json
from collections import defaultdict
from types import SimpleNamespace

import torch
import trl
from torch import Tensor
from trl import GRPOTrainer
from trl.rewards import get_soft_overlong_punishment

from videocap_torch.config import TINY, read_dims
from videocap_torch.fixtures import CASES, FOLDER, Case, sampled_all
from videocap_torch.losses.gspo import GSPO
from videocap_torch.params import load_parameters

# Section 5.1 of the paper notes, whose ratios are far outside of the paper's clip range, and ratios around it.
SMALL = {
    "logprobs": [[-1.0, -0.5, 0.0, 0.0], [-0.2, -0.7, -1.5, -0.1]] * 2,
    "old_logprobs": [[-1.2, -0.5, 0.0, 0.0], [-0.2, -0.2, -1.5, -0.6]]
    + [[-1.0003, -0.5001, 0.0, 0.0], [-0.2, -0.698, -1.4996, -0.1]],
    "ref_logprobs": [[-0.9, -0.6, 0.0, 0.0], [-0.3, -0.7, -1.0, -0.1]] * 2,
    "advantages": [0.7, -0.7, 0.7, -1.3],
    "mask": [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]] * 2,
}
OVERLONG = [(100, 20), (8, 8), (5, 0)]


def compute_loss(logprobs: Tensor, inputs: dict[str, Tensor], mask: Tensor, beta: float) -> tuple[Tensor, float]:
    """TRL's loss of N completions, all but the advantages [N] being [N, L], and the share of clipped ones."""
    metrics = {"train": defaultdict(list)}
    trainer = SimpleNamespace(
        importance_sampling_level="sequence", loss_type="grpo", beta=beta, top_entropy_quantile=1.0,
        epsilon_low=GSPO.scalars["clip_low"], epsilon_high=GSPO.scalars["clip_high"], use_vllm=False,
        off_policy_mask_threshold=None, aux_loss_enabled=False, current_gradient_accumulation_steps=1,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False), model=SimpleNamespace(training=True),
        accelerator=SimpleNamespace(gather=lambda x: x, reduce=lambda x, reduction: x, num_processes=1),
        _entropy_bonus_enabled=False, _metrics=metrics,
        _get_per_token_logps_and_entropies=lambda *_, **__: (logprobs, torch.zeros_like(logprobs), None),
    )  # fmt: skip
    ids = torch.zeros_like(mask, dtype=torch.long)
    batch = {
        "prompt_ids": ids, "prompt_mask": ids, "completion_ids": ids, "completion_mask": mask,
        "old_per_token_logps": inputs["old_logprobs"], "ref_per_token_logps": inputs["ref_logprobs"],
        "advantages": inputs["advantages"],
    }  # fmt: skip
    loss = GRPOTrainer._compute_loss(trainer, None, batch)
    return loss, metrics["train"]["clip_ratio/region_mean"][0]


def small(beta: float) -> dict:
    tensors = {name: torch.tensor(value) for name, value in SMALL.items()}
    logprobs = tensors.pop("logprobs").requires_grad_()
    loss, clipped = compute_loss(logprobs, tensors, tensors["mask"], beta)
    loss.backward()
    return {"beta": beta, "loss": loss.item(), "gradient": logprobs.grad.tolist(), "clipped": clipped}


def of_case(case: Case) -> dict:
    leaves = {name: value.clone().requires_grad_() for name, value in case.p.items()}
    scored = case._scored(leaves, sampled=True)
    rows = lambda x: x.flatten(0, 1)  # noqa: E731
    inputs = {n: rows(x) for n, x in case.example(GSPO, scored.logprobs.detach()).items()}
    loss, clipped = compute_loss(rows(scored.logprobs), inputs, rows(case.mask), GSPO.scalars["beta"])
    loss.backward()
    gradients = sampled_all({name: leaf.grad for name, leaf in leaves.items()})
    return {"loss": loss.item(), "clipped": clipped, "gradients": gradients}


def overlong() -> list[dict]:
    rows = []
    for most, cache in OVERLONG:
        lengths = sorted({0, 1, most - cache, most - cache + 1, most - 1, most, most + 1, 2 * most})
        scores = get_soft_overlong_punishment(most, cache)([[0] * n for n in lengths])
        rows.append({"maxTokens": most, "cacheTokens": cache, "tokens": lengths, "scores": scores})
    return rows


def main() -> None:
    torch.set_num_threads(1)
    p, dims = load_parameters(TINY), read_dims(TINY)
    numbers = {
        "trl": trl.__version__,
        "gspo": {
            "small": SMALL | {"terms": [small(0.0), small(0.04)]},
            "cases": {name: of_case(Case(name, p, dims)) for name in CASES},
        },
        "overlong": overlong(),
    }
    (FOLDER / "trl.json").write_text(json.dumps(numbers) + "\n")


if __name__ == "__main__":
    main()
