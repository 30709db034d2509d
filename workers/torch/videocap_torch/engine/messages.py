"""What the driver asks of the group of ranks, and what it is answered: JSON, one message a line.

Whatever is large is a file, whose path the message has: frames as raw bytes, weights as safetensors.
"""

from typing import Literal, NotRequired, TypedDict


class Lora(TypedDict):
    rank: int
    alpha: float


class EngineSection(TypedDict):
    """`policy.engine` of the config (`policy/torch/torch-config.ts` says what each means)."""

    dtype: Literal["float32", "bfloat16"]
    lora: NotRequired[Lora]
    freezeVision: bool
    gradientCheckpointing: bool
    tokensPerMicroBatch: int


class PinnedFile(TypedDict):
    path: str
    """Empty where the ranks hold the content, under its digest."""
    sha256: str


class PolicyFiles(TypedDict):
    model: str
    """Folder with the model's config, tokenizer and own weights."""
    weights: PinnedFile
    """A safetensors file, or a manifest of those in the folder."""
    optimizer: NotRequired[PinnedFile]
    base: NotRequired[PinnedFile]
    """With `lora`: the weights that adapters belong to."""


class Frames(TypedDict):
    path: str
    """Of a file with the bytes of `shape`, RGB."""
    shape: list[int]
    """[frames, height, width, 3]"""
    seconds: list[float]
    """The time of each frame."""


class Shown(TypedDict):
    """What the policy sees and is asked."""

    sampleId: str
    frames: Frames
    promptIds: list[int]
    """With one placeholder where the video goes."""


class Filters(TypedDict):
    topK: int
    topP: float
    minP: float
    repetitionPenalty: float


class Sampling(TypedDict):
    temperature: float
    seed: int
    path: list[str | int]


class Generate(TypedDict):
    engine: EngineSection
    policy: PolicyFiles
    clips: list[Shown]
    groupSize: int
    maxNewTokens: int
    endToken: int
    suppressed: list[int]
    """Tokens that are never sampled."""
    sampling: NotRequired[Sampling]
    filters: NotRequired[Filters]


class Expand(TypedDict):
    engine: EngineSection
    policy: PolicyFiles
    clips: list[Shown]


class ScoredCompletion(TypedDict):
    tokenIds: list[int]


class ScoredGroup(Shown):
    completions: list[ScoredCompletion]


class Score(TypedDict):
    engine: EngineSection
    policy: PolicyFiles
    groups: list[ScoredGroup]
    temperature: float
    suppressed: list[int]
    """Tokens that are never sampled."""


class SampledCompletion(TypedDict):
    tokenIds: list[int]
    logProbs: list[float]
    policyLogProbs: NotRequired[list[float]]
    truncated: bool


class SampledGroup(TypedDict):
    sampleId: str
    completions: list[SampledCompletion]


class LearntCompletion(TypedDict):
    tokenIds: list[int]
    logProbs: NotRequired[list[float]]
    """As recorded while sampling, under the policy alone."""
    advantage: NotRequired[float]
    weight: float
    """Of each of its tokens in the loss; 0: left out."""


class LearntGroup(Shown):
    completions: list[LearntCompletion]


class Adamw(TypedDict):
    learningRate: float
    beta1: float
    beta2: float
    epsilon: float
    weightDecay: float
    maxGradNorm: float


class Update(TypedDict):
    engine: EngineSection
    policy: PolicyFiles
    reference: PolicyFiles
    groups: list[LearntGroup]
    loss: str
    """A name of `losses/registry.py`."""
    scalars: dict[str, float]
    """The loss's scalars, by name."""
    iterations: int
    ratiosToRecorded: bool
    """Ratios are taken to the `logProbs` of completions, which an earlier policy has sampled."""
    temperature: float
    suppressed: list[int]
    adamw: Adamw
    folder: str
    """Where the new checkpoint's files go."""
    keep: Literal["files", "digest", "both"]
    """`digest`: the new checkpoint stays in memory alone, and the answer has its digest. `both`: its files are written
    after the answer, beside what is asked next, and a message `Written` says when they are there."""
    importanceCap: NotRequired[float]
    """The largest importance weight of a token; absent: all are 1."""


class Rebuild(TypedDict):
    """Asks for the files of a policy that the ranks hold."""

    engine: EngineSection
    policy: PolicyFiles
    folder: str
    onlyWeights: NotRequired[bool]
    """Not the optimiser's state: servers sample with the weights."""


class Written(TypedDict):
    """Of files that were written beside other work. It is no answer, and may come at any time."""

    folder: str
    """The update's."""
    weights: NotRequired[PinnedFile]
    optimizer: NotRequired[PinnedFile]
    failed: NotRequired[str]
    """Why there are none."""


class NotFinite(TypedDict):
    """As `core/not-finite.ts` has it."""

    what: str
    value: Literal["NaN", "Infinity", "-Infinity"]
    samples: NotRequired[list[str]]
    where: NotRequired[str]
