"""Makes the base model: `python -m videocap_torch.pretrain --data DIR --held-out DIR --tracks DIR --out DIR`.

Three stages share one time budget. `sight` trains the vision tower (`sight.py`), `perception` adds the decoder by
colour queries (`perception.py`), `captions` continues with web-like completions and keeps both as side tasks. Captions
lack 35 % of the events and have wrong words, anew every time a scene is drawn, so the base names what it sees but
leaves things out. Scenes come from a folder that may still be growing. Runs again with the same `--out` continue from
the checkpoint.
"""

import argparse
import json
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .config import TINY, Params, read_dims
from .evaluate import evaluate
from .muon import Muon
from .ops import use_fused_kernels
from .params import fresh_parameters, save_parameters
from .perception import perception_loss, perception_parameters, perception_targets
from .positions import position_ids, text_rotary, vision_rotary
from .qwen2vl import Prompt, embed, logits, prompt, vision
from .scenes import GRID, SceneFolder, jittered, patches
from .sight import sight_loss, sight_parameters
from .tokenizer import END, load_tokenizer, prompt_ids
from .world import web_like_completion

PATCHES = "visual.patch_embed.proj.weight"


class Pretraining:
    """Parameters, optimizers and the two losses."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.dims = read_dims(TINY)
        self.tokenizer = load_tokenizer(TINY)
        self.end = self.tokenizer.token_to_id(END)
        self.before, self.after = prompt_ids(self.tokenizer)
        self.rng = random.Random(options.seed)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.vision_tables = vision_rotary(self.dims, GRID)
        self.tables = text_rotary(self.dims, position_ids(len(self.before), GRID, len(self.after) + 128))
        start = fresh_parameters(self.dims, options.seed) | perception_parameters(self.dims, options.seed)
        start |= sight_parameters(self.dims, options.seed)
        # As a matrix, so that Muon can take it.
        start[PATCHES] = start[PATCHES].flatten(1)
        self.leaves = {name: value.requires_grad_() for name, value in start.items()}
        matrix = lambda n, v: v.dim() == 2 and "embed_tokens" not in n and not n.startswith("aux.")  # noqa: E731
        matrices = [value for name, value in self.leaves.items() if matrix(name, value)]
        others = [value for name, value in self.leaves.items() if not matrix(name, value)]
        self.optimizers = [
            Muon(matrices, lr=options.lr, weight_decay=0.02),
            torch.optim.AdamW(others, lr=options.lr, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self.step, self.elapsed, self.seen = 0, 0.0, 0

    def params(self, dtype: torch.dtype = torch.float32) -> Params:
        """The model as its functions expect it, cast with gradients flowing back to the float32 leaves."""
        cast = {name: value.to(dtype) for name, value in self.leaves.items()}
        d = self.dims
        cast[PATCHES] = cast[PATCHES].reshape(d.vision_dim, d.channels, d.temporal_patch, d.patch, d.patch)
        return cast

    def loss(self, folder: SceneFolder, stage: str, most_subjects: int) -> tuple[Tensor, dict[str, float]]:
        dtype = torch.bfloat16
        size = self.options.batch if stage == "captions" else 2 * self.options.batch
        scenes = folder.draw(self.rng, size, most_subjects)
        self.seen += size
        p = self.params(dtype)
        pixels = jittered(patches(scenes), self.generator).to(dtype)
        video = vision(p, self.dims, pixels, *(t.to(dtype) for t in self.vision_tables))
        tracks = torch.from_numpy(np.stack([scene.tracks for scene in scenes]))
        sight, report = sight_loss(p, video, tracks)
        if stage == "sight":
            return sight, report
        parts = [embed(p, torch.tensor(self.before).expand(size, -1)), video]
        ids = mask = None
        if stage == "captions":
            rows = [web_like_completion(scene.events, self.rng) for scene in scenes]
            ids, mask = self._padded([self.tokenizer.encode(row).ids + [self.end] for row in rows])
            parts += [embed(p, torch.tensor(self.after).expand(size, -1)), embed(p, ids[:, :-1])]
        embeds = torch.cat(parts, dim=1)
        seen = len(self.before) + video.shape[1]
        cos, sin = (t.to(dtype) for t in self.tables)
        whole = prompt(p, self.dims, embeds, cos[: embeds.shape[1]], sin[: embeds.shape[1]])
        only_video = Prompt(whole.hidden, [k[:, :, :seen] for k in whole.keys], [v[:, :, :seen] for v in whole.values])
        targets = perception_targets([scene.events for scene in scenes])
        place = cos[seen : seen + 1], sin[seen : seen + 1]
        perception, accuracy = perception_loss(p, self.dims, only_video, targets, *place)
        report |= accuracy | {"perception": perception.item()}
        loss = perception + 0.1 * sight
        if ids is not None:
            scores = logits(p, whole.hidden[:, seen + len(self.after) - 1 :]).float()
            each = F.cross_entropy(scores.flatten(0, 1), ids.flatten(), reduction="none").reshape(ids.shape)
            captions = (each * mask).sum() / mask.sum()
            report["captions"] = captions.item()
            # Most tokens are boilerplate that costs nothing: weigh up what is left.
            loss = 3 * captions + 0.5 * loss
        return loss, report

    def train_step(self, folder: SceneFolder, stage: str, most_subjects: int, lr: float) -> dict[str, float]:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
        loss, report = self.loss(folder, stage, most_subjects)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.leaves.values(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return report

    def save(self, out: Path) -> None:
        model = {name: value for name, value in self.params().items() if not name.startswith("aux.")}
        save_parameters(model, out / "model.safetensors")
        state = {
            "leaves": {name: value.detach() for name, value in self.leaves.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "rng": self.rng.getstate(),
            "generator": self.generator.get_state(),
            **{name: getattr(self, name) for name in ("step", "elapsed", "seen")},
        }
        torch.save(state, out / "checkpoint.partial")
        os.replace(out / "checkpoint.partial", out / "checkpoint.pt")

    def restore(self, out: Path) -> None:
        state = torch.load(out / "checkpoint.pt", weights_only=True)
        with torch.no_grad():
            for name, value in state["leaves"].items():
                self.leaves[name].copy_(value)
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.rng.setstate(state["rng"])
        self.generator.set_state(state["generator"])
        self.step, self.elapsed, self.seen = state["step"], state["elapsed"], state["seen"]

    def _padded(self, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, rows))
        ids = torch.tensor([row + [self.end] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in rows])
        return ids, mask


def schedule(progress: float, step: int, sight: float, perception: float) -> tuple[str, int, float]:
    """Stage, most subjects a scene, and the factor on the learning rate, at a share of the time budget."""
    stage = "sight" if progress < sight else "perception" if progress < sight + perception else "captions"
    into = (progress - sight) / perception
    most = 3 if stage != "perception" or into > 0.25 else 1 if into < 0.1 else 2
    cooling = min(1.0, (1 - progress) / 0.35)
    return stage, most, min(1.0, (step + 1) / 60) * max(0.02, cooling)


def pretrain(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    use_fused_kernels()
    options.out.mkdir(parents=True, exist_ok=True)
    training, held_out = SceneFolder(options.data, options.tracks), SceneFolder(options.held_out)
    run = Pretraining(options)
    if (options.out / "checkpoint.pt").exists():
        run.restore(options.out)
    smooth: dict[str, float] = {}
    began = time.monotonic() - run.elapsed
    next_log, next_save = run.elapsed, run.elapsed + options.every
    while run.elapsed < options.seconds:
        if run.elapsed >= next_log:
            training.poll()
            held_out.poll()
            next_log += 30
            line = {"step": run.step, "seconds": round(run.elapsed)}
            line |= {"scenes_seen": run.seen, "scenes": len(training.scenes)}
            record(options.out, line | {name: round(value, 4) for name, value in smooth.items()})
        stage, most, factor = schedule(run.elapsed / options.seconds, run.step, options.sight, options.perception)
        report = run.train_step(training, stage, most, options.lr * factor)
        smooth = {name: 0.95 * smooth.get(name, value) + 0.05 * value for name, value in report.items()}
        run.elapsed = time.monotonic() - began
        if run.elapsed >= next_save:
            next_save += options.every
            report_held_out(run, options, held_out, stage, 60)
    report_held_out(run, options, held_out, "captions", 200)


def report_held_out(
    run: Pretraining, options: argparse.Namespace, held_out: SceneFolder, stage: str, count: int
) -> None:
    run.save(options.out)
    if stage == "captions":
        scores = evaluate(run.params(), run.dims, run.tokenizer, held_out.scenes[:count])
        record(options.out, {"step": run.step, "seconds": round(run.elapsed), "held_out": scores})


def record(out: Path, line: dict) -> None:
    print(json.dumps(line), flush=True)
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--tracks", type=Path, required=True, help="what export-tracks.ts made of --data")
    parser.add_argument("--sight", type=float, default=0.15, help="share of the time for the sight stage")
    parser.add_argument("--perception", type=float, default=0.4, help="share of the time for the perception stage")
    batch_help = "scenes a step in the caption stage; twice as many before"
    parser.add_argument("--batch", type=int, default=32, help=batch_help)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--every", type=float, default=240, help="seconds between checkpoints and held-out scores")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    pretrain(parser.parse_args())


if __name__ == "__main__":
    main()
