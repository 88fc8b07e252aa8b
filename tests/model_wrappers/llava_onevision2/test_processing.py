from __future__ import annotations

import numpy as np
import pytest
import torch

from jumpscore.errors import UsageError
from jumpscore.records import Media, Question
from jumpscore.video import codec_canvases, uniform_frames
from model_wrappers.llava_onevision2.inputs import frame_pictures
from model_wrappers.llava_onevision2.processing import (
    LlavaOnevision2Processor,
    LlavaOnevision2VideoProcessor,
)
from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options

IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"


@pytest.fixture(scope="module")
def processor(tiny):
    return LlavaOnevision2Processor.from_pretrained(tiny)


@pytest.fixture(scope="module")
def wrapper(tiny):
    return LlavaOnevision2(LlavaOnevision2Options(checkpoint=str(tiny), system="Be brief."))


def chat(content):
    return (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
        f"{content}<|im_end|>\n<|im_start|>assistant\n"
    )


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_processor_canvases_equal_the_harness(processor, wrapper, clip):
    inputs = processor(text=chat(f"{VIDEO}When?"), videos=str(clip), video_backend="codec")
    visual = codec_canvases(clip, canvases=32).changed(decimals=1)
    prompt = wrapper.prepare(Question("a", (Media(clip),), "When?"), visual).payload
    assert inputs["input_ids"][0].tolist() == prompt.ids.tolist()
    assert inputs["image_grid_thw"].tolist() == prompt.pictures.grid.tolist()
    assert np.array_equal(inputs["patch_positions"], prompt.pictures.positions)
    assert inputs["pixel_values"].dtype == torch.float32
    assert inputs["codec_fps"] == [25.0]


def test_processor_frames_have_source_positions(processor, wrapper, clip):
    inputs = processor(text=chat(f"{VIDEO}When?"), videos=[clip])
    visual = uniform_frames(clip, count=4, min_pixels=3136)
    prompt = wrapper.prepare(Question("a", (Media(clip),), "When?"), visual).payload
    assert inputs["input_ids"][0].tolist() == prompt.ids.tolist()
    expected = frame_pictures(visual, positions="source").positions
    assert np.array_equal(inputs["patch_positions"], expected)
    assert "codec_fps" not in inputs


def test_processor_pixels_equal_transformers(processor):
    """Resized by bicubic with antialias, normalised, cut into patches in block order."""
    theirs = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    from PIL import Image

    make = theirs.Qwen2VLImageProcessorPil(
        temporal_patch_size=1, size={"shortest_edge": 3136, "longest_edge": 1_003_520}
    )
    for height, width in ((84, 112), (100, 333), (30, 40), (1500, 1200)):
        image = Image.fromarray(noise(height, width))
        expected = make(images=[image], return_tensors="pt")
        inputs = processor(images=image, text=IMAGE)
        assert inputs["image_grid_thw"].tolist() == expected["image_grid_thw"].tolist()
        gap = (inputs["pixel_values"] - expected["pixel_values"]).abs().max()
        assert gap < 1e-5


def test_processor_batch_of_images(processor):
    images = [noise(56, 56, 1), noise(84, 56, 2), noise(56, 84, 3)]
    inputs = processor(images=images, text=[f"{IMAGE} one", f"{IMAGE}{IMAGE} two and three"])
    pads = (inputs["input_ids"] == 283).sum(-1)
    assert pads.tolist() == [4, 6 + 6]
    assert inputs["attention_mask"].sum(-1).tolist() == [
        int(pads[0]) + 2 + len(" one"),
        int(pads[1]) + 4 + len(" two and three"),
    ]
    assert inputs["attention_mask"][0, 0] == 0  # padded on the left
    alone = processor(images=images[:1], text=f"{IMAGE} one")
    assert torch.equal(inputs["pixel_values"][:16], alone["pixel_values"])


def test_processor_text_only(processor):
    inputs = processor(text="When?")
    assert set(inputs) == {"input_ids", "attention_mask"}
    assert processor.decode(inputs["input_ids"][0]) == "When?"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": IMAGE}, r"more markers <\|image_pad\|> than there are images"),
        ({"text": VIDEO}, "than there are videos"),
        ({"text": "hm", "images": noise(56, 56)}, "no marker for 1 of the images"),
    ],
)
def test_processor_markers_and_pictures_differ(processor, arguments, message):
    with pytest.raises(UsageError, match=message):
        processor(**arguments)


@pytest.mark.parametrize(("seconds", "count"), [(2, 4), (9, 8), (60, 32)])
def test_video_processor_number_of_frames(tmp_path, seconds, count):
    from tests.support import write_video

    path = write_video(tmp_path / "clip.mp4", frames=seconds * 5, fps=5)
    assert len(LlavaOnevision2VideoProcessor()(path).blocks) == count
    assert len(LlavaOnevision2VideoProcessor()(path, num_frames=6).blocks) == 6
