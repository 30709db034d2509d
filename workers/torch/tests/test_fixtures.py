"""The fixtures of other languages belong to the shipped weights."""

import hashlib
import json

from videocap_torch.config import TINY
from videocap_torch.fixtures import FOLDER


def test_fixtures_were_made_with_the_shipped_weights():
    shipped = hashlib.sha256((TINY / "model.safetensors").read_bytes()).hexdigest()
    made_with = json.loads((FOLDER / "parity.json").read_text())["weightsSha256"]
    assert made_with == shipped, "run python -m videocap_torch.fixtures"


def test_fixtures_are_small():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 2_000_000


def test_the_policy_folder_is_small():
    assert sum(file.stat().st_size for file in TINY.rglob("*") if file.is_file()) < 24_000_000
