"""The shipped model, in its two forms, for all tests of this folder."""

import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration

from videocap_torch.config import TINY, Dims, Params, read_dims
from videocap_torch.params import load_parameters

torch.set_num_threads(2)


@pytest.fixture(scope="session")
def dims() -> Dims:
    return read_dims(TINY)


@pytest.fixture(scope="session")
def params() -> Params:
    return load_parameters(TINY)


@pytest.fixture
def transformer() -> Qwen2VLForConditionalGeneration:
    return Qwen2VLForConditionalGeneration.from_pretrained(TINY, dtype=torch.float32).eval()
