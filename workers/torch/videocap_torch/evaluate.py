"""How well captions tell the exact events of held-out scenes."""

import re

from tokenizers import Tokenizer

from .config import Dims, Params
from .generate import generate
from .scenes import GRID, Scene, patches
from .tokenizer import END, prompt_ids

WELL_FORMED = re.compile(r"<think>\[\{.*\}\]</think><answer>[^<]+</answer>", re.DOTALL)


def evaluate(
    p: Params, dims: Dims, tokenizer: Tokenizer, scenes: list[Scene], greedy: bool = True, chunk: int = 50
) -> dict:
    """Precision, recall and F1 of exact event texts and of (size, colour, shape) triples, over all scenes together."""
    texts = []
    for first in range(0, len(scenes), chunk):
        pixels = patches(scenes[first : first + chunk])
        ids = generate(p, dims, pixels, GRID, prompt_ids(tokenizer), tokenizer.token_to_id(END), greedy=greedy)
        texts += [tokenizer.decode(row, skip_special_tokens=False) for row in ids]
    told = [caption_events(text) for text in texts]
    true = [[event.text for event in scene.events] for scene in scenes]
    subject = lambda text: " ".join(text.split()[:4])  # noqa: E731
    report = {"scenes": len(scenes), **_rates("event", told, true)}
    report |= _rates("object", [[*map(subject, row)] for row in told], [[*map(subject, row)] for row in true])
    report["well_formed"] = round(sum(bool(WELL_FORMED.fullmatch(text)) for text in texts) / len(texts), 3)
    report["events_told"] = round(sum(map(len, told)) / max(1, sum(map(len, true))), 3)
    report["sample"] = texts[0]
    return report


def caption_events(text: str) -> list[str]:
    answer = re.search(r"<answer>(.*?)(</answer>|$)", text, re.DOTALL)
    sentences = answer.group(1).split(".") if answer else []
    return [s.strip()[0].lower() + s.strip()[1:] for s in sentences if s.strip()]


def _rates(name: str, told: list[list[str]], true: list[list[str]]) -> dict[str, float]:
    hits = sum(len(set(a) & set(b)) for a, b in zip(told, true, strict=True))
    said, there = sum(len(set(row)) for row in told), sum(map(len, true))
    precision, recall = hits / max(1, said), hits / max(1, there)
    f1 = 2 * hits / max(1, said + there)
    return {f"{name}_precision": round(precision, 3), f"{name}_recall": round(recall, 3), f"{name}_f1": round(f1, 3)}
