"""The engine's own sampling, against numbers of `transformers` and of the TypeScript engine."""

import json
import math

import numpy as np
import pytest

from videocap_torch.config import REPOSITORY
from videocap_torch.engine.sampling import Diverged, allowed, draw, filtered, log_probability, uniform_at

CASES = json.loads((REPOSITORY / "test/fixtures/policy/token-filters.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_filters_keep_what_those_of_transformers_keep(case):
    settings = case["settings"]
    logits = allowed(np.array(case["logits"], dtype=np.float32), case["suppressed"], "a")
    kept = filtered(logits, settings, case["seen"], settings["temperature"])
    temperature = settings["temperature"] or 1.0
    found = [
        -math.inf if value == -math.inf else log_probability(kept, temperature, token)
        for token, value in enumerate(kept)
    ]
    expected = [-math.inf if value is None else value for value in case["logProbs"]]
    if "ties" in case["name"]:
        # Which of equal logits stay is no rule of transformers: its sort is not stable.
        found, expected = sorted(found), sorted(expected)
    assert found == pytest.approx(expected, abs=1e-5)


def test_random_numbers_are_those_of_the_driver():
    # `uniformAt(7, ['rollout', 3, 'clip "ä"', 0, 12])` of core/random.ts.
    assert uniform_at(7, ["rollout", 3, 'clip "ä"', 0, 12]) == 0.19422928246148408


def test_draws_follow_the_distribution():
    logits = np.log(np.array([0.1, 0.2, 0.0, 0.7]) + 1e-300)
    drawn = [draw(logits, 1.0, uniform_at(1, [i]))[0] for i in range(4000)]
    assert np.bincount(drawn, minlength=4) / 4000 == pytest.approx([0.1, 0.2, 0, 0.7], abs=0.02)
    assert draw(logits, 1.0, 0.999999999) == (3, pytest.approx(math.log(0.7)))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_logits_that_are_not_finite_are_no_choice(wrong):
    with pytest.raises(Diverged, match="Sample a"):
        allowed(np.array([0, wrong], dtype=np.float32), [], "a")
