"""Writes what engines in other languages are tested against: `python -m videocap_torch.fixtures`.

`parity.safetensors` has clips, tables, token ids and expected numbers of the shipped weights; `parity.json` has texts,
settings and, for tensors too large to ship, their norm and some of their entries. Run it again whenever weights change.
"""

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from .config import REPOSITORY, TINY, Dims, Params, read_dims
from .generate import generate
from .losses.loss import Loss, apply_loss
from .losses.registry import LOSSES
from .optimizer import AdamwSettings, adamw_step
from .params import load_parameters
from .positions import position_ids, text_rotary, vision_rotary
from .qwen2vl import decode, empty_past, logits
from .token_logprobs import Batch, Scored, prefill, token_logprobs
from .tokenizer import END, MEAN, SPECIAL, STD, load_tokenizer, prompt_ids
from .world import PROMPT, completion_text, random_events

FOLDER = REPOSITORY / "test" / "fixtures" / "policy"
CASES = {
    "square": {"height": 84, "width": 84, "videos": 2, "group": 3, "length": 48},
    "wide": {"height": 56, "width": 112, "videos": 1, "group": 2, "length": 33},
}
SAMPLED = 8
ADAMW = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.01, "max_grad_norm": 0.5}
TEMPERATURE = 0.9
DECODED_STEPS = 4


