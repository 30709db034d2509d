"""Tokens, chat template and patches are those that transformers makes of the shipped files."""

import random

import numpy as np
import torch
from transformers import AutoTokenizer

from videocap_torch.config import TINY
from videocap_torch.scenes import GRID, Scene, patches
from videocap_torch.tokenizer import MEAN, SPECIAL, STD, VOCABULARY, load_tokenizer, prompt_ids, train_tokenizer
from videocap_torch.world import PROMPT, completion_text, random_events

MESSAGES = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": PROMPT}]}]


def test_training_it_again_gives_the_shipped_file(tmp_path):
    train_tokenizer().save(str(tmp_path / "tokenizer.json"))
    assert (tmp_path / "tokenizer.json").read_bytes() == (TINY / "tokenizer.json").read_bytes()


def test_every_id_is_below_the_vocabulary_and_texts_survive():
    tokenizer = load_tokenizer()
    assert tokenizer.get_vocab_size() <= VOCABULARY
    for text in ('<think>[{"subject":"star"}]</think>', "Ein Käfer läuft.\n\n\t42", "漢字 and 🙂"):
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_a_completion_of_three_subjects_is_short():
    tokenizer, rng = load_tokenizer(), random.Random(3)
    scenes = [random_events(rng) for _ in range(500)]
    lengths = [len(tokenizer.encode(completion_text(events, events)).ids) for events in scenes]
    assert max(lengths) <= 100


def test_prompt_is_what_the_chat_template_renders():
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    rendered = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    before, after = prompt_ids(load_tokenizer())
    pad = tokenizer.convert_tokens_to_ids("<|video_pad|>")
    assert tokenizer(rendered)["input_ids"] == [*before, pad, *after]
    assert all(tokenizer.convert_tokens_to_ids(token) is not None for token in SPECIAL)
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")


def test_patches_are_in_the_order_of_qwen2_vl():
    """Slices; then blocks of 2x2 patches, row by row; then the patches of a block; inside channel, time, row,
    column.
    """
    frames = np.random.default_rng(0).integers(0, 256, (8, 84, 84, 3), dtype=np.uint8)
    flat = patches([Scene(frames, [])])[0]
    normal = (frames / 255 - np.array(MEAN)) / np.array(STD)
    slices, rows, columns = GRID
    for t in range(slices):
        blocks = [(2 * i, 2 * j) for i in range(rows // 2) for j in range(columns // 2)]
        places = [(row + a, column + b) for row, column in blocks for a in (0, 1) for b in (0, 1)]
        for n, (row, column) in enumerate(places):
            block = normal[2 * t : 2 * t + 2, 14 * row : 14 * row + 14, 14 * column : 14 * column + 14]
            expected = torch.from_numpy(block.transpose(3, 0, 1, 2).reshape(-1))
            assert (flat[t, n] - expected).abs().max() < 1e-5
