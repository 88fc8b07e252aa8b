from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from model_wrappers.llava_onevision2.inputs import image_pictures
from model_wrappers.llava_onevision2.pixels import visual_inputs
from model_wrappers.transformers.generation import (
    Prompt,
    SampleEachAlone,
    Sampling,
    answer,
    batches,
)

PAD = 283


def inputs(ids, pictures):
    return visual_inputs(pictures)


def some_prompt(words, pixels, seed=0):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (*pixels, 3), dtype=np.uint8)
    pictures = image_pictures([picture])
    ids = [*rng.integers(0, 256, words), *[PAD] * pictures.visual_tokens, 7]
    return Prompt(np.array(ids, dtype=np.int64), pictures, seed=seed)


PROMPTS = [
    some_prompt(5, (56, 56), seed=1),
    some_prompt(40, (28, 84), seed=2),
    Prompt(np.arange(30), None, seed=3),
    some_prompt(17, (84, 56), seed=4),
]


@given(st.lists(st.integers(1, 5000), max_size=40), st.integers(1, 20_000))
def test_batches_have_similar_lengths_and_every_prompt_once(lengths, most):
    actual = batches(lengths, most)
    assert sorted(place for batch in actual for place in batch) == list(range(len(lengths)))
    for batch in actual:
        sizes = [lengths[place] for place in batch]
        assert len(batch) == 1 or max(sizes) * len(sizes) <= most
        assert max(sizes) - min(sizes) <= max(sizes) / 5


@pytest.mark.parametrize("temperature", [0.0, 1.3])
def test_answer_batch_equals_single_prompts(model, temperature):
    sampling = Sampling(24, temperature=temperature, top_p=0.95, top_k=50)
    together = answer(model, PROMPTS, sampling, inputs)
    alone = [answer(model, [prompt], sampling, inputs)[0] for prompt in PROMPTS]
    assert together == alone
    assert len({actual.ids for actual in together}) == len(PROMPTS)


def test_answer_sample_depends_only_on_its_seed(model):
    sampling = Sampling(16, temperature=1.0)
    prompts = [Prompt(PROMPTS[2].ids, None, seed=seed) for seed in (1, 2, 1)]
    one, two, again = answer(model, prompts, sampling, inputs)
    assert one == again
    assert one != two


def test_answer_greedy(model):
    [actual] = answer(model, [PROMPTS[2]], Sampling(1), inputs)
    logits = model(input_ids=torch.from_numpy(PROMPTS[2].ids)[None]).logits[0, -1]
    assert actual.ids == (int(logits.argmax()),)


def test_sample_each_alone_follows_the_softmax():
    """4,000 prompts with seeds of their own: how often each token wins is its share."""
    scores = torch.tensor([1.0, 0.0, -1.0, 2.0, -torch.inf])
    count = 4000
    noisy = SampleEachAlone(range(count))(None, scores.expand(count, -1))
    wins = np.bincount(noisy.argmax(-1).numpy(), minlength=5)
    assert wins[4] == 0
    expected = torch.softmax(scores.double(), -1)[:4].numpy() * count
    assert chisquare(wins[:4], expected).pvalue > 0.001


def test_answer_finish_reason(model):
    [cut_off] = answer(model, [PROMPTS[0]], Sampling(5), inputs)
    assert cut_off.finish_reason == "length"
    assert len(cut_off.ids) == 5
    before = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = [cut_off.ids[2]]
    try:
        [ended] = answer(model, [PROMPTS[0]], Sampling(5), inputs)
    finally:
        model.generation_config.eos_token_id = before
    assert ended.finish_reason == "stop"
    assert ended.ids == cut_off.ids[: cut_off.ids.index(cut_off.ids[2])]
