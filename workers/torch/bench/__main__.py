"""`python -m bench`: the torch engine against TRL, and a shared prompt against a prompt for each completion.

Both sides have the same weights, pixels, token ids, positions, completions and advantages, fp32, threads, gradient
checkpointing, KL penalty and optimiser. TRL's loop runs as it is; the engine has its turn after each step. Loss,
gradients of the first update and weights after the last one show that both compute the same.
"""

import argparse
import json
import platform
import tempfile
from pathlib import Path
from statistics import median

import torch
import transformers
import trl

from . import setting
from .compare import apart
from .engine_side import SECTION, EngineSide
from .table import Numbers, machine, markdown, write_between_marks
from .trl_side import Batch, train

TOLERANCE = 1e-4
"""For losses and gradients of the two sides, as between the engines (`test/torch/parity.test.ts`)."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds, after one that does not count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", metavar="FILE", help="a Markdown file that has the marks of the table")
    parser.add_argument("--json", metavar="FILE", help="write all numbers of all rounds to a file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        numbers = measured(Path(scratch), options.rounds)
    text = markdown(numbers, machine(options.threads))
    print(text)
    if options.json:
        Path(options.json).write_text(json.dumps(numbers, indent=2))
    if options.write:
        write_between_marks(Path(options.write), text)


def measured(folder: Path, rounds: int) -> Numbers:
    weights = setting.write_model(folder)
    shown = setting.show_clip(folder)
    engine = EngineSide(folder, weights, shown)
    pixels, grid = engine.prompt()
    seen: list[Batch] = []
    own: list[dict[str, float]] = []
    agreement: dict[str, float] = {}

    def took_step(batch: Batch) -> None:
        generate = engine.generate(len(own))
        update = engine.update(batch.completions, batch.advantages)
        if not own:
            agreement["loss"] = abs(engine.loss - batch.loss)
            agreement["gradients"] = apart(batch.gradients, engine.gradients())
            require(agreement)
        batch.gradients = {}
        seen.append(batch)
        own.append({"generate": generate, "update": update})
        print(
            f"round {len(own) - 1}: update {batch.update_seconds:.1f} s by TRL, {update:.1f} s by the engine; sampling "
            f"{batch.generate_seconds:.1f} s and {generate:.1f} s",
            flush=True,
        )

    trainer = train(folder, shown, pixels, grid, rounds + 1, took_step)
    after = {name: p.detach() for name, p in trainer.model.named_parameters()}
    agreement["weights"] = apart(after, engine.weights())
    row = engine.rows
    packing = _packing(engine, seen[0], rounds)
    engine.close()
    trl_rounds = [
        {"update": one.update_seconds, "step": one.step_seconds, "generate": one.generate_seconds} for one in seen[1:]
    ]
    own_rounds = [{**one, "step": one["update"] + one["generate"]} for one in own[1:]]
    prompt = len(shown["promptIds"]) - 1 + grid[0] * grid[1] * grid[2] // 4
    return {
        "parameters": setting.parameters_of(weights),
        "prompt": prompt,
        "video": grid[0] * grid[1] * grid[2] // 4,
        "trl": trl_rounds,
        "engine": own_rounds,
        "agreement": agreement,
        "tokens": {"trl": setting.COMPLETIONS * (prompt + setting.TOKENS), "engine": sum(row)},
        "packing": packing,
        "versions": {
            **{"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
            **{"transformers": transformers.__version__, "trl": trl.__version__},
        },
    }


def require(agreement: dict[str, float]) -> None:
    wrong = {what: value for what, value in agreement.items() if not value <= TOLERANCE}
    if wrong:
        raise SystemExit(f"TRL and the engine do not compute the same: {wrong}; at most {TOLERANCE} may differ.")


def _packing(engine: EngineSide, batch: Batch, rounds: int) -> dict:
    """The same update with the prompt once a group, and once a completion; rounds take turns."""
    apart_section = {**SECTION, "tokensPerMicroBatch": 1}
    seconds: dict[str, list[float]] = {"shared": [], "plain": []}
    tokens: dict[str, int] = {}
    gradients = {}
    for _ in range(rounds):
        for kind, section in (("shared", SECTION), ("plain", apart_section)):
            engine.begin_again()
            seconds[kind].append(engine.update(batch.completions, batch.advantages, section))
            tokens[kind] = sum(engine.rows)
            gradients[kind] = engine.gradients()
    return {
        "gradients": apart(gradients["plain"], gradients["shared"]),
        "seconds": {kind: median(found) for kind, found in seconds.items()},
        "tokens": tokens,
    }


if __name__ == "__main__":
    main()