def clip(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [8, H, W, 3]: a light disc that crosses a dark, noisy frame."""
    frames = rng.integers(20, 60, (8, height, width, 3), dtype=np.uint8)
    colour, y0 = rng.integers(90, 256, 3), rng.integers(20, height - 20)
    rows, columns = np.mgrid[:height, :width]
    for t in range(8):
        x = 12 + (width - 24) * t / 7
        frames[t][(rows - y0) ** 2 + (columns - x) ** 2 < 100] = colour
    return frames


def clip_patches(frames: np.ndarray) -> Tensor:
    """[T, N, 1176] of uint8 [2T, H, W, 3]."""
    x = (torch.from_numpy(frames).float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    count, height, width, _ = x.shape
    x = x.reshape(count // 2, 2, height // 28, 2, 14, width // 28, 2, 14, 3).permute(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return x.reshape(count // 2, height * width // 196, 1176)


def sampled(values: Tensor) -> dict:
    """Norm of a tensor, and entries spread evenly over it."""
    flat = values.detach().flatten()
    index = torch.linspace(0, len(flat) - 1, min(SAMPLED, len(flat))).long().tolist()
    return {"norm": flat.norm().item(), "index": index, "value": [flat[i].item() for i in index]}


def sampled_all(tensors: Params) -> dict:
    return {name: sampled(value) for name, value in tensors.items()}


class Case:
    """One batch and everything that is expected of it."""

    def __init__(self, name: str, p: Params, dims: Dims):
        spec = CASES[name]
        seed = list(CASES).index(name)
        self.name, self.p, self.dims = name, p, dims
        self.tokenizer = load_tokenizer()
        self.videos, self.group, self.length = spec["videos"], spec["group"], spec["length"]
        self.grid = (4, spec["height"] // 14, spec["width"] // 14)
        pixels = np.random.default_rng(seed)
        self.frames = np.stack([clip(spec["height"], spec["width"], pixels) for _ in range(self.videos)])
        self.before, self.after = prompt_ids(self.tokenizer)
        self.positions = position_ids(len(self.before), self.grid, len(self.after) + self.length)
        ids, self.mask = self._completions(random.Random(seed))
        repeat = lambda row: torch.tensor(row).expand(self.videos, -1)  # noqa: E731
        patches = torch.stack([clip_patches(frames) for frames in self.frames])
        tables = text_rotary(dims, self.positions)
        before, after = repeat(self.before), repeat(self.after)
        self.batch = Batch(patches, *vision_rotary(dims, self.grid), before, after, *tables, ids)
        self.seed = seed

    def _completions(self, rng: random.Random) -> tuple[Tensor, Tensor]:
        """Made-up completions, cut at the length or filled up with the end token: [B, G, L] ids and mask."""
        end = self.tokenizer.token_to_id(END)
        rows, masks = [], []
        for _ in range(self.videos * self.group):
            events = random_events(rng)[: rng.randint(1, 3)]
            row = (self.tokenizer.encode(completion_text(events, events)).ids + [end])[: self.length]
            masks.append([1.0] * len(row) + [0.0] * (self.length - len(row)))
            rows.append(row + [end] * (self.length - len(row)))
        shape = self.videos, self.group, self.length
        return torch.tensor(rows).reshape(shape), torch.tensor(masks).reshape(shape)

    def fixtures(self) -> tuple[Params, dict]:
        arrays = {"frames": torch.from_numpy(self.frames), "positions": self.positions}
        arrays |= {n: getattr(self.batch, n) for n in ("vision_cos", "vision_sin", "cos", "sin", "completion_ids")}
        arrays["mask"] = self.mask
        numbers: dict = {"grid": list(self.grid), "pixel_values": sampled(self.batch.pixel_values)}
        arrays |= self._forward(numbers)
        with torch.no_grad():
            arrays |= self._scored(self.p, sampled=True)._asdict()
        gradients = []
        for loss in LOSSES.values():
            own, value, grads = self._loss(loss)
            for name, array in own.items():
                if not torch.equal(arrays.setdefault(name, array), array):
                    raise ValueError(f"two losses have a {name} that differs: rename one of them")
            numbers[loss.name] = {"loss": value, "gradients": sampled_all(grads)}
            gradients.append(grads)
        numbers["adamw"] = self._adamw(gradients)
        return {f"{self.name}.{n}": value.contiguous() for n, value in arrays.items()}, numbers

    def _forward(self, numbers: dict) -> Params:
        batch, span = self.batch, self.positions.shape[1] - self.length
        arrays = {}
        with torch.no_grad():
            shared = prefill(self.p, self.dims, *batch[:5], batch.cos[:span], batch.sin[:span])
            arrays["prefill_logits"] = logits(self.p, shared.hidden[:, -1])
            keys, values = empty_past(self.dims, self.videos, self.group)
            steps = []
            for t in range(DECODED_STEPS):
                tables = batch.cos[span + t : span + t + 1], batch.sin[span + t : span + t + 1]
                scores, keys, values = decode(
                    self.p, self.dims, shared, batch.completion_ids[:, :, t], *tables, keys, values
                )
                steps.append(scores)
            arrays["decode_logits"] = torch.stack(steps)
        end = self.tokenizer.token_to_id(END)
        greedy = generate(self.p, self.dims, batch.pixel_values, self.grid, (self.before, self.after), end, most=64)
        text = lambda ids: self.tokenizer.decode(ids, skip_special_tokens=False)  # noqa: E731
        numbers["greedy"] = [{"ids": ids, "text": text(ids)} for ids in greedy]
        return arrays

    def _scored(self, p: Params, sampled: bool) -> Scored:
        """Under the sampling distribution, or under the plain softmax."""
        suppress = torch.zeros(self.dims.vocab)
        if not sampled:
            return token_logprobs(p, self.dims, self.batch, torch.ones(()), suppress)
        for token in SPECIAL:
            if token != END:
                suppress[self.tokenizer.token_to_id(token)] = -1e9
        return token_logprobs(p, self.dims, self.batch, torch.tensor(TEMPERATURE), suppress)

    def example(self, loss: Loss, logprobs: Tensor) -> Params:
        """The made-up inputs of a loss; those that two losses share are equal."""
        return loss.example(logprobs, self.mask, torch.Generator().manual_seed(self.seed))

    def _loss(self, loss: Loss) -> tuple[Params, float, Params]:
        """Inputs of a loss and its outputs as `<loss>.<output>`, its value, and its gradients."""
        leaves = {name: value.clone().requires_grad_() for name, value in self.p.items()}
        scored = self._scored(leaves, loss.sampled)
        inputs = self.example(loss, scored.logprobs.detach())
        terms = apply_loss(loss, scored, inputs | loss.scalars)
        value = terms.pop("loss")
        value.backward()
        arrays = inputs | {f"{loss.name}.{name}": term.detach() for name, term in terms.items()}
        return arrays, value.item(), {name: leaf.grad for name, leaf in leaves.items()}

    def _adamw(self, steps: list[Params]) -> list[dict]:
        """One update with the gradients of each loss, one after the other."""
        names = list(self.p)
        params = list(self.p.values())
        first = [torch.zeros_like(value) for value in params]
        second = [torch.zeros_like(value) for value in params]
        reports = []
        for step, grads in enumerate(steps, start=1):
            corrections = {f"bias_correction{i}": 1 - ADAMW[f"beta{i}"] ** step for i in (1, 2)}
            settings = AdamwSettings(**{n: torch.tensor(v) for n, v in (ADAMW | corrections).items()})
            ordered = [grads[name] for name in names]
            params, first, second, norm = adamw_step(params, ordered, first, second, settings)
            groups = {"param": params, "m": first, "v": second}
            kinds = {kind: sampled_all(dict(zip(names, values, strict=True))) for kind, values in groups.items()}
            reports.append({"grad_norm": norm.item(), **kinds})
        return reports


def loss_settings() -> dict[str, dict[str, float]]:
    """The scalars of every loss that has some."""
    temperature = {"temperature": TEMPERATURE}
    settings = {loss.name: (temperature if loss.sampled else {}) | loss.scalars for loss in LOSSES.values()}
    return {name: scalars for name, scalars in settings.items() if scalars}


def token_cases() -> list[dict]:
    tokenizer, rng = load_tokenizer(), random.Random(7)
    scenes = [random_events(rng) for _ in range(4)]
    texts = [completion_text(events, events) for events in scenes]
    video = "<|vision_start|><|video_pad|><|vision_end|>"
    texts += [PROMPT, "Zwei Käfer: 漢字 🙂\n\n\t42 (it's)", f"<|im_start|>user\n{video}"]
    return [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts]


def write_fixtures(folder: Path = FOLDER) -> None:
    torch.set_num_threads(1)
    p, dims = load_parameters(TINY), read_dims(TINY)
    before, after = prompt_ids(load_tokenizer())
    arrays: Params = {}
    description: dict = {
        "weightsSha256": hashlib.sha256((TINY / "model.safetensors").read_bytes()).hexdigest(),
        "prompt": {"text": PROMPT, "prefix_ids": before, "suffix_ids": after},
        "tokens": token_cases(),
        "settings": loss_settings() | {"adamw": ADAMW, "suppressed": [token for token in SPECIAL if token != END]},
        "cases": {},
    }
    for name in CASES:
        values, numbers = Case(name, p, dims).fixtures()
        arrays |= values
        description["cases"][name] = numbers
    folder.mkdir(parents=True, exist_ok=True)
    save_file(arrays, folder / "parity.safetensors")
    (folder / "parity.json").write_text(json.dumps(description, ensure_ascii=False) + "\n")
    for file in sorted(folder.glob("parity.*")):
        print(f"{file.name}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    write_fixtures()
