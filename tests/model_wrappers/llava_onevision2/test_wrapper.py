from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import jumpscore
from jumpscore.errors import DataError, UsageError
from jumpscore.records import Media, Question
from jumpscore.video import codec_canvases, uniform_frames
from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options
from tests.model_wrappers.saying import saying


def make_wrapper(tiny, **options):
    return LlavaOnevision2(
        LlavaOnevision2Options(**{"checkpoint": str(tiny), "max_new_tokens": 8, **options})
    )


@pytest.fixture(scope="module")
def wrapper(tiny):
    prepared = make_wrapper(tiny)
    prepared.open()
    yield prepared
    prepared.close()


def question(clip, name="a", prompt="List the jumps."):
    return Question(name, (Media(clip),), prompt)


def test_generate_measures_the_planned_tokens(wrapper, clip):
    plans = [
        codec_canvases(clip, canvases=8, max_pixels=10_000),
        uniform_frames(clip, count=6, max_pixels=10_000),
    ]
    plain = len(wrapper.prepare(question(clip), None).payload.ids)
    for visual in plans:
        request = wrapper.prepare(question(clip), visual)
        assert len(request.payload.ids) == plain + visual.total_tokens
        [response] = wrapper.generate([request])
        assert response.usage.visual == visual.visual_tokens
        assert response.usage.visual_source == "measured"
        assert response.usage.prompt == plain + visual.total_tokens
        assert 0 < response.usage.output <= 8
        assert response.finish_reason in ("stop", "length")
        assert response.seconds > 0


def test_generate_answer_with_image_pads(wrapper, clip):
    """A model may answer with any token; pads in an answer are not pictures."""
    special = ("<|image_pad|>", "<|vision_start|>", "<|video_pad|>", "<|image_pad|>")
    tokens = wrapper.tokenizer.encode("".join(special) + "5", add_special_tokens=False)
    assert len(tokens) == len(special) + 1
    requests = [
        wrapper.prepare(question(clip, "words"), None),
        wrapper.prepare(question(clip, "few"), uniform_frames(clip, count=2, max_pixels=10_000)),
        wrapper.prepare(question(clip, "many"), uniform_frames(clip, count=8, max_pixels=10_000)),
        wrapper.prepare(question(clip, "codec"), codec_canvases(clip, canvases=8)),
    ]
    with saying(wrapper._model, tokens):
        responses = {response.id: response for response in wrapper.generate(requests)}
    for request in requests:
        response = responses[request.question.id]
        assert response.usage.output == 8
        assert response.finish_reason == "length"
        # Only pads of the prompt are visual tokens.
        assert response.usage.visual == (request.visual.visual_tokens if request.visual else 0)
    assert {*"".join(response.text for response in responses.values())} == {"5"}


def test_prompt_text_stamps_follow_policy_and_decimals(wrapper, clip):
    visual = uniform_frames(clip, count=4, max_pixels=10_000)
    texts = []
    for fields in ({"decimals": 3}, {"time_policy": "pts", "decimals": 1}):
        request = wrapper.prepare(question(clip), visual.changed(**fields))
        texts.append(wrapper.tokenizer.decode(request.payload.ids))
    assert "<1.320 seconds>" in texts[0]
    assert "<1.3 seconds>" in texts[1]


def test_generate_any_batch_size(wrapper, clip):
    visuals = [uniform_frames(clip, count=n, max_pixels=10_000) for n in (2, 4, 12)]
    requests = [
        wrapper.prepare(question(clip, str(place)), visual) for place, visual in enumerate(visuals)
    ]
    together = {response.id: response.text for response in wrapper.generate(requests)}
    alone = {r.question.id: wrapper.generate([r])[0].text for r in requests}
    assert together == alone
    assert set(together) == {"0", "1", "2"}


def test_prepare_in_threads(tiny, clip):
    """The pool calls ``prepare`` before anything is loaded, several at a time."""
    fresh = make_wrapper(tiny)
    visual = uniform_frames(clip, count=4, max_pixels=10_000)
    gate = threading.Barrier(4)

    def prepare(number):
        gate.wait()
        return fresh.prepare(question(clip, str(number)), visual).payload.ids.tolist()

    with ThreadPoolExecutor(4) as pool:
        prepared = list(pool.map(prepare, range(4)))
    assert all(ids == prepared[0] for ids in prepared)


