"""Serves one GGUF model behind OpenAI's chat API, on this machine's loopback address only.

    python serve.py MODEL.gguf NAME PORT THREADS SLOTS CONTEXT

PORT 0 takes a free one. SLOTS requests are answered at a time, each within CONTEXT tokens (question and answer). Prints
one line of JSON, {"address": "http://127.0.0.1:12345"}, once it answers. Ends when its standard input does, so that it
never outlives the process that started it.
"""

import json
import signal
import sys

import xllamacpp


def parameters(model: str, name: str, port: int, threads: int, slots: int, context: int) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = [name]
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.kv_unified = False  # a long question must not take the room of the one beside it
    params.ctx_shift = False  # a question that does not fit is refused, not cut
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.ui = False
    params.cors_origins = ""  # no web page may ask
    params.warmup = False
    # At temperature 0 a model this small repeats itself until it is cut off. Requests may say otherwise.
    params.sampling.penalty_repeat = 1.1
    params.sampling.penalty_last_n = 256
    params.verbosity = 1  # errors: at more, the log would print prompts
    return params


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent process decides
    model, name, *numbers = sys.argv[1:]
    server = xllamacpp.Server(parameters(model, name, *map(int, numbers)))
    print(json.dumps({"address": server.listening_address}), flush=True)
    sys.stdin.read()


main()
