"""The policy as the ranks hold it: built, sharded, loaded from files and gathered into them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import init_empty_weights
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from torch import Tensor, nn
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset
from transformers import AutoConfig, AutoModelForImageTextToText, AutoTokenizer

from .families import FAMILIES, LORA_TARGETS, VideoProcessor, blocks_of
from .messages import EngineSection, PinnedFile, PolicyFiles
from .ranks import Ranks
from .weights_files import CorruptFile, WrongModel, metadata_of, open_weights

T = TypeVar("T")

ADAPTER = "videocap_lora"
"""Metadata of a file that holds an adapter alone: JSON with the hash of the weights that it belongs to."""


class Root(nn.Module):
    """What FSDP shards as a whole. Every pass through the model goes through it: FSDP gathers its weights then."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, run: Callable[[nn.Module], T]) -> T:
        """What `run` makes of the model."""
        return run(self.model)


class Policy:
    """A model on the group's devices.

    Trainable parameters are float32 and computed with in the section's `dtype`; frozen ones are stored in it. Every
    parameter is sharded along its first dimension (FSDP2).
    """

    def __init__(self, folder: str, section: EngineSection, ranks: Ranks, *, trains: bool = True) -> None:
        self.folder, self.ranks = Path(folder), ranks
        self.lora = section.get("lora")
        self.config = AutoConfig.from_pretrained(folder)
        self.family = FAMILIES[self.config.model_type]
        self.processor = VideoProcessor.of(folder, self.config)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.loaded: str | None = None
        """sha256 of the weights in memory."""
        self.base: str | None = None
        compute = getattr(torch, section["dtype"])
        with init_empty_weights(include_buffers=False):
            model = AutoModelForImageTextToText.from_config(self.config, dtype=compute, attn_implementation="sdpa")
        if self.config.tie_word_embeddings:
            model.lm_head.weight = model.model.language_model.embed_tokens.weight
        if section["gradientCheckpointing"] and trains:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        if self.lora:
            settings = LoraConfig(r=self.lora["rank"], lora_alpha=self.lora["alpha"], target_modules=LORA_TARGETS)
            with init_empty_weights(include_buffers=False):
                get_peft_model(model, settings, autocast_adapter_dtype=False)
        self.model = model
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(trains and self._is_trained(name, section))
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        # Dropout is 0 in every family; recomputing activations asks for the mode of training.
        model.train(trains)
        self.root = Root(model)
        self._shard(compute)

    def _is_trained(self, name: str, section: EngineSection) -> bool:
        if self.lora:
            return ".lora_" in name
        return not (section["freezeVision"] and ".visual." in name)

    def _shard(self, compute: torch.dtype) -> None:
        buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        precision = MixedPrecisionPolicy(param_dtype=compute, reduce_dtype=torch.float32)
        for module in [*blocks_of(self.model), self.root]:
            fully_shard(module, mesh=self.ranks.mesh, mp_policy=precision)
            # The loss is a sum over the whole step, so ranks' gradients are added, not averaged.
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
        self.root.to_empty(device=self.ranks.device)
        for name, buffer in self.model.named_buffers():
            buffer.copy_(buffers[name])

    def trained(self) -> dict[str, DTensor]:
        """Parameters that an update moves, by their names in files, in the order of the names."""
        named = {self.file_name(name): p for name, p in self.model.named_parameters() if p.requires_grad}
        return dict(sorted(named.items()))

    def file_name(self, name: str) -> str:
        """What files call a parameter: adapters as PEFT's do, all else as the family's."""
        if ".lora_" in name:
            return f"base_model.model.{name.replace('.default', '')}"
        return self.family.stored_name(name.replace(".base_layer", ""))

    def load(self, files: PolicyFiles) -> None:
        """Makes a file's weights those in memory: a whole model's, or an adapter's. Checks it against its hash.

        @raises CorruptFile where it has another hash; WrongModel where it lacks a tensor.
        """
        weights = files["weights"]
        if self.loaded == weights["sha256"]:
            return
        self.loaded = None
        check_hash(weights, self.ranks)
        if ADAPTER in metadata_of(weights["path"]):
            self._load_base(files["base"])
            if self.lora:
                self._fill(self._adapter(), weights["path"])
            else:
                self._merge(weights["path"])
        else:
            self._load_base(weights)
            if self.lora:
                self._reset_adapter()
        self.loaded = weights["sha256"]

    def _load_base(self, weights: PinnedFile) -> None:
        if self.base == weights["sha256"]:
            return
        own = {self.file_name(name): p for name, p in self.model.named_parameters() if ".lora_" not in name}
        self._fill(own, weights["path"])
        self.base = weights["sha256"] if self.lora else None

    def _fill(self, parameters: dict[str, DTensor], path: str) -> None:
        with open_weights(path, self.folder) as tensors:
            for name, parameter in parameters.items():
                fill(parameter, tensors.slice_of(name, parameter.shape))

    def _merge(self, path: str) -> None:
        """Adds an adapter to the weights that it belongs to, as PEFT's `merge_and_unload` does."""
        lora = json.loads(metadata_of(path)[ADAPTER])
        with safe_open(path, framework="pt") as adapter:
            names = set(adapter.keys())
            for name, parameter in self.model.named_parameters():
                a, b = (f"base_model.model.{name.removesuffix('.weight')}.lora_{half}.weight" for half in "AB")
                if a in names:
                    names -= {a, b}
                    whole = adapter.get_tensor(b).float() @ adapter.get_tensor(a).float()
                    add(parameter, whole * (lora["alpha"] / lora["rank"]))
        if names:
            raise WrongModel(f"the adapter {path} has {min(names)}, and the model no such layer; use both of one model")

    def _adapter(self) -> dict[str, DTensor]:
        return {self.file_name(name): p for name, p in self.model.named_parameters() if ".lora_" in name}

    def _reset_adapter(self) -> None:
        """The adapter before the first update, which changes nothing: A uniform as PEFT draws it, B zero."""
        for name, parameter in self._adapter().items():
            whole = torch.zeros(parameter.shape)
            if ".lora_A." in name:
                seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
                bound = parameter.shape[1] ** -0.5  # kaiming_uniform_ with a = sqrt(5)
                whole.uniform_(-bound, bound, generator=torch.Generator().manual_seed(seed))
            fill(parameter, whole)

    @contextmanager
    def without_adapter(self) -> Iterator[None]:
        layers = [module for module in self.model.modules() if hasattr(module, "lora_A")]
        for layer in layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)

    def stored(self) -> dict[str, DTensor]:
        """What a file of the policy holds."""
        if self.lora:
            return self.trained()
        return dict(sorted((self.file_name(name), p) for name, p in self.model.named_parameters()))

    def metadata(self) -> dict[str, str]:
        if not self.lora:
            return {"format": "pt"}
        # One entry: safetensors writes several in any order, and equal adapters must have equal hashes.
        return {ADAPTER: json.dumps({"base": self.base, **self.lora}, sort_keys=True)}

    @contextmanager
    def without_gradients(self) -> Iterator[Root]:
        """For passes that no backward pass follows, which would free the root's gathered weights. While these are
        there, loading other weights would not change them."""
        try:
            with torch.no_grad():
                yield self.root
        finally:
            self.root.reshard()

    @contextmanager
    def whole(self) -> Iterator[Root]:
        """The model with all weights on every rank, for passes that ranks make by themselves."""
        blocks = [self.root, *blocks_of(self.model)]
        for block in blocks:
            block.set_reshard_after_forward(False, recurse=False)
            block.unshard()
        self.model.eval()
        try:
            yield self.root
        finally:
            self.model.train()
            for block in blocks:
                block.reshard()
                block.set_reshard_after_forward(block is not self.root, recurse=False)


