"""The torch engine on the same clip: sampling, and an update of given completions."""

import time
from pathlib import Path

import torch
from torch import Tensor

from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.messages import EngineSection, PinnedFile, Shown
from videocap_torch.engine.packing import row_of
from videocap_torch.engine.prepared import own_batches
from videocap_torch.engine.prompts import Prompts
from videocap_torch.engine.ranks import Ranks

from . import setting

SECTION: EngineSection = {
    "dtype": "float32",
    "freezeVision": False,
    "gradientCheckpointing": True,
    "tokensPerMicroBatch": 16384,
}


class EngineSide:
    """An engine of one rank, whose policy stays in memory from one update to the next."""

    def __init__(self, folder: Path, weights: PinnedFile, shown: Shown) -> None:
        self._ranks = Ranks()
        with _as_the_engine_runs():
            self._engine = Engine(self._ranks)
        self._shown = shown
        self._base = {"model": str(folder), "weights": weights}
        self._policy: dict = self._base
        self.loss = 0.0
        self.rows: list[int] = []

    def generate(self, round: int) -> float:
        """Seconds of sampling the completions of a group."""
        request = {
            **{"engine": SECTION, "policy": self._policy, "clips": [self._shown]},
            **{"groupSize": setting.COMPLETIONS, "maxNewTokens": setting.TOKENS, "endToken": setting.end_token()},
            "suppressed": setting.suppressed(),
            "sampling": {"temperature": 1.0, "seed": 0, "path": ["bench", round]},
        }
        with _as_the_engine_runs():
            begun = time.perf_counter()
            found = self._engine.generate(request, _silent)
            seconds = time.perf_counter() - begun
        assert all(len(one["tokenIds"]) == setting.TOKENS for one in found[0]["completions"])
        return seconds

    def update(self, completions: list[list[int]], advantages: list[float], section: EngineSection = SECTION) -> float:
        """Seconds of an update of the policy of the last one, until the new weights are in memory.

        What follows is not in them: a hash of all weights and moments, which TRL has nothing like.
        """
        learnt = [
            {"tokenIds": ids, "advantage": advantage, "weight": 1 / (len(ids) * len(completions))}
            for ids, advantage in zip(completions, advantages, strict=True)
        ]
        request = {
            **{"engine": section, "policy": self._policy, "reference": self._base},
            **{"groups": [{**self._shown, "completions": learnt}], "loss": "grpo"},
            "scalars": {"clip_low": setting.CLIP, "clip_high": setting.CLIP, "beta": setting.BETA},
            **{"iterations": 1, "ratiosToRecorded": False, "temperature": 1.0, "suppressed": []},
            "adamw": {
                **{"learningRate": setting.LEARNING_RATE, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8},
                **{"weightDecay": 0.0, "maxGradNorm": setting.MAX_NORM},
            },
            **{"folder": "", "keep": "digest"},
        }
        seconds = 0.0

        def progress(_: int, __: int, what: str) -> None:
            nonlocal seconds
            if what == "weights":
                seconds = time.perf_counter() - begun

        with _as_the_engine_runs():
            begun = time.perf_counter()
            found = self._engine.update(request, progress)
        self.loss = found["metrics"]["loss"]
        self.rows = self._tokens_of(request)
        held = {"path": "", "sha256": found["digest"]}
        self._policy = {"model": self._base["model"], "weights": held, "optimizer": held}
        return seconds

    def close(self) -> None:
        self._ranks.close()

    def begin_again(self) -> None:
        """Takes the weights of the file for the policy."""
        self._policy = self._base

    def gradients(self) -> dict[str, Tensor]:
        """Those of the last update, after clipping, by the modules' names."""
        return _whole({name: p.grad for name, p in self._engine.opened[0].model.named_parameters()})

    def weights(self) -> dict[str, Tensor]:
        return _whole(dict(self._engine.opened[0].model.named_parameters()))

    def prompt(self) -> tuple[Tensor, tuple[int, int, int]]:
        """The clip's rows of pixels, and its grid."""
        self._engine.expand({"engine": SECTION, "policy": self._base, "clips": [self._shown]}, _silent)
        prompts = Prompts(self._engine.opened[0])
        return prompts.pixels(self._shown), prompts.of(self._shown)[1].grid

    def _tokens_of(self, request: dict) -> list[int]:
        """Tokens of each row that a pass computes."""
        policy = self._engine.opened[0]
        prompt = Prompts(policy).of(self._shown)[0]
        completions = request["groups"][0]["completions"]
        return [
            row_of(
                [
                    (prompt.ids, prompt.positions, [completions[index]["tokenIds"] for index in piece.completions])
                    for piece in batch.pieces
                ]
            ).token_ids.shape[1]
            for batch in own_batches(policy, request)
        ]


class _as_the_engine_runs:  # noqa: N801
    """With the settings of the engine, which makes them for good; TRL runs with PyTorch's own."""

    def __enter__(self) -> None:
        torch.use_deterministic_algorithms(True, warn_only=True)

    def __exit__(self, *_) -> None:
        torch.use_deterministic_algorithms(False)


def _whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().full_tensor().clone() for name, tensor in tensors.items()}


def _silent(*_) -> None:
    """Takes reports of progress."""
