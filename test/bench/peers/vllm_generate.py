"""vLLM on the CPU: completions of exactly so many tokens for clips, `group` of each; gives tokens a second."""

import json
import time
from pathlib import Path

import numpy as np

from .channel import Channel


def main() -> None:
    channel = Channel()
    options = channel.options
    from vllm import LLM, SamplingParams

    about = json.loads(Path(options["shown"]).read_text())
    tokens, group, clips = options["tokens"], options["group"], options["clips"]
    frames = np.random.default_rng(0).integers(0, 256, (clips, *options["frames"]), dtype=np.uint8)
    model = LLM(
        **{"model": options["model"], "dtype": "float32", "enforce_eager": True, "max_model_len": 1024},
        **{"max_num_seqs": clips * group, "enable_chunked_prefill": False, "generation_config": "vllm"},
        **{"limit_mm_per_prompt": {"video": 1, "image": 0}, "disable_log_stats": True},
        mm_processor_kwargs={"size": {"shortest_edge": 784, "longest_edge": 100352}},
        media_io_kwargs={"video": {"num_frames": -1}},
        **{"enable_prefix_caching": True, "seed": 0},
    )
    sampling = SamplingParams(n=group, temperature=1.0, max_tokens=tokens, ignore_eos=True, detokenize=False)
    video = model.get_tokenizer().convert_tokens_to_ids("<|video_pad|>")
    ids = [*about["prefix"], video, *about["suffix"]]
    seconds_each = [frame / 2 for frame in range(options["frames"][0])]
    told = {"fps": 2.0, "duration": seconds_each[-1] + 0.5, "total_num_frames": len(seconds_each)}
    told |= {"frames_indices": list(range(len(seconds_each))), "do_sample_frames": False, "video_backend": "none"}

    def work(_: dict) -> dict:
        # A clip that it has seen would be in its cache of prefixes: every request has clips of its own.
        frames[:, 0] = np.random.default_rng().integers(0, 256, frames[:, 0].shape, dtype=np.uint8)
        prompts = [
            {"prompt_token_ids": ids, "multi_modal_data": {"video": [(clip, told)]}} for clip in frames
        ]
        begun = time.perf_counter()
        found = model.generate(prompts, sampling, use_tqdm=False)
        seconds = time.perf_counter() - begun
        lengths = [len(one.token_ids) for each in found for one in each.outputs]
        assert lengths == [tokens] * (clips * group), lengths
        return {"value": sum(lengths) / seconds}

    channel.serve(work)


if __name__ == "__main__":
    main()
