from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import DataError, UsageError
from jumpscore.harness.factory import make_model
from jumpscore.records import Media, Question
from jumpscore.video import TokenGrid, match_budgets, uniform_frames
from model_wrappers import MODELS
from model_wrappers.families import MOLMO2
from model_wrappers.transformers.molmo2 import _patches, pooled_patches

RELEASED = {
    "model_type": "molmo2",
    "vit_config": {"image_default_input_size": [378, 378], "image_patch_size": 14},
}
"""The parts of the released ``config.json`` about pictures, in its own names."""


@pytest.fixture(scope="module")
def wrapper(tmp_path_factory):
    pytest.importorskip("transformers", minversion=MOLMO2.since)
    from tests.tiny_baselines import write_molmo2

    folder = write_molmo2(tmp_path_factory.mktemp("molmo2") / "tiny")
    return make_model("molmo2", {"checkpoint": str(folder), "max_new_tokens": 4})


def folder_with(path: Path, config: dict, **files: dict) -> Path:
    path.mkdir()
    for name, settings in {"config": config, **files}.items():
        (path / f"{name}.json").write_text(json.dumps(settings))
    return path


def test_grid_of_released_settings(tmp_path):
    video = {"pooling_size": [3, 3]}
    stored = folder_with(tmp_path / "own", RELEASED, video_preprocessor_config=video)
    nested = folder_with(
        tmp_path / "nested", RELEASED, processor_config={"video_processor": video},
        preprocessor_config={"pooling_size": [2, 2]},  # of images
    )  # fmt: skip
    default = folder_with(tmp_path / "default", {"vision_config": {}})
    for folder in (stored, nested, default):
        assert MOLMO2.grid_in(folder) == MOLMO2.grid
    assert (378 // MOLMO2.grid.side) ** 2 == 81  # tokens of a frame


@pytest.mark.parametrize("pooling", [[2, 2], [3, 1], "?", [0, 0]])
def test_grid_of_unsupported_pooling(tmp_path, pooling):
    settings = {"pooling_size": pooling}
    folder = folder_with(tmp_path / "odd", RELEASED, video_preprocessor_config=settings)
    with pytest.raises(DataError, match="no valid token grid"):
        MOLMO2.grid_in(folder)


def test_open_with_older_transformers(wrapper, monkeypatch):
    model = MODELS.get("molmo2")
    older = model(wrapper.options)
    monkeypatch.setattr("transformers.CONFIG_MAPPING", {})
    with pytest.raises(UsageError, match=r"needs transformers 5\.20 or later, but .* installed"):
        older.open()


def test_options_without_system_turn():
    with pytest.raises(UsageError, match="no system turn"):
        make_model("molmo2", {"system": "You count."})


def test_placement_without_flash_attention(wrapper):
    model = MODELS.get("molmo2")
    options = wrapper.options.model_copy(update={"attention": "flash_attention_2"})
    with pytest.raises(UsageError, match="not supported by this model"):
        model(options).placement  # noqa: B018


def test_planned_tokens_equal_the_prompt(wrapper, clip):
    """Every time costs its digits, a space on both sides, and two markers."""
    question = Question("a", (Media(clip),), "When?")
    plain = len(wrapper.prepare(question, None).payload.ids)
    for count, decimals in ((2, 1), (6, 2)):
        visual = uniform_frames(clip, count=count, grid=wrapper.token_grid)
        visual = visual.changed(decimals=decimals)
        ids = wrapper.prepare(question, visual).payload.ids
        first_space = 1  # that the first time does not have
        assert len(ids) == plain + visual.total_tokens - first_space


def test_match_budgets_counts_bare_times(clip):
    grid = TokenGrid(side=28, size=(56, 56), stamp=MOLMO2.grid.stamp)
    arms = match_budgets(clip, visual_tokens=300, matching="total", grid=grid)
    frames = arms.frames
    # Four tokens, and " 1.25 " with two markers.
    assert frames.total_tokens == len(frames.blocks) * (4 + 4 + 2 + 2)
    assert 0.9 * arms.canvases.total_tokens < frames.total_tokens <= arms.canvases.total_tokens


def test_trace_stamps(wrapper, clip):
    visual = uniform_frames(clip, count=2, grid=wrapper.token_grid)
    request = wrapper.prepare(Question("a", (Media(clip),), "At 0.5 s?"), visual)
    text = wrapper.tokenizer.decode(request.payload.ids)
    assert tuple(wrapper.stamp_pattern.findall(text)) == visual.stamp_texts


def test_image_pictures_text(wrapper):
    """One image: the whole one in 2 x 3 tokens, its crops in 1 x 2; two images are numbered."""
    processed = {"pixel_values": 0, "image_token_pooling": 0, "image_grids": [[2, 3, 1, 2]]}
    pictures = wrapper.image_pictures(processed)
    assert wrapper.pictures_text(pictures) == (
        "<low_res_im_start><im_patch><im_end><im_start><im_patch><im_col><im_end>"
    )
    assert [tokens for _, tokens, _ in pictures.runs] == [6, 2]
    pictures = wrapper.image_pictures({**processed, "image_grids": [[1, 1, 2, 1]] * 2})
    one = "<low_res_im_start><im_patch><im_end><im_start>" + "<im_patch><im_col>" * 2 + "<im_end>"
    assert wrapper.pictures_text(pictures) == f"Image 1{one}Image 2{one}"


@given(frames=st.integers(1, 3), windows=st.integers(1, 3), pool=st.integers(1, 3))
def test_pooled_patches_positions(frames, windows, pool):
    """Against loops: squares in raster order, and their patches in raster order."""
    side = windows * pool
    expected = [
        [
            frame * side * side + (row * pool + y) * side + column * pool + x
            for y in range(pool)
            for x in range(pool)
        ]
        for frame in range(frames)
        for row in range(windows)
        for column in range(windows)
    ]
    assert pooled_patches(frames, side, pool=pool).tolist() == expected


def test_patches_order():
    """Against slices: patches in raster order, and the channels of a pixel are adjacent."""
    pictures = np.random.default_rng(0).random((2, 3, 6, 4))
    expected = [
        [
            picture[:, top : top + 2, left : left + 2].transpose(1, 2, 0).ravel()
            for top in range(0, 6, 2)
            for left in range(0, 4, 2)
        ]
        for picture in pictures
    ]
    assert np.array_equal(_patches(torch.from_numpy(pictures), 2).numpy(), np.array(expected))
