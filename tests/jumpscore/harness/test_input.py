from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

import jumpscore
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.config import InputConfig
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question, Response, Usage
from jumpscore.video import TokenGrid, codec_canvases, match_budgets
from jumpscore.video.prepared.cache import InputCache
from jumpscore.video.prepared.folders import folder_name, write_prepared
from model_wrappers.base import ModelWrapper
from tests.support import write_video


class Sees(ModelWrapper):
    """Records its inputs and reports their tokens, less ``lost``."""

    name = "sees"
    inputs = ("frames", "codec")

    def __init__(self, source="measured", lost=0):
        super().__init__()
        self.seen = {}
        self.source, self.lost = source, lost

    def generate(self, requests):
        responses = []
        for request in requests:
            visual = request.visual
            self.seen[request.question.id] = visual
            fed = len(visual.pixels) * visual.width * visual.height // 784 - self.lost
            usage = Usage(visual=fed, visual_source=self.source)
            responses.append(Response(request.question.id, "[0.5]", usage=usage))
        return responses


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip.mp4", frames=80, size=(168, 112))


def question(path) -> Question:
    return Question("a", (Media(path),), "When?")


def run(model, tiny_set, runs, **input):
    return jumpscore.evaluate(
        model,
        "jumpscore",
        task_options={"data": str(tiny_set)},
        input=input,
        run={"folder": runs},
    )


class TestPrepare:
    def test_prepare_canvases(self, video):
        visual = InputPlan("codec", InputConfig(kind="codec", count=6)).prepare(question(video))
        assert visual.fingerprint == codec_canvases(video, canvases=6).fingerprint

    def test_prepare_default_count(self, video):
        for kind in ("frames", "codec"):
            assert len(InputPlan(kind, InputConfig()).prepare(question(video)).blocks) == 32

    def test_prepare_both_arms_of_a_budget(self, video):
        config = InputConfig(tokens=300)
        arms = match_budgets(video, visual_tokens=300)
        frames = InputPlan("frames", config).prepare(question(video))
        canvases = InputPlan("codec", config).prepare(question(video))
        assert frames.fingerprint == arms.frames.fingerprint
        assert canvases.fingerprint == arms.canvases.fingerprint

    @pytest.mark.parametrize(
        ("matching", "budget"),
        [("visual", 24), ("visual", 101), ("total", 101), ("total", 400)],
    )
    def test_prepare_arms_of_equal_picture_size(self, video, matching, budget):
        """168x112 pixels within 7056 in whole squares of 28: 84x56, 6 tokens a picture."""
        config = InputConfig(tokens=budget, matching=matching, max_pixels=7056)
        arms = [InputPlan(kind, config).prepare(question(video)) for kind in ("frames", "codec")]
        assert {(arm.width, arm.height) for arm in arms} == {(84, 56)}
        frames, canvases = (len(arm.blocks) for arm in arms)
        if matching == "visual":
            assert canvases == budget // 6
            assert frames == canvases - canvases % 2
        else:  # a canvas has more stamps than a frame: it costs more
            assert canvases < frames
            spent = [arm.total_tokens for arm in arms]
            assert spent[0] <= spent[1] <= budget

    @pytest.mark.parametrize("config", [{"count": 5}, {"tokens": 60}])
    def test_prepare_frames_on_disk(self, video, tmp_path, config):
        """The pictures are those that would be decoded, with the grid and stamps of the model."""
        wrapper = Sees()
        wrapper.token_grid = TokenGrid(side=32, frames=2)
        plain = InputPlan("frames", InputConfig(**config), wrapper=wrapper).prepare(question(video))
        wrapper.frames_on_disk = True
        cache = InputCache(tmp_path / "cache")
        plan = InputPlan("frames", InputConfig(**config), cache, wrapper=wrapper)
        for again in (False, True):
            visual = plan.prepare(question(video))
            assert visual.folder is not None
            assert cache.folder in visual.folder.parents
            assert (cache.stats.hits > 0) is again
            assert visual.fingerprint == plain.fingerprint
            assert visual.stamp_texts == plain.stamp_texts
            assert visual.visual_tokens == plain.visual_tokens
            np.testing.assert_array_equal(visual.pixels, plain.pixels)
        # Without a cache, or if the cache has evicted them, they are decoded.
        shutil.rmtree(cache.folder)
        np.testing.assert_array_equal(visual.changed(notes=()).pixels, plain.pixels)
        assert replace(plan, cache=None).prepare(question(video)).folder is None

    def test_prepare_decimals(self, video):
        config = InputConfig(kind="frames", count=4, decimals=2)
        assert (
            InputPlan("frames", config).prepare(question(video)).stamp_texts[0] == "<0.00 seconds>"
        )

    def test_prepare_canvases_of_another_tool(self, video, tmp_path):
        folder = tmp_path / "made"
        canvases = codec_canvases(video, canvases=5)
        write_prepared(canvases, folder / folder_name(video))
        config = InputConfig(kind="codec", folder=folder)
        visual = InputPlan("codec", config).prepare(question(video))
        np.testing.assert_array_equal(visual.blocks, canvases.blocks)
        assert visual.path == video

    def test_prepare_canvases_of_another_path(self, video, tmp_path):
        folder = tmp_path / "made"
        write_prepared(codec_canvases(video, canvases=5), folder / "clip__0123abcd")
        config = InputConfig(kind="codec", folder=folder)
        assert len(InputPlan("codec", config).prepare(question(video)).blocks) == 5
        write_prepared(codec_canvases(video, canvases=4), folder / "clip__89abcdef")
        with pytest.raises(DataError, match=r"found 2 folders .* of clip\.mp4, expected one"):
            InputPlan("codec", config).prepare(question(video))

    def test_prepare_missing_canvases(self, video, tmp_path):
        config = InputConfig(kind="codec", folder=tmp_path)
        with pytest.raises(
            DataError, match="found 0 folders clip__<8 hex digits> with the canvases of"
        ):
            InputPlan("codec", config).prepare(question(video))

    def test_prepare_uses_the_cache(self, video, tmp_path):
        cache = InputCache(tmp_path / "cache")
        config = InputConfig(kind="codec", count=6)
        first = InputPlan("codec", config, cache).prepare(question(video))
        again = InputPlan("codec", config, cache).prepare(question(video))
        assert (cache.stats.stored, cache.stats.hits) == (1, 1)
        assert "pixels" not in again.__dict__, "a request travels light"
        np.testing.assert_array_equal(again.pixels, first.pixels)
        assert again.fingerprint == codec_canvases(video, canvases=6).fingerprint


