"""`transformers` generate: completions of exactly so many tokens for a batch of prompts; gives tokens a second."""

import time

import torch
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration

from .channel import Channel
from .shown import read_shown


def main() -> None:
    channel = Channel()
    options = channel.options
    torch.set_num_threads(options["threads"])
    shown = read_shown(options["shown"])
    tokens, group = options["tokens"], options["group"]
    model = Qwen2VLForConditionalGeneration.from_pretrained(
        options["model"], dtype=torch.float32, attn_implementation="sdpa"
    ).eval()
    pad = AutoTokenizer.from_pretrained(options["model"]).convert_tokens_to_ids("<|image_pad|>")
    clips = [clip for clip in range(shown.pixels.shape[0]) for _ in range(group)]
    inputs = shown.inputs(pad, clips)

    def work(_: dict) -> dict:
        begun = time.perf_counter()
        with torch.inference_mode():
            found = model.generate(
                **inputs,
                **{"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0},
                **{"max_new_tokens": tokens, "min_new_tokens": tokens, "suppress_tokens": shown.suppressed},
            )
        seconds = time.perf_counter() - begun
        assert found.shape == (len(clips), inputs["input_ids"].shape[1] + tokens), found.shape
        return {"value": len(clips) * tokens / seconds}

    channel.serve(work)


if __name__ == "__main__":
    main()
