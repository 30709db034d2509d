"""What an update leaves: the same files and digest for any number of ranks, and updates that can be repeated."""

import json

import pytest
from cases import SECTION, groups_of, silent, update_request
from ranks_of import run_ranks
from rewrite_checkpoint import rewritten
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from videocap_torch.engine.policy import sha256_of

LORA = {"rank": 8, "alpha": 16}


def of(found: dict, request: dict) -> dict:
    """The policy that an update has left in files."""
    return {**request["policy"], "weights": found["weights"], "optimizer": found["optimizer"]}


def held(digest: str, request: dict) -> dict:
    """The policy that an update has left in memory."""
    return {**request["policy"], **dict.fromkeys(("weights", "optimizer"), {"path": "", "sha256": digest})}


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
    assert engine.held({}, silent) == {"digest": None}


def test_a_replay_from_files_ends_in_the_same_digest(engine, tmp_path):
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
