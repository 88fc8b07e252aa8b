from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from jumpscore.errors import DataError, UsageError
from model_wrappers.llava_onevision2 import modeling
from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration
from model_wrappers.llava_onevision2.sizes import SIZES, size_config

PAD = 283
"""The tiny tokenizer's image pad."""


def grown(text):
    """Names and shapes of the spec's list, for the tiny sizes."""
    shapes = {}
    for line in text.split():
        name, _, shape = line.partition(":")
        shapes[name] = tuple(int(side) for side in shape.split("x"))
    return shapes


VISION = grown(
    """
    model.visual.embeddings.patch_embedding.weight:64x3x14x14
    model.visual.layernorm_pre.weight:64 model.visual.layernorm_pre.bias:64
    model.visual.merger.ln_q.weight:64 model.visual.merger.ln_q.bias:64
    model.visual.merger.mlp.0.weight:256x256 model.visual.merger.mlp.0.bias:256
    model.visual.merger.mlp.2.weight:64x256 model.visual.merger.mlp.2.bias:64
    """
)
BLOCK = grown(
    """
    layer_norm1.weight:64 layer_norm1.bias:64 layer_norm2.weight:64 layer_norm2.bias:64
    self_attn.qkv.weight:192x64 self_attn.qkv.bias:192
    self_attn.proj.weight:64x64 self_attn.proj.bias:64
    mlp.fc1.weight:128x64 mlp.fc1.bias:128 mlp.fc2.weight:64x128 mlp.fc2.bias:64
    """
)


def test_state_dict_has_released_names_and_shapes(model):
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    expected = dict(VISION)
    for layer in range(2):
        prefix = f"model.visual.encoder.layers.{layer}."
        expected |= {prefix + name: shape for name, shape in BLOCK.items()}
    assert {n: s for n, s in shapes.items() if n.startswith("model.visual.")} == expected
    others = {name for name in shapes if not name.startswith("model.visual.")}
    assert "lm_head.weight" in others
    assert all(n.startswith("model.language_model.") for n in others - {"lm_head.weight"})
    assert sum(value.numel() for value in model.parameters()) == 298_112


def test_text_model_is_qwen3(model):
    from transformers import Qwen3ForCausalLM

    theirs = Qwen3ForCausalLM(model.config.text_config).state_dict()
    ours = {
        name.replace("model.language_model.", "model."): value
        for name, value in model.state_dict().items()
        if not name.startswith("model.visual.")
    }
    assert {n: v.shape for n, v in ours.items()} == {n: v.shape for n, v in theirs.items()}


@pytest.mark.parametrize(("size", "billions"), [("8b", 8.5), ("4b", 4.35), ("2b", 2.05)])
def test_size_config_parameters(size, billions):
    """8b: 24 blocks of 12.6 M in the tower, merger 33.6 M, Qwen3-8B 8.19 G."""
    with torch.device("meta"):
        model = LlavaOnevision2ForConditionalGeneration(size_config(size))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e9 == pytest.approx(billions, rel=0.02)
    assert set(SIZES) == {"tiny", "2b", "4b", "8b"}


def test_size_config_8b_by_hand():
    with torch.device("meta"):
        model = LlavaOnevision2ForConditionalGeneration(size_config("8b"))
    block = 2 * 2 * 1024 + 1024 * 3072 + 3072 + 1024 * 1024 + 1024 + 2 * 1024 * 4096 + 4096 + 1024
    merger = 2 * 1024 + 4096 * 4096 + 4096 + 4096 * 4096 + 4096
    tower = 588 * 1024 + 2 * 1024 + 24 * block + merger
    attention = 4096 * 4096 * 2 + 2 * 4096 * 1024 + 2 * 128
    layer = attention + 3 * 4096 * 12288 + 2 * 4096
    text = 2 * 151_936 * 4096 + 36 * layer + 4096
    assert sum(parameter.numel() for parameter in model.parameters()) == tower + text


def prompt(before, visual, after, rows=1):
    ids = [*range(1, before + 1), *[PAD] * visual, *range(1, after + 1)]
    return torch.tensor([ids] * rows)


def pictures(grid, seed=0):
    rng = torch.Generator().manual_seed(seed)
    patches = sum(t * h * w for t, h, w in grid)
    return {
        "pixel_values": torch.randn(patches, 588, generator=rng),
        "image_grid_thw": torch.tensor(grid),
        "patch_positions": torch.randint(0, 50, (patches, 3), generator=rng),
    }


def test_embed_replaces_pads(model):
    ids, visual = prompt(3, 8, 2), pictures([(2, 4, 4)])
    embedded = model.model.embed(ids, **visual)
    tokens = model.model.visual(*visual.values())
    assert torch.equal(embedded[0, 3:11], tokens)
    words = model.get_input_embeddings()(ids)
    assert torch.equal(embedded[0, :3], words[0, :3])
    assert torch.equal(embedded[0, 11:], words[0, 11:])


