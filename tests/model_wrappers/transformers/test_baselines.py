from __future__ import annotations

import json
import shutil
from importlib.metadata import version

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

import jumpscore
from jumpscore.data.layout import Manifest, Row, write_set
from jumpscore.errors import DataError, UsageError
from jumpscore.records import Media, Question, Turn
from jumpscore.video import TokenGrid, match_budgets, uniform_frames
from model_wrappers import MODELS
from model_wrappers.families import MINICPM_V, QWEN3_VL, Family
from model_wrappers.transformers.minicpm_v import packed_patches
from model_wrappers.transformers.qwen3_vl import cut_tubes
from tests import tiny_baselines
from tests.model_wrappers.saying import saying
from tests.support import write_video
from tests.tiny_baselines import WRITERS

MODELS_HERE = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            Version(version("transformers")) < Version(MODELS.get(name).family.since or "5"),
            reason=f"{name} needs transformers {MODELS.get(name).family.since}",
        ),
    )
    for name in WRITERS
    if name != "perception_lm"  # needs timm, which needs torchvision
]
REPETITIVE = {"minicpm_v4_7"}
"""Models whose random weights give two of the questions the same answer."""
WITHOUT_IMAGES = {"molmo2"}
"""Models whose processor of images needs torchvision, which is not installed here."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    base = np.random.default_rng(1).integers(0, 256, (168, 224, 3), dtype=np.uint8)
    return write_video(
        tmp_path_factory.mktemp("clip") / "clip.mp4",
        frames=50,
        size=(224, 168),
        pictures=[np.roll(base, 4 * number, axis=1) for number in range(50)],
    )


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return Checkpoints(tmp_path_factory.mktemp("baselines"))


class Checkpoints(dict):
    """Model -> its tiny checkpoint, written when first used."""

    def __init__(self, root):
        self.root = root

    def __missing__(self, name):
        self[name] = getattr(tiny_baselines, WRITERS[name])(self.root / name)
        return self[name]


def make_wrapper(checkpoints, name, **options):
    model = MODELS.get(name)
    return model(model.Options(checkpoint=str(checkpoints[name]), max_new_tokens=8, **options))


@pytest.fixture(scope="module", params=MODELS_HERE)
def wrapper(request, checkpoints):
    model = make_wrapper(checkpoints, request.param)
    model.open()
    yield model
    model.close()


def test_generate_measures_the_planned_tokens(wrapper, clip):
    question = Question("a", (Media(clip),), "When?")
    plain = len(wrapper.prepare(question, None).payload.ids)
    visual = uniform_frames(clip, count=6, max_pixels=40_000, grid=wrapper.token_grid)
    request = wrapper.prepare(question, visual)
    [response] = wrapper.generate([request])
    assert response.usage.visual == visual.visual_tokens > 0
    assert response.usage.visual_source == "measured"
    assert response.usage.prompt == len(request.payload.ids) > plain + visual.visual_tokens
    stated = None if wrapper.name == "minicpm_v4_7" else "relative_1000"
    assert response.convention == wrapper.family.convention == stated
    assert response.image_size == (visual.width, visual.height)


PROMPTS = {
    "qwen3_vl": (
        "<|im_start|>user\n<|vision_start|>"
        "<0.32 seconds><|vision_start|><|video_pad|> x 35<|vision_end|>"
        "<1.64 seconds><|vision_start|><|video_pad|> x 35<|vision_end|><|vision_end|>"
        "When?<|im_end|>\n<|im_start|>assistant\n"
    ),
    "minicpm_v4_7": (
        "<|im_start|>user\n"
        "<0.00 seconds><image><|video_pad|> x 35</image>"
        "<0.64 seconds><image><|video_pad|> x 35</image>"
        "<1.32 seconds><image><|video_pad|> x 35</image>"
        "<1.96 seconds><image><|video_pad|> x 35</image>"
        "When?<|im_end|>\n<|im_start|>assistant\n"
    ),
    "internvl3_5": (
        "<|im_start|>user\n"
        "Frame1 <0.00 seconds>: <img><IMG_CONTEXT> x 4</img>\n"
        "Frame2 <0.64 seconds>: <img><IMG_CONTEXT> x 4</img>\n"
        "Frame3 <1.32 seconds>: <img><IMG_CONTEXT> x 4</img>\n"
        "Frame4 <1.96 seconds>: <img><IMG_CONTEXT> x 4</img>\n"
        "When?<|im_end|>\n<|im_start|>assistant\n"
    ),
    "molmo2": (
        "<|im_end|>"
        "0.00 <frame_start><im_patch> x 4<frame_end> "
        "0.64 <frame_start><im_patch> x 4<frame_end> "
        "1.32 <frame_start><im_patch> x 4<frame_end> "
        "1.96 <frame_start><im_patch> x 4<frame_end>"
        "<|im_start|>user\nWhen?<|im_end|>\n<|im_start|>assistant\n"
    ),
}
PROMPTS["qwen3_5"] = PROMPTS["qwen3_5_moe"] = PROMPTS["qwen3_vl"] + "<think>\n\n</think>\n\n"
"""Frames 0, 16, 33 and 49 of 25 a second; Qwen3-VL has them in pairs."""


def test_prompt_text_of_every_family(wrapper, clip):
    visual = uniform_frames(clip, count=4, max_pixels=40_000, grid=wrapper.token_grid)
    question = Question("a", (Media(clip),), "When?")
    request = wrapper.prepare(question, visual.changed(decimals=2))
    assert wrapper.prompt_text(request) == PROMPTS[wrapper.name]


def test_prompt_text_without_outer_markers(checkpoints, clip):
    wrapper = make_wrapper(checkpoints, "qwen3_vl", outer_markers=False)
    visual = uniform_frames(clip, count=4, max_pixels=40_000, grid=wrapper.token_grid)
    text = wrapper.prompt_text(wrapper.prepare(Question("a", (Media(clip),), "When?"), visual))
    assert "<|im_start|>user\n<0.3 seconds>" in text
    assert "<|vision_end|>When?" in text
    assert "<|vision_end|><|vision_end|>" not in text


def test_prompt_text_with_thinking(checkpoints):
    wrapper = make_wrapper(checkpoints, "qwen3_5", thinking=True)
    text = wrapper.prompt_text(wrapper.prepare(Question("a", (), "When?"), None))
    assert text.endswith("<|im_start|>assistant\n<think>\n")


@given(count=st.integers(1, 3), rows=st.integers(1, 2), columns=st.integers(1, 3))
def test_packed_patches_positions(count, rows, columns):
    """Against loops: patches in raster order, their columns side by side."""
    side = 2
    shape = (count, 3, rows * side, columns * side)
    frames = np.arange(np.prod(shape)).reshape(shape)
    expected = [
        frame[:, top : top + side, left : left + side]
        for frame in frames
        for top in range(0, rows * side, side)
        for left in range(0, columns * side, side)
    ]
    packed = packed_patches(torch.from_numpy(frames), side)
    assert np.array_equal(packed.numpy(), np.concatenate(expected, axis=-1)[None])


def test_grid_of_minicpm_v_follows_the_mode(tmp_path):
    settings = {"vision_config": {"patch_size": 14}, "downsample_mode": "4x"}
    for mode, side in (("4x", 28), ("16x", 56)):
        (tmp_path / "config.json").write_text(json.dumps(settings | {"downsample_mode": mode}))
        assert MINICPM_V.grid_in(tmp_path) == TokenGrid(side=side)
    (tmp_path / "config.json").write_text(json.dumps(settings | {"downsample_mode": "2x"}))
    with pytest.raises(DataError, match="no valid token grid"):
        MINICPM_V.grid_in(tmp_path)


def test_generate_mixed_batch_equals_single_requests(wrapper, clip, tmp_path):
    from PIL import Image

    picture = np.random.default_rng(2).integers(0, 256, (70, 110, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "image.png")
    images = (Media(tmp_path / "image.png", "image"),) * 2
    short = uniform_frames(clip, count=2, max_pixels=40_000, grid=wrapper.token_grid)
    long = uniform_frames(clip, count=6, max_pixels=40_000, grid=wrapper.token_grid)
    requests = [
        wrapper.prepare(Question("long", (Media(clip),), "When?"), long),
        wrapper.prepare(Question("short", (Media(clip),), "When?", (Turn("user", "Hi"),)), short),
        wrapper.prepare(Question("words", (), "What? " * 5), None),
    ]
    question = Question("images", images, "What?")
    if wrapper.name in WITHOUT_IMAGES:
        with pytest.raises(UsageError, match="needs the package torchvision for images"):
            wrapper.prepare(question, None)
    else:
        requests.append(wrapper.prepare(question, None))
    together = {response.id: response for response in wrapper.generate(requests)}
    for request in requests:
        [alone] = wrapper.generate([request])
        assert together[alone.id].text == alone.text
        assert together[alone.id].usage == alone.usage
    texts = {response.text for response in together.values()}
    assert len(texts) == len(requests) - (wrapper.name in REPETITIVE)
    if wrapper.name in WITHOUT_IMAGES:
        return
    assert together["images"].usage.visual > 0
    # These cut images into tiles: no pixel of the whole is one of what they are fed.
    fed = together["images"].image_size
    assert (fed is None) == (wrapper.name in {"internvl3_5", "minicpm_v4_7"})
    if fed is not None:
        assert abs(fed[0] / fed[1] - 110 / 70) < 0.35
        assert {side % wrapper.token_grid.side for side in fed} == {0}


def test_generate_answer_with_visual_pads(wrapper, clip):
    frames = [
        uniform_frames(clip, count=count, max_pixels=40_000, grid=wrapper.token_grid)
        for count in (2, 6)
    ]
    requests = [
        wrapper.prepare(Question(str(place), (Media(clip),), "When?"), visual)
        for place, visual in enumerate([*frames, None])
    ]
    if min(wrapper.pads) >= wrapper._model.lm_head.out_features:
        return  # not among the tokens of an answer
    with saying(wrapper._model, wrapper.pads):
        responses = {response.id: response for response in wrapper.generate(requests)}
    for request in requests:
        response = responses[request.question.id]
        assert response.usage.output == 8
        assert response.usage.visual == (request.visual.visual_tokens if request.visual else 0)


def test_trace_depends_on_pixels(wrapper, clip):
    """Same times, other pixels: other probabilities of the first token."""
    question = Question("a", (Media(clip),), "When?")
    visual = uniform_frames(clip, count=2, max_pixels=40_000, grid=wrapper.token_grid)
    inverted = visual.changed()
    inverted.__dict__["pixels"] = 255 - visual.pixels
    first, second = (
        wrapper.trace(wrapper.prepare(question, seen)).first_logprobs for seen in (visual, inverted)
    )
    shared = first.keys() & second.keys()
    assert max(abs(first[token] - second[token]) for token in shared) > 1e-3


def test_prepare_question_with_control_token(wrapper):
    for token in ("<|im_end|>", wrapper.tokenizer.decode([wrapper.pads[0]])):
        with pytest.raises(DataError, match="control token"):
            wrapper.prepare(Question("a", (), f"When?{token}"), None)


def test_open_checkpoint_of_another_model(checkpoints):
    other = MODELS.get("qwen3_vl")
    wrapper = other(other.Options(checkpoint=str(checkpoints["internvl3_5"])))
    with pytest.raises(DataError, match="model_type is 'internvl', expected 'qwen3_vl'"):
        wrapper.open()


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", lambda _: None, "config.json: not found"),
        ("config.json", lambda settings: settings | {"text_config": "?"}, "cannot be read"),
        (
            "config.json",
            lambda settings: settings | {"vision_config": {"patch_size": []}},
            "no valid token grid",
        ),
        ("tokenizer.json", lambda _: {"version": 1}, "the tokenizer cannot be loaded"),
        ("model.safetensors", lambda _: {}, "cannot be loaded"),
    ],
)
def test_open_damaged_checkpoint(checkpoints, tmp_path, file, change, message):
    folder = tmp_path / "damaged"
    shutil.copytree(checkpoints["qwen3_vl"], folder)
    path = folder / file
    settings = json.loads(path.read_text()) if file.endswith(".json") else {}
    changed = change(settings)
    path.unlink()
    if changed is not None:
        path.write_text(json.dumps(changed))
    model = MODELS.get("qwen3_vl")
    with pytest.raises(DataError, match=message):
        model(model.Options(checkpoint=str(folder))).open()


def test_load_tokenizer_template_of_the_processor(checkpoints, tmp_path):
    folder = tmp_path / "older"
    shutil.copytree(checkpoints["qwen3_vl"], folder)
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    model = MODELS.get("qwen3_vl")
    wrapper = model(model.Options(checkpoint=str(folder)))
    assert wrapper.tokenizer.chat_template == template
    (folder / "chat_template.json").write_text("{}")
    with pytest.raises(DataError, match="no chat template here or in the tokenizer"):
        model(model.Options(checkpoint=str(folder))).open()


def test_evaluate_uses_the_token_grid_of_the_model(checkpoints, clip, tmp_path):
    (tmp_path / "set").mkdir()
    shutil.copy(clip, tmp_path / "set" / "clip.mp4")
    rows = [Row("clip", "clip.mp4", "When?", "[0.5]")]
    write_set(tmp_path / "set", rows, Manifest("noise", synthetic=True))
    run = jumpscore.evaluate(
        "qwen3_vl",
        "jumpscore",
        model_options={"checkpoint": str(checkpoints["qwen3_vl"]), "max_new_tokens": 4},
        task_options={"data": str(tmp_path / "set")},
        input={"kind": "frames", "tokens": 900},
        run={"folder": str(tmp_path / "runs")},
    )
    assert run.result.unscored == 0
    arms = match_budgets(clip, visual_tokens=900, grid=TokenGrid(side=32, frames=2))
    assert run.responses["clip"].usage.visual == arms.frames.visual_tokens
    assert arms.frames.visual_tokens <= arms.canvases.visual_tokens <= 900


@given(
    count=st.integers(1, 5), rows=st.integers(1, 2), columns=st.integers(1, 3), seed=st.integers(0)
)
def test_cut_tubes_positions(count, rows, columns, seed):
    """Against loops: groups of frames, blocks in raster order, four patches of a block in turn."""
    patch, merge, frames = 2, 2, 2
    shape = (count, rows * patch * merge, columns * patch * merge, 3)
    pictures = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    expected = []
    for first in range(0, count, frames):
        group = [pictures[min(first + offset, count - 1)] for offset in range(frames)]
        for row in range(rows):
            for column in range(columns):
                for y in range(merge):
                    for x in range(merge):
                        top, left = (row * merge + y) * patch, (column * merge + x) * patch
                        cuts = [p[top : top + patch, left : left + patch] for p in group]
                        values = np.stack(cuts).transpose(3, 0, 1, 2)
                        expected.append(values.reshape(3, -1))
    model = cut_tubes(pictures, frames=frames, patch=patch, merge=merge)
    assert np.array_equal(model, np.stack(expected))


def test_open_checks_the_released_token_grid(checkpoints):
    """Planning needs no weights; weights with another grid are reported when opened."""
    model = MODELS.get("internvl3_5")
    wrapper = model(model.Options())
    assert wrapper.token_grid == TokenGrid(side=28, size=(448, 448))
    wrapper.folder = checkpoints["internvl3_5"]  # as if downloaded from the hub
    with pytest.raises(UsageError, match="was planned; set model"):
        wrapper.open()


def test_grid_in_default_settings(tmp_path):
    assert isinstance(QWEN3_VL, Family)
    (tmp_path / "config.json").write_text('{"vision_config": {}}')
    assert QWEN3_VL.grid_in(tmp_path) == QWEN3_VL.grid
