"""The think score with sentence-transformers: the same model file, the same matching, batches of phrases, no cache.

Subjects, and attributes and actions of matched subjects, are assigned one to one by scipy. What this project does
besides (words that the model does not know, numbers, exchanged words) is left out, which makes this side faster.
"""

import json
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from scipy.optimize import linear_sum_assignment
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling
from tokenizers import Tokenizer
from torch import nn

from .channel import Channel

MAX_TOKENS = 128
DIMENSIONS = 384


class OnnxModule(nn.Module):
    """The first module of a SentenceTransformer: an ONNX file, as its own ONNX backend would run it."""

    def __init__(self, folder: Path, threads: int) -> None:
        super().__init__()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def tokenize(self, texts, **_):
        found = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([one.ids for one in found])
        mask = torch.tensor([one.attention_mask for one in found])
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}

    preprocess = tokenize

    def forward(self, features, **_):
        feeds = {name: features[name].numpy() for name in self._inputs}
        features["token_embeddings"] = torch.from_numpy(self._session.run(None, feeds)[0])
        return features


def main() -> None:
    channel = Channel()
    options = channel.options
    torch.set_num_threads(options["threads"])
    modules = [OnnxModule(Path(options["folder"]), options["threads"]), Pooling(DIMENSIONS, "cls"), Normalize()]
    model = SentenceTransformer(modules=modules, device="cpu")
    limits = options["thresholds"]

    def work(request: dict) -> dict:
        groups = json.loads(Path(options["texts"]).read_text())[request["round"]]
        begun = time.perf_counter()
        scores = [
            score(thought, reference, vectors, limits)
            for reference, thoughts in groups
            for vectors in [embedded(model, [reference, *thoughts])]
            for thought in thoughts
        ]
        return {"value": len(scores) / (time.perf_counter() - begun), "scores": scores}

    channel.serve(work)


def embedded(model, thoughts) -> dict[str, np.ndarray]:
    phrases = sorted({phrase for thought in thoughts for phrase in phrases_of(thought)})
    vectors = model.encode(phrases, batch_size=32, show_progress_bar=False)
    return dict(zip(phrases, vectors, strict=True))


def phrases_of(thought) -> list[str]:
    return [phrase for one in thought for phrase in (one["subject"], *one["attributes"], *one["actions"])]


def score(predicted, reference, vectors, limits) -> float:
    counts = {
        kind: [sum(len(one[kind]) for one in side) for side in (predicted, reference)]
        for kind in ("attributes", "actions")
    }
    weights = np.zeros((len(predicted), len(reference)))
    hits = {kind: np.zeros_like(weights) for kind in counts}
    for p, mine in enumerate(predicted):
        for r, theirs in enumerate(reference):
            likeness = alike(mine["subject"], theirs["subject"], vectors)
            if likeness < limits["subject"]:
                continue
            share = 0.0
            for kind in counts:
                hits[kind][p, r] = hits_among(mine[kind], theirs[kind], vectors, limits["item"])
                share += 0.5 * f1(hits[kind][p, r], *counts[kind])
            weights[p, r] = likeness + 1e-6 * share
    rows, columns = linear_sum_assignment(weights, maximize=True)
    kept = [(p, r) for p, r in zip(rows, columns, strict=True) if weights[p, r] > 0]
    return sum(0.5 * f1(sum(hits[kind][p, r] for p, r in kept), *counts[kind]) for kind in counts)


def hits_among(mine, theirs, vectors, limit) -> int:
    if not mine or not theirs:
        return 0
    found = np.array([[alike(a, b, vectors) for b in theirs] for a in mine])
    found[found < limit] = 0
    rows, columns = linear_sum_assignment(found, maximize=True)
    return int((found[rows, columns] > 0).sum())


def alike(a: str, b: str, vectors) -> float:
    return 1.0 if a == b else float(np.clip(vectors[a] @ vectors[b], 0, 1))


def f1(hits: float, predicted: int, reference: int) -> float:
    return 1.0 if predicted + reference == 0 else 2 * hits / (predicted + reference)


if __name__ == "__main__":
    main()
