"""`python -m videocap_torch.measure`: what the torch engine takes on this machine, beside what `videocap plan` says."""

import argparse
import json
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import torch

from ..engine.checkpoint import digest_held
from ..engine.optimizer import Optimizer
from ..engine.policy import Policy
from ..engine.ranks import Ranks
from ..engine.sampling import generate
from ..engine.update import update
from .memory import Peak, measures_memory, settled
from .model import draw_weights, model_folder
from .plan import Plan, WrongPlan, peak_flops, read_plan
from .step import learnt_groups, sampling_of, update_of

TEXT = """Measures the torch engine: memory of a GPU or of the process, seconds, tokens a second and MFU of an update,
tokens a second of sampling, and whether two replays of the same updates end in the same bits. It needs Python with the
packages of requirements.in alone: no Node, no worker, no data. Weights, videos and texts are made up, of the sizes that
the plan has; a published model that is not on this machine is made from its sizes."""
EXAMPLES = """examples:
  python -m videocap_torch.measure
      the tiny model, to see that everything works; on a CPU too
  npx videocap plan videocap-r1-qwen2vl-7b --completion-tokens 400 --json > plan.json
  torchrun --nproc-per-node 8 -m videocap_torch.measure --plan plan.json
      on the GPU machine, in workers/torch of a copy of this repository: what was planned, beside what it takes
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m videocap_torch.measure",
        description=TEXT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--plan", metavar="FILE", help="what `videocap plan CONFIG --json` wrote; default: a tiny step")
    parser.add_argument("--repeat", type=int, default=3, help="updates to time, after one that is not (default 3)")
    parser.add_argument("--sampled-tokens", type=int, default=32, help="tokens of each text to sample (default 32)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to a file as well")
    options = parser.parse_args()
    try:
        plan = read_plan(options.plan)
        ranks = Ranks()
        if plan["ranks"] != ranks.count:
            raise WrongPlan(
                f"The plan has policy.engine.ranks: {plan['ranks']}, and {ranks.count} was started; start it with "
                f"torchrun --nproc-per-node {plan['ranks']} -m videocap_torch.measure --plan {options.plan}"
            )
        with tempfile.TemporaryDirectory() as scratch:
            found = measured(plan, ranks, Path(scratch), options.repeat, options.sampled_tokens)
    except WrongPlan as error:
        sys.exit(str(error))
    if ranks.is_first:
        print("\n".join(lines_of(found)))
        if options.json:
            Path(options.json).write_text(json.dumps(found, indent=2))
    ranks.end()


def measured(plan: Plan, ranks: Ranks, scratch: Path, repeat: int, tokens: int) -> dict:
    folder = model_folder(plan["model"], scratch)
    before = settled(ranks)
    policy = Policy(folder, plan["section"], ranks)
    optimizer = Optimizer(policy)
    groups = learnt_groups(plan["work"], policy.config, scratch)
    request = update_of(plan, groups)
    reference = _reference(policy, plan, folder, ranks)

    def begin() -> None:
        draw_weights(policy)
        optimizer.load(None)

    def learn() -> str:
        return update(policy, optimizer, reference, request, lambda *_: None)["digest"]

    begin()
    with Peak(ranks, before) as update_peak:
        learn()
        seconds = _timed(ranks, learn, repeat)
    hashing = _timed(ranks, lambda: digest_held(policy, optimizer), 1)
    with Peak(ranks, before) as sampling_peak:
        sampling = _timed(ranks, lambda: generate(policy, sampling_of(plan, groups, tokens), lambda *_: None), 1)
    digests = []
    for _ in range(2):
        begin()
        digests.append([learn(), learn()])
    work = plan["work"]
    texts = work["groups"] * work["groupSize"]
    return {
        "model": plan["model"],
        "device": torch.cuda.get_device_name() if ranks.device.type == "cuda" else "cpu",
        "ranks": ranks.count,
        "dtype": plan["section"]["dtype"],
        "torch": torch.__version__,
        "planned": planned_bytes(plan["memory"], ranks.device.type),
        "flops": plan["flops"],
        "peak": {"update": update_peak.found, "sampling": sampling_peak.found},
        "updateSeconds": seconds - hashing,
        "hashingSeconds": hashing,
        "learntTokens": texts * round(work["meanTokens"]) * work["iterations"],
        "samplingSeconds": sampling,
        "sampledTokens": texts * tokens,
        "replays": digests,
    }


def planned_bytes(memory: dict[str, dict[str, float]], device: str) -> dict[str, float]:
    """By phase. CUDA and NCCL have a share of a GPU, which a process on the CPU does not have."""
    return {
        phase: sum(size for kind, size in kinds.items() if device == "cuda" or kind != "overhead")
        for phase, kinds in memory.items()
    }


def lines_of(found: dict) -> list[str]:
    on_gpu = found["device"] != "cpu"
    lines = [
        f"{found['model']} with {found['dtype']} on {found['ranks']} x {found['device']}, torch {found['torch']}",
        f"update      {found['updateSeconds']:.2f} s, {found['learntTokens'] / found['updateSeconds']:.0f} tokens/s of "
        f"texts; {found['hashingSeconds']:.2f} s more to hash weights and moments",
        f"sampling    {found['sampledTokens'] / found['samplingSeconds']:.0f} tokens/s",
    ]
    one, other = found["replays"]
    same = "bit-equal" if one == other else f"NOT bit-equal: {one[-1][:12]} and {other[-1][:12]}"
    lines.append(f"replays     two updates, made twice from the same weights: {same}")
    for phase, (tensors, used) in found["peak"].items() if measures_memory(found["device"]) else ():
        planned = found["planned"].get(phase)
        beside = f", planned {planned / 1e9:.2f} GB ({used / planned:.0%})" if planned else ""
        kinds = f"{used / 1e9:.2f} GB in use, {tensors / 1e9:.2f} GB of tensors" if on_gpu else f"{used / 1e9:.2f} GB"
        lines.append(f"memory      {phase}: {kinds}{beside}")
    peak = peak_flops(found["device"]) if on_gpu else None
    if peak and found["flops"]:
        share = found["flops"] / (found["updateSeconds"] * found["ranks"] * peak)
        lines.append(f"MFU         {share:.1%} of {peak / 1e12:.0f} TFLOPS a GPU")
    lacking = [
        *([] if measures_memory(found["device"]) else ["memory"]),
        *([] if on_gpu else ["MFU"]),
        *([] if found["flops"] else ["what was planned, without --plan"]),
        *(["MFU: policy/plan/gpus.json does not have this GPU"] if on_gpu and not peak else []),
    ]
    return [*lines, *([f"cannot be measured here: {'; '.join(lacking)}"] if lacking else [])]


def _reference(policy: Policy, plan: Plan, folder: str, ranks: Ranks):
    if not plan["work"]["reference"] or policy.lora:

        @contextmanager
        def as_base():
            with policy.without_adapter():
                yield policy.root

        return as_base
    reference = Policy(folder, plan["section"], ranks, trains=False)
    draw_weights(reference)

    @contextmanager
    def as_reference():
        yield reference.root

    return as_reference


def _timed(ranks: Ranks, work, repeat: int) -> float:
    """The median of the seconds that all ranks take."""
    taken = []
    for _ in range(repeat):
        _wait(ranks)
        begun = time.perf_counter()
        work()
        _wait(ranks)
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[len(taken) // 2]


def _wait(ranks: Ranks) -> None:
    if ranks.device.type == "cuda":
        torch.cuda.synchronize()
    ranks.gathered(None)


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True, warn_only=True)
    main()
