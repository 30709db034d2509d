"""TRL's GRPOTrainer on the clip, with its own training loop. The engine has its turn between two of its steps."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from datasets.table import InMemoryTable
from torch import Tensor
from transformers import AutoTokenizer, BatchFeature, ProcessorMixin, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from videocap_torch.engine.messages import Shown

from . import setting


@dataclass
class Batch:
    """What a step of TRL has learnt from, and what came of it."""

    completions: list[list[int]]
    advantages: list[float]
    loss: float
    gradients: dict[str, Tensor]
    """By the module's names; after clipping."""
    update_seconds: float
    step_seconds: float
    generate_seconds: float


class ClipProcessor(ProcessorMixin):
    """Gives TRL the engine's own token ids and rows of pixels, so that both compute the same.

    TRL knows images and no videos: the clip is an image of several slices, which the model computes as it does a video.
    """

    def __init__(self, tokenizer, ids: list[int], pixels: Tensor, grid: tuple[int, int, int]) -> None:
        self.tokenizer, self._ids, self._pixels, self._grid = tokenizer, ids, pixels, grid
        self.chat_template = tokenizer.chat_template
        self.image_token_id = tokenizer.convert_tokens_to_ids("<|image_pad|>")

    def apply_chat_template(self, conversation, tokenize: bool = False, **_):
        if not tokenize:
            return "the clip"
        found = self._of(len(conversation))
        found["input_ids"] = found["input_ids"].tolist()
        found["attention_mask"] = found["attention_mask"].tolist()
        found["mm_token_type_ids"] = found["mm_token_type_ids"].tolist()
        return found

    def __call__(self, images=None, text=None, **_):
        return self._of(len(text))

    def batch_decode(self, *arguments, **named):
        return self.tokenizer.batch_decode(*arguments, **named)

    def _of(self, count: int) -> BatchFeature:
        ids = torch.tensor([self._ids] * count)
        return BatchFeature(
            {
                "input_ids": ids,
                "attention_mask": torch.ones_like(ids),
                "pixel_values": self._pixels.repeat(count, 1),
                "image_grid_thw": torch.tensor([self._grid] * count),
                "mm_token_type_ids": (ids == self.image_token_id).long(),
            }
        )


class Timed(GRPOTrainer):
    """Takes the time of sampling apart, and keeps what the last step learnt from."""

    generate_seconds = 0.0
    learnt: dict | None = None

    def _generate(self, prompts):
        begun = time.perf_counter()
        found = super()._generate(prompts)
        self.generate_seconds = time.perf_counter() - begun
        return found

    def _compute_loss(self, model, inputs):
        loss = super()._compute_loss(model, inputs)
        self.learnt = {**inputs, "loss": loss.item()}
        return loss


class Turns(TrainerCallback):
    def __init__(self, took_step: Callable[[Batch], None]) -> None:
        self._took_step = took_step
        self.trainer: Timed | None = None
        self._begun = 0.0
        self._gradients: dict[str, Tensor] = {}

    def on_step_begin(self, *_, **__) -> None:
        self._begun = time.perf_counter()

    def on_pre_optimizer_step(self, *_, model, **__) -> None:
        looking = time.perf_counter()
        self._gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
        self._begun += time.perf_counter() - looking

    def on_step_end(self, *_, **__) -> None:
        seconds = time.perf_counter() - self._begun
        learnt, generate = self.trainer.learnt, self.trainer.generate_seconds
        self._took_step(
            Batch(
                completions=learnt["completion_ids"].tolist(),
                advantages=learnt["advantages"].tolist(),
                loss=learnt["loss"],
                gradients=self._gradients,
                update_seconds=seconds - generate,
                step_seconds=seconds,
                generate_seconds=generate,
            )
        )


def train(
    folder: Path, shown: Shown, pixels: Tensor, grid: tuple[int, int, int], steps: int, took_step: Callable
) -> Timed:
    """Makes `steps` steps, with a call of `took_step` after each."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    image, video = (tokenizer.convert_tokens_to_ids(f"<|{what}_pad|>") for what in ("image", "video"))
    count = grid[0] * grid[1] * grid[2] // 4
    at = shown["promptIds"].index(video)
    ids = [*shown["promptIds"][:at], *[image] * count, *shown["promptIds"][at + 1 :]]
    draw = random.Random(0)
    settings = GRPOConfig(
        **{"output_dir": str(folder / "trl"), "use_cpu": True, "bf16": False, "report_to": [], "save_strategy": "no"},
        **{"per_device_train_batch_size": setting.COMPLETIONS, "num_generations": setting.COMPLETIONS},
        **{"max_completion_length": setting.TOKENS, "max_steps": steps, "gradient_checkpointing": True},
        gradient_checkpointing_kwargs={"use_reentrant": False},
        generation_kwargs={"suppress_tokens": setting.suppressed()},
        model_init_kwargs={"dtype": "float32", "attn_implementation": "sdpa"},
        **{"beta": setting.BETA, "epsilon": setting.CLIP, "loss_type": "grpo", "scale_rewards": "group"},
        **{"learning_rate": setting.LEARNING_RATE, "lr_scheduler_type": "constant", "optim": "adamw_torch"},
        **{"adam_beta1": 0.9, "adam_beta2": 0.99, "adam_epsilon": 1e-8, "weight_decay": 0.0},
        **{"max_grad_norm": setting.MAX_NORM, "temperature": 1.0, "logging_steps": 1000, "disable_tqdm": True},
        **{"dataloader_pin_memory": False, "seed": 0},
    )
    turns = Turns(took_step)
    # Named: `datasets` would make a fingerprint by pickling the table, which pyarrow 26 does not let it.
    rows = [{"prompt": [{"role": "user", "content": "clip"}], "images": ["clip"]}] * 64
    trainer = Timed(
        model=str(folder),
        reward_funcs=lambda completions, **_: [draw.random() for _ in completions],
        args=settings,
        train_dataset=Dataset(InMemoryTable.from_pylist(rows), fingerprint="clip"),
        processing_class=ClipProcessor(tokenizer, ids, pixels, grid),
        callbacks=[turns],
    )
    turns.trainer = trainer
    trainer.train()
    return trainer