def test_prepare_images(wrapper, tmp_path):
    from PIL import Image

    path = tmp_path / "rope.png"
    Image.fromarray(np.zeros((60, 90, 3), np.uint8)).save(path)
    question = Question("a", (Media(path, "image"), Media(path, "image")), "What?")
    [response] = wrapper.generate([wrapper.prepare(question, None)])
    assert response.usage.visual == 2 * (2 * 3)
    # Coordinates in pixels would be those of what it was fed, not of the file.
    assert (response.convention, response.image_size) == ("relative_1000", (84, 56))
    Image.fromarray(np.zeros((60, 150, 3), np.uint8)).save(tmp_path / "wide.png")
    two = Question("b", (Media(path, "image"), Media(tmp_path / "wide.png", "image")), "What?")
    [response] = wrapper.generate([wrapper.prepare(two, None)])
    assert response.image_size is None  # there is no one size
    (tmp_path / "none.png").write_text("no picture")
    with pytest.raises(DataError, match=r"none\.png: cannot be read as an image"):
        wrapper.prepare(Question("a", (Media(tmp_path / "none.png", "image"),), "What?"), None)


def test_prepare_prompt_beyond_the_context(tmp_path, clip):
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    write_tiny(tmp_path / "short", TinyOptions(text={"max_position_embeddings": 128}))
    short = make_wrapper(tmp_path / "short")
    with pytest.raises(DataError, match=r"exceeds the model's limit of 128; lower input"):
        short.prepare(question(clip), uniform_frames(clip, count=12, max_pixels=10_000))


def test_identity_has_weights_and_placement(tiny, tmp_path):
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    one = make_wrapper(tiny).identity()
    assert (one["device"], one["dtype"], one["attention"]) == ("cpu", "float32", "sdpa")
    write_tiny(tmp_path / "other", TinyOptions(seed=9))
    assert (
        make_wrapper(tmp_path / "other").identity()["checkpoint_digest"] != one["checkpoint_digest"]
    )
    moved = shutil.copytree(tiny, tmp_path / "moved")
    assert make_wrapper(moved, batch_size=3).identity() == one
    assert make_wrapper(moved, max_new_tokens=9).identity() != one


def test_identity_changes_with_weights_in_place(tiny):
    import torch

    wrapper = make_wrapper(tiny)
    before = wrapper.identity()
    wrapper.open()
    assert wrapper.identity() == before
    weight = max(wrapper._model.parameters(), key=lambda one: one.numel())
    seen = [before]
    for place in (0, weight.numel() // 2):
        with torch.no_grad():
            weight.view(-1)[place] += 1
        seen.append(wrapper.identity())
    assert len({one.get("weights") for one in seen}) == 3
    wrapper.close()
    assert wrapper.identity() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, r"model\.device='gpu': not a device; use auto, cpu, cuda"),
        ({"attention": "flash_attention_2", "device": "cpu"}, "needs a GPU"),
    ],
)
def test_open_unavailable_options(tiny, options, message):
    with pytest.raises(UsageError, match=message):
        make_wrapper(tiny, **options).open()


def test_open_without_gpu(tiny):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UsageError, match="torch sees no GPU on this machine; use cpu"):
        make_wrapper(tiny, device="cuda").open()


@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_evaluate_and_report(tiny, tiny_set, tmp_path, kind):
    run = jumpscore.evaluate(
        "llava_ov2",
        "jumpscore",
        model_options={"checkpoint": str(tiny), "max_new_tokens": 8, "batch_size": 2},
        task_options={"data": str(tiny_set)},
        input={"kind": kind, "count": 8, "max_pixels": 10_000},
        run={"folder": str(tmp_path)},
    )
    assert run.result.total == 3
    assert run.result.unscored == 0
    for response in run.responses.values():
        assert response.usage.visual_source == "measured"
        assert response.error is None
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts["identity"]["model"]["checkpoint_digest"]
    assert facts["environment"]["checkpoint"] == str(tiny)
    assert {"torch", "transformers"} <= facts["environment"].keys()


def test_evaluate_wrong_checkpoint_asks_nothing(tiny, tiny_set, tmp_path):
    broken = shutil.copytree(tiny, tmp_path / "broken")
    (broken / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors is missing"):
        jumpscore.evaluate(
            "llava_ov2",
            "jumpscore",
            model_options={"checkpoint": str(broken)},
            task_options={"data": str(tiny_set)},
            run={"folder": str(tmp_path / "runs")},
        )


def test_evaluate_unreadable_sample_is_one_error(tiny, tiny_set, tmp_path):
    data = shutil.copytree(tiny_set, tmp_path / "set")
    path = sorted((data / "videos").iterdir())[1]
    path.write_bytes(path.read_bytes()[:2000])
    (data / "manifest.json").unlink()
    run = jumpscore.evaluate(
        "llava_ov2",
        "jumpscore",
        model_options={"checkpoint": str(tiny), "max_new_tokens": 4},
        task_options={"data": str(data)},
        input={"kind": "frames", "count": 4, "max_pixels": 10_000},
        run={"folder": str(tmp_path / "runs")},
    )
    assert run.result.unscored == 1
    assert sum(response.error is None for response in run.responses.values()) == 2
