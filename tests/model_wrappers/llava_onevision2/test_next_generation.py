"""Checkpoints of the announced shapes: other patches, other token ids, other text models."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Media, Question
from jumpscore.video import TokenGrid, codec_canvases, match_budgets, uniform_frames
from jumpscore.video.prepared.folders import read_prepared, write_prepared
from model_wrappers.llava_onevision2.checkpoint import (
    inspect_checkpoint,
    joined_experts,
    stated_grid,
)
from model_wrappers.llava_onevision2.inputs import codec_pictures
from model_wrappers.llava_onevision2.processing import LlavaOnevision2Processor
from model_wrappers.llava_onevision2.sizes import size_config
from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny
from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options
from model_wrappers.vllm.processing import check_architecture
from tests.model_wrappers.llava_onevision2.slow_tower import tower as slow_tower

EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LINEAR = {
    "num_hidden_layers": 4,  # three with linear attention, one with full attention
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
SHAPES = {
    "qwen3_moe": ({"patch_size": 16, "spatial_merge_size": 3}, EXPERTS),
    "qwen3_5_moe_text": (
        {"patch_size": 16, "spatial_merge_size": 3},
        EXPERTS | LINEAR | {"shared_expert_intermediate_size": 32},
    ),
    "qwen3_5_text": ({"patch_size": 16, "spatial_merge_size": 2}, LINEAR),
}


@pytest.fixture(scope="module", params=SHAPES)
def checkpoint(request, tmp_path_factory):
    vision, text = SHAPES[request.param]
    folder = tmp_path_factory.mktemp("checkpoints") / request.param
    # With other layers than the smallest, the first token of an answer depends on every picture.
    options = TinyOptions(
        spread=0.2, vision=vision, text=text | {"model_type": request.param, "vocab_size": 320}
    )
    write_tiny(folder, options)
    return folder


@pytest.fixture(scope="module")
def wrapper(checkpoint):
    opened = LlavaOnevision2(
        LlavaOnevision2Options(checkpoint=str(checkpoint), max_new_tokens=6, batch_size=2)
    )
    opened.open()
    yield opened
    opened.close()


def question(*media):
    return Question("a", media, "List the jumps.")


def canvases(clip, grid, count=8):
    return codec_canvases(clip, canvases=count, max_pixels=20_000, canvas_grid=grid)


def test_tokens_of_every_input_are_those_planned(wrapper, clip):
    grid = wrapper.token_grid
    assert grid == stated_grid(wrapper.folder)
    plain = len(wrapper.prepare(question(), None).payload.ids)
    for visual in (
        canvases(clip, grid),
        uniform_frames(clip, count=6, max_pixels=20_000, grid=grid),
    ):
        assert visual.width % grid.side == visual.height % grid.side == 0
        request = wrapper.prepare(question(Media(clip)), visual)
        assert len(request.payload.ids) == plain + visual.total_tokens
        [response] = wrapper.generate([request])
        assert response.error is None
        assert response.usage.visual_source == "measured"
        assert (
            response.usage.visual
            == visual.visual_tokens
            == len(visual.blocks) * grid.tokens(visual.width, visual.height)
        )


def test_images_have_the_grid_of_the_checkpoint(wrapper, tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    pictures = wrapper.pictures(question(Media(tmp_path / "a.png", kind="image")), None)
    side = wrapper.token_grid.side
    assert pictures.size == (round(300 / side) * side, round(200 / side) * side)
    [response] = wrapper.generate(
        [wrapper.prepare(question(Media(tmp_path / "a.png", kind="image")), None)]
    )
    assert response.usage.visual == round(300 / side) * round(200 / side)


def test_answers_of_a_batch_are_those_of_each_alone(wrapper, clip):
    grid = wrapper.token_grid
    requests = [
        wrapper.prepare(question(Media(clip)), canvases(clip, grid, count=2)),
        wrapper.prepare(question(Media(clip)), canvases(clip, grid, count=6)),
    ]
    together = [response.text for response in wrapper.generate(requests)]
    assert together == [wrapper.generate([request])[0].text for request in requests]


def test_logits_depend_on_every_canvas(wrapper, clip):
    request = wrapper.prepare(question(Media(clip)), canvases(clip, wrapper.token_grid, count=4))
    model, ids = wrapper._model, torch.from_numpy(request.payload.ids)[None]
    inputs = dict(wrapper.model_inputs(ids, [request.payload.pictures]))
    with torch.inference_mode():
        before = model(input_ids=ids, **inputs).logits[0, -1]
        each = len(inputs["pixel_values"]) // 4
        for number in range(4):
            changed = inputs["pixel_values"].clone()
            changed[number * each : (number + 1) * each] = 255
            after = model(input_ids=ids, **inputs | {"pixel_values": changed}).logits[0, -1]
            assert (after - before).abs().max() > 1e-4


def test_tower_equals_slow_one(wrapper, clip):
    """Nine patches of 16 pixels to a token, or four, as written from the rules alone."""
    config = wrapper.config.vision_config
    grid = wrapper.token_grid
    visual = codec_canvases(clip, canvases=2, max_pixels=6 * grid.side**2, canvas_grid=grid)
    pictures = codec_pictures(visual)
    tower = wrapper._model.model.visual
    pixels = torch.randn(len(pictures.patches), 3 * grid.patch**2)
    with torch.inference_mode():
        tokens = tower(
            pixels, torch.from_numpy(pictures.grid), torch.from_numpy(pictures.positions)
        )
    expected = slow_tower(
        {name: value.numpy() for name, value in tower.state_dict().items()},
        pixels.numpy(),
        pictures.grid.tolist(),
        pictures.positions.tolist(),
        heads=config.num_attention_heads,
        layers=config.num_hidden_layers,
        merge=grid.merge,
    )
    assert len(tokens) == visual.visual_tokens
    assert np.abs(tokens.numpy() - expected).max() < 1e-3 * np.abs(expected).max()


def test_processor_gives_the_tokens_of_the_harness(wrapper, clip):
    processor = LlavaOnevision2Processor.from_pretrained(wrapper.folder)
    text = "<|vision_start|><|video_pad|><|vision_end|>"
    features = processor(text=text, videos=str(clip), num_frames=4)
    frames = uniform_frames(
        clip,
        count=4,
        min_pixels=processor.min_pixels,
        max_pixels=processor.max_pixels,
        grid=wrapper.token_grid,
    )
    pads = features["input_ids"] == wrapper.config.image_token_id
    assert int(pads.sum()) == frames.visual_tokens


GRID = TokenGrid(48, 3)


def test_canvases_of_other_grids_are_stored_and_read(clip, tmp_path):
    visual = canvases(clip, GRID)
    stored = read_prepared(write_prepared(visual, tmp_path / "a", lossless=True).folder)
    assert stored.token_grid == GRID
    assert stored.fingerprint == visual.fingerprint
    assert np.array_equal(stored.pixels, visual.pixels)
    positions = stored.patch_positions.reshape(*stored.grid, 3)
    assert stored.grid[1:] == (visual.height // 16, visual.width // 16)
    # Each block is a square of three by three patches of one frame.
    assert (positions[:, ::3, ::3, 1:] % 3 == 0).all()
    assert (positions[:, 2::3, 1::3, 1:] - positions[:, ::3, ::3, 1:] == [2, 1]).all()
    assert canvases(clip, TokenGrid(48, 2)).fingerprint != visual.fingerprint


def test_read_prepared_rejects_invalid_grids(clip, tmp_path):
    from jumpscore.video.prepared.layout import DONE, META, OWN, SEAL, sha256

    folder = write_prepared(canvases(clip, GRID), tmp_path / "a", lossless=True).folder
    meta = json.loads((folder / META).read_text())
    for grid in ([48, 0], [48, 5], [10**9, 1], [48], "48", [48.0, 3]):
        meta[OWN]["input"]["token_grid"] = grid
        data = json.dumps(meta).encode()
        (folder / META).write_bytes(data)
        (folder / DONE).write_bytes(SEAL + sha256(data).encode())
        with pytest.raises(DataError, match="token_grid is"):
            read_prepared(folder)


def test_budgets_follow_the_grid_of_canvases(clip):
    arms = match_budgets(clip, visual_tokens=96, max_pixels=20_000, grid=GRID, canvas_grid=GRID)
    each = GRID.tokens(arms.canvases.width, arms.canvases.height)
    assert arms.canvases.visual_tokens == 96 // each * each
    assert arms.frames.width % 48 == arms.canvases.width % 48 == 0


def test_unknown_settings_are_named(checkpoint, tmp_path):
    values = json.loads((checkpoint / "config.json").read_text())

    def refused(match, **changes):
        text = {"text_config": values["text_config"] | changes}
        (tmp_path / "config.json").write_text(json.dumps(values | text))
        (tmp_path / "preprocessor_config.json").write_text("{}")
        with pytest.raises(DataError, match=match):
            inspect_checkpoint(tmp_path)

    refused("text_config.model_type is 'qwen4', expected one of qwen3, ", model_type="qwen4")
    refused("text_config.num_key_value_heads is 0, expected", num_key_value_heads=0)


def test_size_config_reports_unknown_keys_of_a_text_model():
    with pytest.raises(UsageError, match=r"unknown key 'text.num_expert'"):
        size_config("tiny", text={"model_type": "qwen3_moe", "num_expert": 4})


def test_vllm_is_refused_for_what_was_not_tested(checkpoint, tmp_path):
    with pytest.raises(UsageError, match=r"vision_config.patch_size is 16 instead of 14"):
        check_architecture(checkpoint)
    (tmp_path / "config.json").write_text('{"text_config": {"model_type": "qwen3_moe"}}')
    with pytest.raises(UsageError, match=r"text_config.model_type is .qwen3_moe. instead of"):
        check_architecture(tmp_path)


def test_joined_experts_leaves_incomplete_layers():
    whole = {f"a.experts.{n}.{part}_proj.weight": (4, 8) for n in (0, 1) for part in ("gate", "up")}
    assert joined_experts(whole) == {"a.experts.gate_up_proj": (2, 8, 8)}
    gap = {"experts.0.down_proj.weight": (8, 4), "experts.2.down_proj.weight": (8, 4)}
    assert joined_experts(gap) == gap
    uneven = {"experts.0.down_proj.weight": (8, 4), "experts.1.down_proj.weight": (8, 5)}
    assert joined_experts(uneven) == uneven


def test_pictures_of_another_grid_are_refused(wrapper, clip):
    visual = codec_canvases(clip, canvases=2, max_pixels=20_000)
    with pytest.raises(DataError, match=r"its pictures have TokenGrid\(side=28, merge=2"):
        wrapper.pictures(question(Media(clip)), visual)


@pytest.mark.parametrize("size", [16.0, "14", 70])
def test_vllm_is_refused_for_invalid_sizes(tmp_path, size):
    config = {"vision_config": {"patch_size": size}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"vision_config.patch_size is .* instead of 14"):
        check_architecture(tmp_path)


def test_canvas_grid_of_other_models_is_the_default_one(tmp_path):
    """Frames are matched to canvases, whose size must not depend on who receives the frames."""
    from model_wrappers.vllm.options import VLLMOptions
    from model_wrappers.vllm.wrapper import VLLM

    config = {"model_type": "qwen3_vl", "vision_config": {"patch_size": 16}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    served = VLLM(VLLMOptions(checkpoint=str(tmp_path)))
    assert served.token_grid.side == 32
    assert served.canvas_grid == TokenGrid()
