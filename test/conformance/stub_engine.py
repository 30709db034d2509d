"""An engine in another language, as small as it can be: it serves the queue `policy-stub`, and computes nothing.

    python stub_engine.py <Temporal's address> <the store's folder> <the folder for exported models>

Texts, tokens and weights are hashes of the inputs that a real engine computes them from, so they are deterministic, and
an activity that is tried again simply makes them again. A real engine looks for its stored output before it computes.
"""

import asyncio
import json
import os
import struct
import sys
import uuid
from hashlib import sha256
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

ADDRESS, STORE, EXPORTS = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
MADE = {"computedWith": {"engine": "stub", "python": sys.version.split()[0]}, "seconds": 0}


def put(key: str, data: bytes) -> dict:
    """Stores a content as `<key with 12 digits of its hash>`, then its ref as `<key>.ref`. The first ref of a key
    stays.
    """
    digest, (stem, extension) = sha256(data).hexdigest(), os.path.splitext(key)
    name = f"{stem}.{digest[:12]}{extension}"
    ref = {"uri": f"store:{name}", "sha256": digest, "bytes": len(data)}
    for path, content, move in [
        (STORE / name, data, os.replace),
        (STORE / f"{key}.ref", json.dumps(ref).encode(), os.link),
    ]:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4()}.tmp")
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            move(temporary, path)
        except FileExistsError:
            return json.loads(path.read_bytes())
        finally:
            temporary.unlink(missing_ok=True)
    return ref


def put_json(key: str, value) -> dict:
    return put(key, json.dumps(value).encode())


def read(ref: dict) -> bytes:
    data = (STORE / ref["uri"].removeprefix("store:")).read_bytes()
    if sha256(data).hexdigest() != ref["sha256"]:
        raise ValueError(f"Artifact {ref['uri']} is damaged.")
    return data


def record(key: str, output: dict) -> dict:
    """The output that was stored first under a key: every attempt at an activity gives this one."""
    return json.loads(read(put_json(key, output)))


def fake(*inputs) -> bytes:
    """32 bytes that depend on the inputs alone."""
    return sha256(json.dumps(inputs).encode()).digest()


def fake_tensors(*inputs) -> bytes:
    header = json.dumps({"w": {"dtype": "U8", "shape": [32], "data_offsets": [0, 32]}}).encode()
    return struct.pack("<Q", len(header)) + header + fake(*inputs)


def fake_text(policy: dict, clip: dict, length: int, *random) -> tuple[list, dict]:
    tokens = list(fake(policy["weights"]["sha256"], clip["clip"]["sha256"], clip.get("prompt"), *random)[:length])
    return tokens, {"text": " ".join(map(str, tokens)), "parsed": {"wellFormed": False}}


def asked(clip: dict) -> dict:
    return {name: clip[name] for name in ("sampleId", "prompt") if name in clip}


@activity.defn(name="loadPolicy")
async def load_policy(i: dict) -> dict:
    model = i["policy"]["model"]
    data = fake_tensors(model)
    weights = put(f"policies/{sha256(data).hexdigest()}/model.safetensors", data)
    policy = i.get("reference") or {"model": model, "step": 0, "weights": weights}
    read(policy["weights"])
    return record(f"runs/{i['runKey']}/load-policy.json", {"policy": policy})


@activity.defn(name="rolloutGroups")
async def rollout_groups(i: dict) -> dict:
    folder = f"runs/{i['runKey']}/step-{i['step']:06}/round-{i['round']:02}/part-{i['part']:02}"
    size, length = i["sampling"]["groupSize"], min(i["sampling"]["maxNewTokens"], 32)

    def completion(clip: dict, n: int) -> dict:
        tokens, text = fake_text(i["policy"], clip, length, i["sampling"], i["seed"], i["step"], i["round"], n)
        return {**text, "tokenIds": tokens, "logProbs": [-1.0] * length, "truncated": True}

    clips = json.loads(read(i["clips"]))[i.get("samples", {}).get("from", 0) :][: i.get("samples", {}).get("count")]
    groups = [{**asked(c), "completions": [completion(c, n) for n in range(size)]} for c in clips]
    rollout, count = put_json(f"{folder}/rollout.json", {"step": i["step"], "groups": groups}), len(groups) * size
    counts = {"completions": count, "tokens": count * length, "meanLength": length, "truncated": count}
    return record(f"{folder}/rollout-groups.json", {"rollout": rollout, **counts, **MADE})


@activity.defn(name="captionClips")
async def caption_clips(i: dict) -> dict:
    folder, captions = f"runs/{i['runKey']}/step-{i['step']:06}/captions/{i['list']}", []
    for clip in json.loads(read(i["clips"])):
        tokens, text = fake_text(i["policy"], clip, i["maxNewTokens"], i.get("decoding"), i.get("seed"))
        captions.append({**asked(clip), **text, "tokens": len(tokens)})
    output = {"captions": put_json(f"{folder}/captions.json", captions), **MADE}
    return record(f"{folder}/caption-clips.json", output)


@activity.defn(name="updatePolicy")
async def update_policy(i: dict) -> dict:
    run, step, policy = f"runs/{i['runKey']}", f"step-{i['step']:06}", {**i["policy"], "step": i["step"]}
    scored = json.loads(read(i["batch"]["scored"])) if "scored" in i["batch"] else []
    finite = all(abs(a or 0) < 1e38 for s in scored for group in s["advantages"] for a in group)  # as all it computes
    for field, name in [("weights", "model"), ("optimizer", "optimizer")]:
        data = fake_tensors(name, i["policy"]["weights"]["sha256"], i["algorithm"], i["batch"])
        if finite or field in policy:
            policy[field] = put(f"{run}/checkpoints/{step}/{name}.safetensors", data if finite else read(policy[field]))
    found = {} if finite else {"notFinite": {"what": "advantage", "value": "Infinity"}}
    return record(f"{run}/{step}/update.json", {"policy": policy, "metrics": {"updates": int(finite)}, **found, **MADE})


@activity.defn(name="exportPolicy")
async def export_policy(i: dict) -> dict:
    folder = EXPORTS / i["runKey"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(read(i["policy"]["weights"]))
    return {"folder": str(folder)}


async def main() -> None:
    activities = [load_policy, rollout_groups, caption_clips, update_policy, export_policy]
    client = await Client.connect(ADDRESS)
    await Worker(client, task_queue="policy-stub", activities=activities, max_concurrent_activities=1).run()


asyncio.run(main())
