"""The numbers as Markdown."""

import platform
import re
from pathlib import Path
from statistics import median
from typing import Any

from . import setting

Numbers = dict[str, Any]
BEGIN, END = "<!-- written by npm run bench:torch -->", "<!-- end -->"


def machine(threads: int) -> str:
    """The processor and the threads."""
    try:
        named = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        processor = named[1] if named else platform.processor()
    except OSError:
        processor = platform.processor() or platform.machine()
    return f"{threads} threads of {processor}, no GPU"


def markdown(numbers: Numbers, where: str) -> str:
    trl, engine, packing = numbers["trl"], numbers["engine"], numbers["packing"]
    versions, agreement, tokens = numbers["versions"], numbers["agreement"], numbers["tokens"]

    def row(name: str, kind: str) -> str:
        theirs, ours = (median(one[kind] for one in side) for side in (trl, engine))
        ratio = median(a[kind] / b[kind] for a, b in zip(trl, engine, strict=True))
        return f"| {name} | {theirs:.1f} s | {ours:.1f} s | {ratio:.2f} x |"

    shared, plain = packing["seconds"]["shared"], packing["seconds"]["plain"]
    return "\n".join(
        [
            f"Medians of {len(trl)} rounds that take turns, on {where}, with Python {versions['python']}, torch "
            f"{versions['torch']}, transformers {versions['transformers']} and TRL {versions['trl']}: a Qwen2-VL of "
            f"{numbers['parameters'] / 1e6:.0f} million random parameters, {setting.COMPLETIONS} completions of "
            f"{setting.TOKENS} tokens to a prompt of {numbers['prompt']} tokens, {numbers['video']} of them the video.",
            "",
            "| | TRL | torch engine | ratio |",
            "|---|---|---|---|",
            row("update", "update"),
            row("sampling", "generate"),
            row("step: both", "step"),
            f"| tokens a pass | {tokens['trl']:,} | {tokens['engine']:,} | {tokens['trl'] / tokens['engine']:.2f} x |",
            "",
            f"Both compute the same: in the first update the losses differ by {agreement['loss']:.1e}, and a gradient "
            f"by at most {agreement['gradients']:.1e} of the largest; after {len(trl) + 1} updates a weight differs by "
            f"at most {agreement['weights']:.1e} of the largest.",
            "",
            "| the engine's update | a row a completion | the prompt once a group | ratio |",
            "|---|---|---|---|",
            f"| seconds | {plain:.1f} s | {shared:.1f} s | {plain / shared:.2f} x |",
            f"| tokens a pass | {packing['tokens']['plain']:,} | {packing['tokens']['shared']:,} | "
            f"{packing['tokens']['plain'] / packing['tokens']['shared']:.2f} x |",
            "",
            f"The gradients of the two differ by at most {packing['gradients']:.1e} of the largest.",
        ]
    )


def write_between_marks(path: Path, text: str) -> None:
    """Replaces what a file has between the marks."""
    before, found, rest = path.read_text().partition(BEGIN)
    _, closing, after = rest.partition(END)
    if not found or not closing:
        raise ValueError(f"{path} has no {BEGIN} with {END} after it")
    path.write_text(f"{before}{BEGIN}\n{_wrapped(text)}\n{END}{after}")


def _wrapped(text: str) -> str:
    """Paragraphs in lines of at most 120 columns; rows of tables stay."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" ") if not paragraph.startswith("|") else [paragraph]:
            if line and len(line) + 1 + len(word) > 120:
                lines.append(line)
                line = ""
            line = f"{line} {word}" if line else word
        lines.append(line)
    return "\n".join(lines)