def check_hash(file: PinnedFile, ranks: Ranks) -> None:
    found = ranks.from_first(sha256_of(file["path"]) if ranks.is_first else None)
    if found != file["sha256"]:
        raise CorruptFile(f"{file['path']} hashes to {found}, expected {file['sha256']}")


def sha256_of(path: str) -> str:
    with open(path, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def fill(parameter: DTensor | Tensor, whole) -> None:
    """Copies this rank's part of a whole tensor, or of a slice of a safetensors file, into a parameter."""
    with torch.no_grad():
        local, rows = own_part(parameter)
        if local.numel() > 0:
            local.copy_(whole[rows])


def add(parameter: DTensor | Tensor, whole: Tensor) -> None:
    """Adds this rank's part of a whole tensor to a parameter."""
    with torch.no_grad():
        local, rows = own_part(parameter)
        if local.numel() > 0:
            local.add_(whole[rows].to(local.device, local.dtype))


def own_part(parameter: DTensor | Tensor) -> tuple[Tensor, slice]:
    """What this rank has of a parameter, and the rows of the whole tensor that these are."""
    if not isinstance(parameter, DTensor):
        return parameter, slice(None)
    shape, offset = compute_local_shape_and_global_offset(parameter.shape, parameter.device_mesh, parameter.placements)
    return parameter.to_local(), slice(offset[0], offset[0] + shape[0])
