"""TRL's GRPOTrainer: a step whenever it is asked. Its loop runs as it is, and waits for a request before each step."""

import asyncio
import tempfile
import time

import torch
from datasets import Dataset
from datasets.table import InMemoryTable
from transformers import AutoTokenizer, BatchFeature, ProcessorMixin, Qwen2VLForConditionalGeneration, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from .channel import Channel
from .shown import Shown, read_shown

MOST_STEPS = 1000


class ClipProcessor(ProcessorMixin):
    """Gives TRL token ids and rows of pixels that are ready, so that it spends no time on pictures."""

    def __init__(self, tokenizer, shown: Shown) -> None:
        self.tokenizer, self._shown = tokenizer, shown
        self.chat_template = tokenizer.chat_template
        self.image_token_id = tokenizer.convert_tokens_to_ids("<|image_pad|>")

    def apply_chat_template(self, conversation, tokenize: bool = False, **_):
        if not tokenize:
            return "the clip"
        found = self._of([_clip_of(messages) for messages in conversation])
        for name in ("input_ids", "attention_mask", "mm_token_type_ids"):
            found[name] = found[name].tolist()
        return found

    def __call__(self, images=None, text=None, **_):
        return self._of([int(each[0]) for each in images])

    def batch_decode(self, *arguments, **named):
        return self.tokenizer.batch_decode(*arguments, **named)

    def _of(self, clips: list[int]) -> BatchFeature:
        return BatchFeature(self._shown.inputs(self.image_token_id, clips))


def _clip_of(messages) -> int:
    content = messages[-1]["content"]
    return int(content if isinstance(content, str) else next(p["text"] for p in content if p["type"] == "text"))


class Turns(TrainerCallback):
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._begun = 0.0

    def on_train_begin(self, *_, **__) -> None:
        self._channel.answer({})

    def on_step_begin(self, *_, **__) -> None:
        self._channel.wait()
        self._begun = time.perf_counter()

    def on_step_end(self, *_, **__) -> None:
        self._channel.answer({"value": time.perf_counter() - self._begun})


def reward_of(judge: float, concurrency: int):
    """Without a judge a number at once; with one what TRL's asynchronous path gives: all questions of a step at once,
    `concurrency` of them on their way at a time, each answered after `judge` seconds.
    """
    if judge == 0:
        return lambda completions, **_: [float(len(str(one)) % 7) for one in completions]

    async def asked(completions, **_):
        free = asyncio.Semaphore(concurrency)

        async def one(completion) -> float:
            async with free:
                await asyncio.sleep(judge)
            return float(len(str(completion)) % 7)

        return list(await asyncio.gather(*[one(completion) for completion in completions]))

    return asked


def main() -> None:
    channel = Channel()
    options = channel.options
    torch.set_num_threads(options["threads"])
    shown = read_shown(options["shown"])
    tokens, group = options["tokens"], options["group"]
    clips = shown.pixels.shape[0]
    # No clip twice in a step, whatever the order.
    rows = [{"prompt": [{"role": "user", "content": str(i % clips)}], "images": [str(i % clips)]} for i in range(4096)]
    model = Qwen2VLForConditionalGeneration.from_pretrained(
        options["model"], dtype=torch.float32, attn_implementation="sdpa"
    )
    settings = GRPOConfig(
        **{"output_dir": tempfile.mkdtemp(), "use_cpu": True, "bf16": False, "report_to": [], "save_strategy": "no"},
        **{"per_device_train_batch_size": clips * group, "num_generations": group, "shuffle_dataset": False},
        **{"max_completion_length": tokens, "max_steps": MOST_STEPS, "gradient_checkpointing": False},
        generation_kwargs={"suppress_tokens": shown.suppressed, "min_new_tokens": tokens},
        **{"beta": 0.04, "epsilon": 0.2, "loss_type": "grpo", "scale_rewards": "group", "learning_rate": 6e-5},
        **{"lr_scheduler_type": "constant", "optim": "adamw_torch", "max_grad_norm": 1.0, "temperature": 1.0},
        **{"logging_steps": 1000, "disable_tqdm": True, "dataloader_pin_memory": False, "seed": 0},
    )
    GRPOTrainer(
        model=model,
        reward_funcs=reward_of(options.get("judge", 0), options.get("concurrency", 1)),
        args=settings,
        train_dataset=Dataset(InMemoryTable.from_pylist(rows), fingerprint="clips"),
        processing_class=ClipProcessor(AutoTokenizer.from_pretrained(options["model"]), shown),
        callbacks=[Turns(channel)],
    ).train()


if __name__ == "__main__":
    main()
