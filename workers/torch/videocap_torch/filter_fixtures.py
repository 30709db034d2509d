"""Writes what `policy/onnx/sampling/filter-logits.ts` is tested against: `python -m videocap_torch.filter_fixtures`.

The numbers are those of the logits processors of `transformers`, in the order in which `generate` applies them.
"""

import json
import random
from pathlib import Path

import torch
import transformers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

from .config import REPOSITORY

FILE = REPOSITORY / "test" / "fixtures" / "policy" / "token-filters.json"
VOCABULARY = 40
OFF = {"topK": 0, "topP": 1.0, "minP": 0.0, "repetitionPenalty": 1.0}
CASES = {
    "nothing": {},
    "a temperature": {"temperature": 0.7},
    "topK": {"topK": 5},
    "topK above the vocabulary": {"topK": 100},
    "topP": {"topP": 0.8, "temperature": 1.3},
    "a topP that leaves one token": {"topP": 0.01},
    "minP": {"minP": 0.1, "temperature": 1.5},
    "a minP of 1": {"minP": 1.0},
    "a repetition penalty": {"repetitionPenalty": 1.2},
    "a reward for repetition": {"repetitionPenalty": 0.8, "temperature": 0.9},
    "topP over what topK has left": {"topK": 8, "topP": 0.7, "temperature": 1.2},
    "minP over what topP has left": {"topP": 0.95, "minP": 0.3, "temperature": 2.0},
    "all of them": {"topK": 12, "topP": 0.9, "minP": 0.05, "repetitionPenalty": 1.3, "temperature": 1.1},
    "a greedy choice": {"temperature": 0.0, "repetitionPenalty": 1.2},
}


def config(settings: dict, suppressed: list[int]) -> GenerationConfig:
    """What `generate` would be given. It has 50 as the default of `top_k`."""
    sampled = settings["temperature"] > 0
    choice = {
        "temperature": settings["temperature"],
        "top_k": settings["topK"],
        "top_p": settings["topP"],
        "min_p": settings["minP"] or None,
    }
    return GenerationConfig(
        do_sample=sampled,
        repetition_penalty=settings["repetitionPenalty"],
        suppress_tokens=suppressed,
        **(choice if sampled else {}),
    )


def case(model: GPT2LMHeadModel, name: str, changed: dict, rng: random.Random) -> dict:
    settings = {"temperature": 1.0} | OFF | changed
    ties = rng.random() < 0.5
    logits = [rng.gauss(0, 3) for _ in range(VOCABULARY)]
    if ties:
        logits = [round(value) for value in logits]
    scores = torch.tensor([logits], dtype=torch.float32)
    suppressed = sorted(rng.sample(range(VOCABULARY), 4))
    seen = [rng.randrange(VOCABULARY) for _ in range(12)]
    ids = torch.tensor([seen])
    processors = model._get_logits_processor(
        generation_config=config(settings, suppressed), input_ids_seq_length=len(seen), device="cpu"
    )
    processed = processors(ids, scores.clone())[0]
    logprobs = processed.log_softmax(-1)
    return {
        "name": name + (", with ties" if ties else ""),
        "processors": [type(one).__name__ for one in processors],
        "settings": settings,
        "suppressed": suppressed,
        "seen": seen,
        "logits": scores[0].tolist(),
        "logProbs": [value if value > float("-inf") else None for value in logprobs.tolist()],
    }


def write_fixtures(file: Path = FILE) -> None:
    rng = random.Random(12)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_embd=8, n_layer=1, n_head=1))
    cases = [case(model, name, changed, rng) for name, changed in CASES.items() for _ in range(2)]
    origin = f"transformers {transformers.__version__}, torch {torch.__version__}"
    lines = ",\n".join(json.dumps(one) for one in cases)
    file.write_text(f'{{"origin": {json.dumps(origin)}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    write_fixtures()
