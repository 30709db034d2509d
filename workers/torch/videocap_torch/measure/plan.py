"""What `videocap plan --json` says an experiment takes: the formulas are there alone."""

import json
import re
from pathlib import Path
from typing import TypedDict

from ..config import REPOSITORY
from ..engine.messages import EngineSection


class Work(TypedDict):
    """As `policy/plan/work.ts` has it."""

    groups: int
    groupSize: int
    prompt: int
    videoTokens: int
    patches: int
    slicePatches: int
    meanTokens: int
    iterations: int
    reference: bool


class Plan(TypedDict):
    model: str
    ranks: int
    section: EngineSection
    work: Work
    flops: float | None
    """Of an update; `None` without a plan."""
    memory: dict[str, dict[str, float]]
    """Bytes of a GPU, by kind, at the peak of an update and of sampling; empty without a plan."""


class WrongPlan(Exception):
    """A plan that cannot be measured; the message says what to do."""


def read_plan(path: str | None) -> Plan:
    """The plan of a file; without one, the tiny model with a step that takes seconds.

    @raises WrongPlan
    """
    if path is None:
        return _tiny()
    try:
        plan = json.loads(Path(path).read_text())
        engine = dict(plan["engine"])
        if engine.pop("kind") != "torch":
            raise WrongPlan(f"{path} plans another engine; plan a config with policy.engine.kind: torch.")
        ranks = engine.pop("ranks")
        engine.pop("checkpointEvery")
        memory = {phase: plan["policy"]["memory"][phase] for phase in ("update", "sampling")}
        return Plan(
            model=plan["model"],
            ranks=ranks,
            section=engine,
            work=plan["work"],
            flops=plan["policy"]["step"]["flops"],
            memory=memory,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongPlan(
            f"{path} is no plan ({type(error).__name__}: {error}); make one: videocap plan CONFIG --json > plan.json"
        ) from error


def _tiny() -> Plan:
    return Plan(
        model="tiny",
        ranks=1,
        section={
            "dtype": "bfloat16",
            "freezeVision": True,
            "gradientCheckpointing": True,
            "tokensPerMicroBatch": 1024,
        },
        work={
            **{"groups": 2, "groupSize": 2, "prompt": 30, "videoTokens": 18, "patches": 72, "slicePatches": 36},
            **{"meanTokens": 16, "iterations": 1, "reference": True},
        },
        flops=None,
        memory={},
    )


def peak_flops(device: str) -> float | None:
    """The GPU's operations a second in bfloat16, from `policy/plan/gpus.json`; `None` for one that it does not have."""
    gpus = json.loads((REPOSITORY / "policy/plan/gpus.json").read_text()).values()
    words = {word for word in device.replace("-", " ").split() if re.search(r"[A-Z]\d|\d{4}", word)}
    for gpu in gpus:
        if words & set(gpu["title"].split()):
            return gpu["bf16TFLOPS"] * 1e12
    return None