class Trained(Sees):
    """Was trained with small pictures."""

    def default_input(self, kind):
        return {"count": 6, "max_pixels": 3136, "decimals": 2}


class TestDefaults:
    def shown(self, tiny_set, runs, **input):
        model = Trained()
        stored = run(model, tiny_set, runs, **input)
        return model.seen["clip0"], stored.record

    def test_resolve_records_the_defaults(self, tiny_set, tmp_path):
        visual, record = self.shown(tiny_set, tmp_path)
        assert (len(visual.blocks), visual.width * visual.height <= 3136) == (6, True)
        assert visual.stamp_texts[0] == "<0.00 seconds>"
        for input in (record.identity.input.model_dump(), record.config.input):
            assert (input["count"], input["max_pixels"], input["decimals"]) == (6, 3136, 2)

    def test_resolve_configured_amount_replaces_the_default(self, tiny_set, tmp_path):
        visual, record = self.shown(tiny_set, tmp_path, kind="frames", fps=1, decimals=1)
        assert record.identity.input.model_dump()["count"] is None
        assert visual.width * visual.height <= 3136
        assert visual.stamp_texts[0] == "<0.0 seconds>"

    def test_filled_keeps_sizes_of_the_amount(self):
        usual = {"count": 6, "max_pixels": 3136}
        for input in (
            InputConfig(tokens=400, matching="as_published"),
            InputConfig(kind="codec", folder="made"),
        ):
            assert input.filled(usual) == input

    def test_filled_without_defaults(self):
        input = InputConfig(count=3)
        assert input.filled({}) is input
        assert input.filled({"count": 9}) is input

    def test_filled_unknown_field(self):
        with pytest.raises(UsageError, match=r"input\.cont"):
            InputConfig().filled({"cont": 3})


class TestEvaluate:
    def test_evaluate_passes_canvases(self, tiny_set, tmp_path):
        model = Sees()
        result = run(model, tiny_set, tmp_path, kind="codec", count=4).result
        assert result.counts["ok"] == 3
        assert {visual.kind for visual in model.seen.values()} == {"codec"}

    def test_evaluate_measured_tokens_differ_from_plan(self, tiny_set, tmp_path):
        stored = run(Sees(lost=1), tiny_set, tmp_path, kind="frames", count=4)
        assert stored.result.counts["error"] == 3
        assert (
            "received 15 visual tokens instead of the planned 16" in stored.responses["clip0"].error
        )

    def test_evaluate_accepts_derived_token_counts(self, tiny_set, tmp_path):
        stored = run(Sees("derived", lost=1), tiny_set, tmp_path, kind="frames", count=4)
        assert stored.result.counts["ok"] == 3

    def test_evaluate_budget_too_small(self, tiny_set, tmp_path):
        stored = run(Sees(), tiny_set, tmp_path, kind="codec", tokens=2)
        assert stored.result.counts["error"] == 3
        assert "a budget of 2 tokens is too small" in stored.responses["clip0"].error


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ({"kind": "codec", "fps": 2}, "fps needs kind=frames, not codec"),
        ({"kind": "frames", "folder": "x"}, "folder needs kind=codec, not frames"),
        ({"count": 4, "tokens": 100}, "either count or tokens"),
        ({"matching": "total"}, "matching=total needs tokens"),
        ({"tokens": 100, "min_pixels": 784}, "min_pixels cannot be combined with tokens"),
        (
            {"tokens": 100, "max_pixels": 784, "matching": "as_published"},
            "cannot be combined with matching=as_published",
        ),
        ({"folder": "x", "max_pixels": 784}, "max_pixels cannot be combined with folder"),
        ({"kind": "none", "tokens": 100}, "tokens needs kind=frames or codec, not none"),
        ({"kind": "codec", "decimals": 9}, "decimals"),
        ({"kind": "codec", "backend": "magic"}, "backend"),
    ],
)
def test_evaluate_refuses_contradicting_options(tiny_set, tmp_path, input, message):
    with pytest.raises(UsageError, match=message):
        run(Sees(), tiny_set, tmp_path, **input)


def test_evaluate_refuses_options_of_another_kind(tiny_set, tmp_path):
    with pytest.raises(UsageError, match=r"takes input=frames, and input\.folder needs"):
        run(Sees(), tiny_set, tmp_path, folder=str(tmp_path))


@pytest.mark.parametrize("kind", ["frames", "codec"])
def test_prepare_refuses_ignored_media(video, kind):
    both = Question("a", (Media(video), Media(video), Media(video, "image")), "When?")
    with pytest.raises(
        DataError, match="needs exactly one video, and the question has 2 videos and 1 images"
    ):
        InputPlan(kind, InputConfig()).prepare(both)
