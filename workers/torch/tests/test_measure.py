"""`python -m videocap_torch.measure` on a machine without a GPU."""

import json
import subprocess
import sys

from videocap_torch.config import REPOSITORY
from videocap_torch.measure.__main__ import lines_of, planned_bytes
from videocap_torch.measure.plan import peak_flops


def measure(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "videocap_torch.measure", *arguments]
    folder = REPOSITORY / "workers" / "torch"
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=None, check=False)


def test_it_measures_the_tiny_model_and_says_what_it_cannot(tmp_path):
    done = measure("--repeat", "1", "--sampled-tokens", "4", "--json", str(tmp_path / "found.json"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["update", "sampling", "replays"]
    assert lines[3].endswith("bit-equal")
    assert lines[-1] == "cannot be measured here: MFU; what was planned, without --plan"
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["replays"][0] == found["replays"][1]
    assert found["learntTokens"] == 2 * 2 * 16
    # The tiny model trains 2 million parameters: weights, gradients and moments are 16 bytes of each.
    assert all(16 * 2e6 < found["peak"][phase][1] < 1e9 for phase in ("update", "sampling"))


def test_without_a_gpu_the_plan_is_compared_without_a_gpus_overhead(monkeypatch):
    monkeypatch.setattr("videocap_torch.measure.__main__.measures_memory", lambda _: True)
    found = {
        **{"model": "m", "dtype": "float32", "ranks": 1, "device": "cpu", "torch": "2.15.0", "flops": 1e9},
        **{"learntTokens": 8, "updateSeconds": 2.0, "hashingSeconds": 1.0, "sampledTokens": 4, "samplingSeconds": 2.0},
        **{"replays": [["a"], ["a"]], "peak": {"update": (0, 900_000_000), "sampling": (0, 500_000_000)}},
        "planned": {"update": 1e9, "sampling": 0},
    }
    lines = lines_of(found)
    assert "memory      update: 0.90 GB, planned 1.00 GB (90%)" in lines
    assert "memory      sampling: 0.50 GB" in lines
    assert lines[-1] == "cannot be measured here: MFU"
    kinds = {"update": {"weights": 4.0, "overhead": 3e9}}
    assert planned_bytes(kinds, "cpu") == {"update": 4.0}
    assert planned_bytes(kinds, "cuda") == {"update": 3e9 + 4}


def test_it_says_how_to_start_a_plan_of_more_ranks_and_what_is_no_plan(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"engine": {"kind": "torch"}}')
    assert f"{path} is no plan" in measure("--plan", str(path)).stderr
    memory = {"update": {"weights": 1e9}, "sampling": {}}
    engine = {"kind": "torch", "ranks": 8, "checkpointEvery": 25, "dtype": "bfloat16"}
    plan = {"model": "tiny", "engine": engine, "work": {}, "policy": {"memory": memory, "step": {"flops": 1e12}}}
    path.write_text(json.dumps(plan))
    assert f"torchrun --nproc-per-node 8 -m videocap_torch.measure --plan {path}" in measure("--plan", str(path)).stderr


def test_a_gpu_has_its_peak_from_the_table_of_plan():
    assert peak_flops("NVIDIA H200") == 989e12
    assert peak_flops("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_flops("NVIDIA GeForce RTX 4090") == 165e12
    assert peak_flops("AMD Instinct MI300X") is None
