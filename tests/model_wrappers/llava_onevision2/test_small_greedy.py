"""Greedy answers of small models: tokens and logits equal those of ``generate``."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from model_wrappers.llava_onevision2 import products, small_greedy
from model_wrappers.llava_onevision2.inputs import Pictures, image_pictures
from model_wrappers.llava_onevision2.pixels import visual_inputs
from model_wrappers.llava_onevision2.small_greedy import SmallGreedy, unsupported
from model_wrappers.llava_onevision2.tiny import TinyOptions, random_model, small_tokenizer
from model_wrappers.transformers.generation import Prompt, Sampling, answer

SHAPES = {
    "one key head": {},
    "own key heads, wide heads": {"num_key_value_heads": 2, "head_dim": 64},
    "two queries per key head, tied": {
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "num_hidden_layers": 3,
        "tie_word_embeddings": True,
    },
    "one layer": {"num_hidden_layers": 1},
}
STEPS = 12


@pytest.fixture(autouse=True)
def _one_thread():
    """As the wrapper does it: threads that wait for each other take minutes on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def inputs(ids, pictures):
    return visual_inputs(pictures)


def random_small(**text):
    model = random_model(small_tokenizer(), TinyOptions(spread=0.2, text=text))
    model.generation_config.eos_token_id = [3]
    model.config.text_config._attn_implementation = "sdpa"
    return model


def canvases(count, rng):
    """Canvases of 56x56: one grid row, patches of any time."""
    places = rng.integers(0, 50, (count * 16, 3))
    patches = rng.integers(0, 256, (count * 16, 588), dtype=np.uint8)
    return Pictures(patches, np.array([[count, 4, 4]]), places, ())


def some_prompts(pad):
    rng = np.random.default_rng(0)
    frames = image_pictures(list(rng.integers(0, 256, (5, 56, 84, 3), dtype=np.uint8)))
    prompts = []
    for words, pictures in (
        (1, None),
        (40, frames),
        (700, canvases(6, rng)),
        (9, canvases(1, rng)),
    ):
        visual = [] if pictures is None else [pad] * pictures.visual_tokens
        ids = [*rng.integers(0, 256, words), *visual, 7]
        prompts.append(Prompt(np.array(ids[: words + len(visual)], dtype=np.int64), pictures))
    return prompts


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("onednn", [True, False])
def test_answers_equal_generate(text, onednn, monkeypatch):
    if not onednn:
        monkeypatch.setattr(products, "has_onednn", lambda: False)
    model, sampling = random_small(**text), Sampling(STEPS)
    prompts = some_prompts(model.config.image_token_id)
    assert unsupported(model, sampling) is None
    expected = [answer(model, [prompt], sampling, inputs)[0] for prompt in prompts]
    assert SmallGreedy(model).answers(prompts, inputs, STEPS) == expected
    assert SmallGreedy(model).answers(prompts, inputs, STEPS, threads=2) == expected
    assert len({one.ids for one in expected}) > 1


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_logits_equal_forward(text):
    """The logits of every step, for the same tokens, from a forward pass without a cache."""
    model = random_small(**text)
    prompt = some_prompts(model.config.image_token_id)[1]
    small = SmallGreedy(model)
    ids = torch.from_numpy(prompt.ids)[None]
    with torch.inference_mode():
        embeddings = model.model.embed(ids, **inputs(ids, [prompt.pictures]))
        answered = torch.tensor([[11, 5, 200, 8]])
        whole = torch.cat([embeddings, model.get_input_embeddings()(answered)], 1)
        expected = model(inputs_embeds=whole).logits[0, -5:]
        text_so_far = small.empty_text(len(prompt.ids) + 4)
        actual = [small.read(text_so_far, small.embedded(prompt, inputs))]
        for token in answered[0].tolist():
            text_so_far.tokens.append(token)
            actual.append(small.step([text_so_far]))
    assert torch.allclose(torch.cat(actual), expected, atol=2e-4 * expected.abs().max().item())


def test_answers_end_token_and_changed_weights():
    model, sampling = random_small(), Sampling(STEPS)
    prompts = some_prompts(model.config.image_token_id)
    [free] = SmallGreedy(model).answers(prompts[:1], inputs, STEPS)
    model.generation_config.eos_token_id = [free.ids[0], free.ids[2]]
    for most in (1, STEPS):
        expected = [answer(model, [one], Sampling(most), inputs)[0] for one in prompts]
        assert SmallGreedy(model).answers(prompts, inputs, most) == expected
    with torch.no_grad():
        model.model.language_model.layers[0].self_attn.k_proj.weight.data.mul_(-1)
    expected = [answer(model, [one], sampling, inputs)[0] for one in prompts]
    assert SmallGreedy(model).answers(prompts, inputs, STEPS) == expected


def test_causal_attention_blocks():
    generator = torch.Generator().manual_seed(0)
    queries, keys, values = (torch.randn(n, 600, 32, generator=generator) for n in (4, 2, 2))
    actual = products.causal_attention(queries, keys, values)
    keys, values = (part.repeat_interleave(2, 0) for part in (keys, values))
    scores = (queries.double() @ keys.double().transpose(1, 2)) / 32**0.5
    scores = scores.masked_fill(torch.ones(600, 600).triu(1).bool(), -torch.inf)
    expected = (scores.softmax(-1) @ values.double()).transpose(0, 1)
    assert torch.allclose(actual.double(), expected, atol=1e-5)


def test_product_equals_linear():
    values, weight, bias = torch.randn(3, 40, 20), torch.randn(9, 20), torch.randn(9)
    for rows in (values, values[0, :2]):
        expected = functional.linear(rows.double(), weight.double(), bias.double())
        assert torch.allclose(products.product(rows, weight, bias).double(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda model: model.double(), "not float32"),
        (lambda model: model.train(), "training mode"),
        (lambda model: model.lm_head.register_forward_hook(print), "hooks"),
        (lambda model: setattr(model.generation_config, "repetition_penalty", 1.1), "repetition_p"),
        (
            lambda model: setattr(model.config.text_config, "hidden_act", "gelu"),
            "hidden_act='gelu'",
        ),
        (
            lambda model: setattr(model.config.text_config, "_attn_implementation", "eager"),
            "_attn_implementation='eager'",
        ),
    ],
)
def test_unsupported_changes(change, reason):
    model = random_small()
    change(model)
    assert reason in unsupported(model, Sampling(4))


def test_unsupported_settings(monkeypatch):
    model = random_small()
    assert unsupported(model, Sampling(4, temperature=0.5)) == "sampling"
    sliding = copy.copy(model.config.text_config)
    sliding.layer_types = ["full_attention", "sliding_attention"]
    monkeypatch.setattr(model.config, "text_config", sliding)
    assert unsupported(model, Sampling(4)) == "sliding attention"
    monkeypatch.setattr(small_greedy, "SMALL_MODEL", 1000)
    assert unsupported(model, Sampling(4)) == "more than 1000 parameters"
