"""What an update leaves: the same files and digest for any number of ranks, and updates that can be repeated."""

import json
import subprocess
from pathlib import Path
from threading import Event

import pytest
import torch
from cases import ADAMW, SECTION, WEIGHTS, groups_of, silent, update_request
from ranks_of import run_ranks
from rewrite_checkpoint import rewritten
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from videocap_torch.engine import shared_file
from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.policy import sha256_of
from videocap_torch.engine.weights_files import CorruptFile

LORA = {"rank": 8, "alpha": 16}


def of(found: dict, request: dict) -> dict:
    """The policy that an update has left in files."""
    return {**request["policy"], "weights": found["weights"], "optimizer": found["optimizer"]}


def held(digest: str, request: dict) -> dict:
    """The policy that an update has left in memory."""
    return {**request["policy"], **dict.fromkeys(("weights", "optimizer"), {"path": "", "sha256": digest})}


@pytest.fixture
def threads():
    """Sets the number of threads until the test's end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("lora", [None, LORA])
def test_a_checkpoint_is_the_same_on_two_ranks_one_and_three(lora, engine, tmp_path):
    section = SECTION | ({"lora": lora} if lora else {})
    request = update_request(tmp_path, groups_of(tmp_path), engine=section)
    made = engine.update(request, silent)
    asked = {"engine": section, "policy": of(made, request)}
    (tmp_path / "request.json").write_text(json.dumps(asked))
    expected = rewritten(engine, asked, tmp_path / "one")
    assert {name: expected[name] for name in ("weights", "optimizer")} == {
        name: made[name]["sha256"] for name in ("weights", "optimizer")
    }
    for count in (2, 3):
        out = tmp_path / f"{count}"
        out.mkdir()
        run_ranks(count, "rewrite_checkpoint.py", tmp_path / "request.json", out)
        assert json.loads((out / "found.json").read_text()) == expected


def test_an_adapter_is_merged_alike_on_two_ranks_one_and_three(engine, tmp_path):
    section, adamw = SECTION | {"lora": LORA}, ADAMW | {"learningRate": 0.01}
    request = update_request(tmp_path, groups_of(tmp_path), engine=section, adamw=adamw)
    adapter = of(engine.update(request, silent), request)
    asked = {"engine": SECTION, "policy": {name: adapter[name] for name in ("model", "weights", "base")}}
    (tmp_path / "request.json").write_text(json.dumps(asked))
    expected = rewritten(engine, asked, tmp_path / "one")
    merged, base = (load_file(path) for path in (tmp_path / "one" / "weights.safetensors", WEIGHTS))
    lora = load_file(adapter["weights"]["path"])
    moved = {name for name in base if not merged[name].equal(base[name])}
    assert len(moved) == len(lora) // 2
    for name in moved:
        layer = name.removeprefix("model.").removesuffix(".weight")
        a, b = (next(lora[key] for key in lora if f".{layer}.lora_{half}." in key) for half in "AB")
        expected_weight = base[name] + (b @ a) * (LORA["alpha"] / LORA["rank"])
        assert (merged[name] - expected_weight).abs().max() < 1e-6
    for count in (2, 3):
        out = tmp_path / f"{count}"
        out.mkdir()
        run_ranks(count, "rewrite_checkpoint.py", tmp_path / "request.json", out)
        assert json.loads((out / "found.json").read_text()) == expected


def test_updates_that_stay_in_memory_are_those_that_were_written(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    first = engine.update(request, silent)
    kept = engine.update(request | {"policy": of(first, request)}, silent)
    digest = engine.update(request | {"keep": "digest"}, silent)["digest"]
    assert engine.held({}, silent) == {"digest": digest}
    second = engine.update(request | {"policy": held(digest, request), "keep": "digest"}, silent)["digest"]
    assert second != digest
    files = engine.rebuild({"engine": SECTION, "policy": held(second, request), "folder": str(tmp_path)}, silent)
    assert {name: file["sha256"] for name, file in files.items()} == {
        name: kept[name]["sha256"] for name in ("weights", "optimizer")
    }
    # The ranks go on from what they hold, under its digest and under the hashes of its files.
    assert engine.held({}, silent) == {"digest": second}
    again = {"engine": SECTION, "policy": held(second, request), "folder": str(tmp_path)}
    assert engine.rebuild(again | {"onlyWeights": True}, silent) == {"weights": files["weights"]}
    assert engine.held({}, silent) == {"digest": second}
    third = request | {"keep": "digest"}
    digests = [engine.update(third | {"policy": held(second, request)}, silent)["digest"]]
    assert engine.held({}, silent) == {"digest": digests[0]}
    digests.append(engine.update(third | {"policy": of(files, request)}, silent)["digest"])
    assert digests[0] == digests[1]


def test_a_replay_from_files_ends_in_the_same_digest_also_with_more_threads_than_cores(engine, tmp_path, threads):
    threads(4)
    request = update_request(tmp_path, groups_of(tmp_path), iterations=2)
    base = of(engine.update(request, silent), request)

    def replay() -> list[str]:
        digests = [engine.update(request | {"policy": base, "keep": "digest"}, silent)["digest"]]
        digests.append(
            engine.update(request | {"policy": held(digests[0], request), "keep": "digest"}, silent)["digest"]
        )
        return digests

    assert replay() == replay()


def test_a_written_file_is_that_of_the_library(engine, tmp_path):
    made = engine.update(update_request(tmp_path, groups_of(tmp_path)), silent)
    for file in (made["weights"], made["optimizer"]):
        with safe_open(file["path"], framework="pt") as opened:
            save_file(load_file(file["path"]), tmp_path / "library.safetensors", opened.metadata())
        library = load_file(tmp_path / "library.safetensors")
        assert all(library[name].equal(value) for name, value in load_file(file["path"]).items())
        assert file["sha256"] == sha256_of(file["path"])


def hashes_of(files: dict) -> list[str]:
    return [files[name]["sha256"] for name in ("weights", "optimizer")]


def test_files_that_follow_are_of_their_update_whatever_the_ranks_do_meanwhile(engine, tmp_path, monkeypatch):
    request = update_request(tmp_path, groups_of(tmp_path))
    told, may_write, put = [], Event(), shared_file._put

    def held_back(*part) -> None:
        may_write.wait()
        put(*part)

    monkeypatch.setattr(shared_file, "_put", held_back)
    own = Engine(engine.ranks, told.append)
    folder = tmp_path / "following"
    folder.mkdir()
    digest = own.update(request | {"keep": "both", "folder": str(folder)}, silent)["digest"]
    own.update(request | {"keep": "digest", "policy": held(digest, request)}, silent)
    assert told == []
    may_write.set()
    own.beside.settle()
    [files] = told
    assert files["folder"] == str(folder)
    assert hashes_of(files) == [sha256_of(files[name]["path"]) for name in ("weights", "optimizer")]
    opened = rewritten(engine, {"engine": SECTION, "policy": of(files, request)}, tmp_path / "opened")
    assert [opened["weights"], opened["optimizer"], opened["digest"]] == [*hashes_of(files), digest]


def test_a_policy_in_memory_is_known_by_its_files_once_they_are_written(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    told = []
    own = Engine(engine.ranks, told.append)
    digest = own.update(request | {"keep": "both"}, silent)["digest"]
    own.beside.settle()
    own.landed(own.beside.landed())
    assert own.held({}, silent) == {"digest": digest}
    policy = of(told[0], request)
    for name in ("weights", "optimizer"):
        Path(policy[name]["path"]).unlink()  # they are not read: what is in memory is the same
    following = own.update(request | {"keep": "digest", "policy": policy}, silent)["digest"]
    assert own.held({}, silent) == {"digest": following}


def test_files_that_cannot_be_written_are_said_to_fail_and_cost_nothing_else(engine, tmp_path, monkeypatch):
    def full(*_) -> int:
        raise OSError(28, "No space left on device")

    request = update_request(tmp_path, groups_of(tmp_path))
    told = []
    own = Engine(engine.ranks, told.append)
    with monkeypatch.context() as patched:
        patched.setattr(shared_file.os, "pwrite", full)
        digest = own.update(request | {"keep": "both"}, silent)["digest"]
        own.beside.settle()
    assert told == [{"folder": str(tmp_path), "failed": "OSError: [Errno 28] No space left on device"}]
    assert own.held({}, silent) == {"digest": digest}


def test_two_ranks_write_what_one_and_three_open_and_write_again(engine, tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    (tmp_path / "request.json").write_text(json.dumps(request))
    (tmp_path / "two").mkdir()
    run_ranks(2, "files_beside.py", tmp_path / "request.json", tmp_path / "two")
    two = json.loads((tmp_path / "two" / "found.json").read_text())
    asked = {"engine": SECTION, "policy": {**request["policy"], **two["files"]}}
    (tmp_path / "written.json").write_text(json.dumps(asked))
    one = rewritten(engine, asked, tmp_path / "one")
    assert [one["weights"], one["optimizer"], one["digest"]] == [*hashes_of(two["files"]), two["digest"]]
    (tmp_path / "three").mkdir()
    run_ranks(3, "rewrite_checkpoint.py", tmp_path / "written.json", tmp_path / "three")
    assert json.loads((tmp_path / "three" / "found.json").read_text()) == one


def test_a_rank_killed_while_it_writes_leaves_no_files_and_the_update_made_again_ends_in_the_same(tmp_path):
    request = update_request(tmp_path, groups_of(tmp_path))
    (tmp_path / "request.json").write_text(json.dumps(request))
    killed, again = tmp_path / "killed", tmp_path / "again"
    for folder in (killed, again):
        folder.mkdir()
    with pytest.raises(subprocess.CalledProcessError):
        run_ranks(2, "files_beside.py", tmp_path / "request.json", killed, 1)
    assert not (killed / "found.json").exists()
    run_ranks(2, "files_beside.py", tmp_path / "request.json", again)
    found = json.loads((again / "found.json").read_text())
    assert found["digest"] == json.loads((killed / "digest.json").read_text())
    # What the killed group has left has the size of the whole file, and another hash.
    assert (killed / "weights.safetensors").stat().st_size == (again / "weights.safetensors").stat().st_size
    assert sha256_of(str(killed / "weights.safetensors")) != hashes_of(found["files"])[0]


@pytest.mark.parametrize("file", ["weights", "optimizer"])
@pytest.mark.parametrize("damage", ["torn", "changed"])
def test_a_damaged_file_is_refused_by_name(engine, tmp_path, file, damage):
    request = update_request(tmp_path, groups_of(tmp_path))
    policy = of(engine.update(request, silent), request)
    engine.update(request | {"keep": "digest"}, silent)  # what is in memory is another policy
    path = Path(policy[file]["path"])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content if damage == "changed" else content[:-1000])
    with pytest.raises(CorruptFile, match=str(path)):
        engine.update(request | {"policy": policy}, silent)
