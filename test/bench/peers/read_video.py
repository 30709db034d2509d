"""qwen-vl-utils with one of its readers: the sampled and resized frames of a video; gives seconds."""

import os
import time

from .channel import Channel


def main() -> None:
    channel = Channel()
    options = channel.options
    os.environ["FORCE_QWENVL_VIDEO_READER"] = options["reader"]
    os.environ["TORCHCODEC_NUM_THREADS"] = str(options["threads"])
    import torch
    from qwen_vl_utils import vision_process

    torch.set_num_threads(options["threads"])
    reader = options["reader"]
    read = vision_process.VIDEO_READER_BACKENDS[reader]
    try:
        read({"video": options["video"], "nframes": options["frames"]})
    except Exception as error:
        raise RuntimeError(f"{reader} reads no video here: {str(error).splitlines()[0]}") from None
    # Where a reader fails, qwen-vl-utils would silently take another one.
    vision_process.VIDEO_READER_BACKENDS["torchvision"] = read
    height, width = options["size"]

    def work(request: dict) -> dict:
        element = {"type": "video", "video": request.get("video", options["video"]), "nframes": options["frames"]}
        begun = time.perf_counter()
        found = vision_process.fetch_video({**element, "resized_height": height, "resized_width": width})
        seconds = time.perf_counter() - begun
        video = found[0] if isinstance(found, tuple) else found
        assert tuple(video.shape) == (options["frames"], 3, height, width), video.shape
        return {"value": seconds}

    channel.serve(work)


if __name__ == "__main__":
    main()