def test_forward_depends_on_pictures(model):
    ids = prompt(3, 8, 2)
    one, other = (model(input_ids=ids, **pictures([(2, 4, 4)], seed)).logits for seed in (0, 1))
    assert (one - other)[0, -1].abs().max() > 0.01


def test_embed_wrong_number_of_pads(model):
    with pytest.raises(UsageError, match="7 image pads but 8 visual tokens"):
        model(input_ids=prompt(3, 7, 2), **pictures([(2, 4, 4)]))
    with pytest.raises(UsageError, match="8 image pads but no pixel_values"):
        model(input_ids=prompt(3, 8, 2))
    with pytest.raises(UsageError, match="image_grid_thw and patch_positions"):
        model(input_ids=prompt(3, 8, 2), pixel_values=torch.zeros(32, 588))


def test_generate_equals_forward_without_cache(model):
    """Greedy tokens by whole forward passes equal those of ``generate`` with its cache."""
    ids, visual = prompt(3, 8, 2), pictures([(2, 4, 4)])
    by_hand = ids
    for _ in range(6):
        following = model(input_ids=by_hand, **visual).logits[:, -1].argmax(-1, keepdim=True)
        by_hand = torch.cat([by_hand, following], dim=1)
    shapes = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), **visual, max_new_tokens=6,
        do_sample=False, eos_token_id=None,
    )  # fmt: skip
    assert shapes.tolist() == by_hand.tolist()


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_forward_cache_by_either_name(model, name):
    ids, visual = prompt(3, 8, 2), pictures([(2, 4, 4)])
    whole = torch.cat([ids, torch.tensor([[PAD]])], dim=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        first = model(input_ids=ids, **visual, use_cache=True)
        step = model(input_ids=whole[:, -1:], **{name: first[modeling.CACHE]}, use_cache=True)
    embedded = model.model.embed(ids, **visual)
    embedded = torch.cat([embedded, model.get_input_embeddings()(whole[:, -1:])], dim=1)
    expected = model(inputs_embeds=embedded).logits[:, -1]
    assert torch.allclose(step.logits[:, -1], expected, atol=1e-4)


def test_generate_without_warnings(model):
    ids, visual = prompt(3, 8, 2), pictures([(2, 4, 4)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), **visual, max_new_tokens=3,
            do_sample=False, eos_token_id=None,
        )  # fmt: skip


def test_forward_loss_of_labels(model):
    ids, visual = prompt(3, 8, 4), pictures([(2, 4, 4)])
    labels = ids.clone()
    labels[:, :12] = -100
    outputs = model(input_ids=ids, labels=labels, **visual)
    shares = torch.log_softmax(outputs.logits[0].double(), -1)
    expected = -np.mean([shares[at - 1, ids[0, at]].item() for at in range(12, ids.shape[1])])
    assert outputs.loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_forward_half_precision(model, dtype):
    import copy

    half = copy.deepcopy(model).to(dtype)
    ids, visual = prompt(3, 8, 2), pictures([(2, 4, 4)])
    exact = torch.softmax(model(input_ids=ids, **visual).logits[0, -1].double(), -1)
    rough = torch.softmax(half(input_ids=ids, **visual).logits[0, -1].double(), -1)
    assert half.model.visual.dtype == dtype
    assert (exact - rough).abs().sum() < 0.2


@pytest.mark.parametrize(
    ("vision", "message"),
    [
        ({"patch_size": 65}, "patch_size is 65, at most 64"),
        ({"spatial_merge_size": 0}, "spatial_merge_size is 0, expected a positive integer"),
        ({"temporal_patch_size": 2}, "temporal_patch_size is 2, expected 1"),
        ({"use_head": True}, "use_head is True, expected False"),
        ({"hidden_act": "silu"}, "hidden_act is 'silu', expected 'gelu'"),
        ({"layer_norm_type": "rms_norm"}, "expected 'layer_norm'"),
        ({"out_hidden_size": 32}, "out_hidden_size is 32, expected 64"),
        (
            {"num_attention_heads": 4},
            "64 with 4 heads, expected a head width that is a multiple of 32",
        ),
        ({"frame_windows_size": 0}, "frame_windows_size is 0"),
    ],
)
def test_check_supported_lists_differences(vision, message):
    with pytest.raises(DataError, match=message):
        LlavaOnevision2ForConditionalGeneration(size_config("tiny", vision=vision))


def test_size_config_unknown_names():
    with pytest.raises(UsageError, match=r"unknown size '8B'\. Known: tiny, 2b, 4b, 8b"):
        size_config("8B")
    with pytest.raises(UsageError, match=r"'vision.hidden_siez'; did you mean 'hidden_size'"):
        size_config("tiny", vision={"hidden_siez": 3})
