"""How fast the graphs run in ONNX Runtime on this machine: `python -m videocap_torch.benchmark`."""

import argparse
import time

import numpy as np
import onnxruntime as ort
import torch

from .config import TINY, read_dims
from .example_batch import example_batch
from .graphs import decode_graph
from .params import load_parameters
from .qwen2vl import past_shape


def session(name: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(TINY / "onnx" / f"{name}.onnx", options, providers=["CPUExecutionProvider"])


def best(run, repeats: int) -> tuple[float, float]:
    """Shortest wall time and shortest processor time of a run, in seconds."""
    walls, busy = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        busy.append(time.process_time() - cpu)
    return min(walls), min(busy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    dims, p = read_dims(TINY), load_parameters(TINY)
    graph = decode_graph(p, dims)
    step = session("decode", threads)
    for past in (0, 50, 100):
        feeds = {name: value for name, value in (graph.inputs | p).items()}
        for name in graph.inputs:
            if name.startswith("prompt_"):
                feeds[name] = torch.randn(4, dims.kv_heads, 71, dims.head_dim)
            if name.startswith("past_"):
                feeds[name] = torch.randn(past_shape(name.removeprefix("past_"), dims, (4, 8), past))
        feeds["input_ids"] = torch.randint(0, dims.vocab, (4, 8))
        values = {i.name: feeds[i.name].numpy() for i in step.get_inputs()}
        wall, cpu = best(lambda values=values: step.run(None, values), 20)
        times = f"{1000 * wall:.1f} ms, {1000 * cpu:.1f} ms of processor time"
        print(f"decode 4x8 after {past} tokens: {times}", flush=True)
    grpo = session("grpo-gradients", threads)
    for videos in (1, 4):
        example = example_batch(dims, (4, 6, 6), videos, group=8, length=112, prefix=15, suffix=20)
        inputs = p | example.batch._asdict() | example._asdict()
        scalars = {"temperature": 1.0, "clip_low": 0.2, "clip_high": 0.2, "beta": 0.04}
        inputs |= {name: torch.tensor(value) for name, value in scalars.items()} | {"suppress": torch.zeros(dims.vocab)}
        values = {i.name: np.ascontiguousarray(inputs[i.name].numpy()) for i in grpo.get_inputs()}
        wall, cpu = best(lambda values=values: grpo.run(None, values), 3)
        print(f"grpo gradients {videos}x8, 112 tokens: {wall:.2f} s, {cpu:.2f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
