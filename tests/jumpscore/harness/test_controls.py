"""Controls: own blocks and stamps with another clip's pixels, or another clip altogether."""

from __future__ import annotations

import numpy as np
import pytest

import jumpscore
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.config import InputConfig
from jumpscore.harness.controls import Control, control_of
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question, Response, Sample
from jumpscore.video import VisualInput, codec_canvases, probe, uniform_frames
from jumpscore.video.prepared.cache import InputCache
from jumpscore.video.selection_control import with_pixels_of
from model_wrappers.base import ModelWrapper
from tests.support import read_number, write_video

SIZE = (168, 112)


@pytest.fixture
def own(tmp_path):
    return write_video(tmp_path / "own.mp4", frames=80, fps=25, size=SIZE)


@pytest.fixture
def other(tmp_path):
    """Half as many frames a second, shorter, and of another shape."""
    return write_video(tmp_path / "other.mp4", frames=30, fps=12.5, size=(128, 96))


def question(path, name="a"):
    return Question(name, (Media(path),), "When?")


def samples(*paths):
    return [Sample(question(path, str(i)), None) for i, path in enumerate(paths)]


class TestWithPixelsOf:
    def test_with_pixels_of_frames_at_the_same_times(self, own, other):
        frames = uniform_frames(own, count=8)
        swapped = with_pixels_of(frames, probe(other))
        # 30 frames at 12.5 per second last 2.4 s; then the clip begins again.
        expected = [round((time % 2.4) * 12.5) for time in frames.times]
        numbers = [read_number(picture) for picture in swapped.pixels]
        assert np.abs(np.subtract(numbers, expected)).max() <= 1
        assert numbers != [read_number(picture) for picture in frames.pixels]

    @pytest.mark.parametrize("kind", ["frames", "codec"])
    def test_with_pixels_of_keeps_everything_but_pixels(self, own, other, kind):
        plan = uniform_frames(own, count=8) if kind == "frames" else codec_canvases(own, canvases=4)
        swapped = with_pixels_of(plan, probe(other))
        assert swapped.stamp_texts == plan.stamp_texts
        np.testing.assert_array_equal(swapped.patch_positions, plan.patch_positions)
        assert swapped.visual_tokens == plan.visual_tokens
        assert swapped.pixels.shape == plan.pixels.shape
        assert not np.array_equal(swapped.pixels, plan.pixels)
        assert swapped.fingerprint != plan.fingerprint
        assert any("another video" in note for note in swapped.notes)

    def test_with_pixels_of_the_same_video(self, own):
        """With the clip as its own donor, all pixels stay the same."""
        plan = codec_canvases(own, canvases=4)
        again = with_pixels_of(plan, probe(own))
        assert np.abs(again.pixels.astype(int) - plan.pixels).max() <= 2

    def test_with_pixels_of_keeps_the_positions_of_blocks(self, own, other):
        plan = codec_canvases(own, canvases=4)
        whole = np.flatnonzero((plan.blocks[..., 0] == plan.blocks[:, :1, :1, 0]).all(axis=(1, 2)))
        swapped = with_pixels_of(plan, probe(other))
        time_of = dict(zip(plan.frame_indices, plan.times, strict=True))
        assert len(whole) > 0
        for place in whole:
            time = time_of[int(plan.blocks[place, 0, 0, 0])] % 2.4
            assert abs(read_number(swapped.pixels[place]) - round(time * 12.5)) <= 1

    def test_with_pixels_of_video_that_starts_late(self, own, other):
        late = probe(other)
        frames = uniform_frames(own, count=8)
        early = frames.changed(times=tuple(time - 1.0 for time in frames.times))
        numbers = [read_number(picture) for picture in with_pixels_of(early, late).pixels]
        expected = [round(((time - 1.0) % 2.4) * 12.5) for time in frames.times]
        assert np.abs(np.subtract(numbers, expected)).max() <= 1

    def test_with_pixels_of_refuses_canvases_of_another_tool(self, own, other, tmp_path):
        plan = uniform_frames(own, count=4).changed(path=tmp_path)
        with pytest.raises(DataError, match=r"remove input\.folder"):
            with_pixels_of(plan, probe(other))


class TestControlOf:
    def test_control_of_is_one_cycle_through_all_videos(self, tmp_path):
        paths = [tmp_path / f"{i}.mp4" for i in range(7)]
        control = control_of("pixels", "frames", samples(*paths, *paths), seed=3)
        assert sorted(control.partners) == sorted(control.partners.values()) == sorted(paths)
        assert all(one != two for one, two in control.partners.items())

    def test_control_of_depends_on_the_seed(self, tmp_path):
        data = samples(*(tmp_path / f"{i}.mp4" for i in range(9)))
        one, same, other = (control_of("pixels", "codec", data, seed=s) for s in (1, 1, 2))
        assert one == same
        assert one != other

    def test_control_of_impossible_controls(self, tmp_path):
        data = samples(tmp_path / "a.mp4", tmp_path / "b.mp4")
        assert control_of("none", "video", data, seed=0) is None
        with pytest.raises(UsageError, match=r"needs input=frames or input=codec, not video"):
            control_of("selection", "video", data, seed=0)
        with pytest.raises(UsageError, match="needs two different videos; the data set has 1"):
            control_of("selection", "codec", [*data[:1], *data[:1]], seed=0)
        picture = Question("a", (Media(tmp_path / "a.png", "image"),), "?")
        control = control_of("selection", "codec", data, seed=0)
        with pytest.raises(UsageError, match="the question has no video"):
            control.partner(picture)
        with pytest.raises(UsageError, match="the question has no video"):
            InputPlan("codec", InputConfig(), control=control).prepare(picture)

    def test_control_of_treats_identical_files_as_one_video(self, own, other, tmp_path):
        copy, link = tmp_path / "copy.mp4", tmp_path / "link.mp4"
        copy.write_bytes(own.read_bytes())
        link.symlink_to(own)
        names = [own, copy, link, tmp_path / "x" / ".." / own.name]
        with pytest.raises(UsageError, match="needs two different videos; the data set has 1"):
            control_of("pixels", "codec", samples(*names), seed=0)
        control = control_of("pixels", "codec", samples(*names, other), seed=0)
        assert control.partners == dict.fromkeys(names, other) | {other: own}


class TestInputPlan:
    def test_prepare_pixels_control_is_the_other_clip(self, own, other):
        control = Control("pixels", {own: other, other: own})
        config = InputConfig(kind="frames", count=6)
        visual = InputPlan("frames", config, control=control).prepare(question(own))
        plain = InputPlan("frames", config).prepare(question(other))
        assert visual.fingerprint == plain.fingerprint

    def test_prepare_selection_control_from_the_cache(self, own, other, tmp_path):
        control = Control("selection", {own: other})
        config, cache = InputConfig(kind="codec", count=4), InputCache(tmp_path / "cache")

        def made() -> VisualInput:
            return InputPlan("codec", config, cache, control).prepare(question(own))

        first, again = made(), made()
        bare = InputPlan("codec", config, control=control).prepare(question(own))
        assert again.folder is not None
        assert first.fingerprint == again.fingerprint == bare.fingerprint
        np.testing.assert_array_equal(again.pixels, bare.pixels)
        evicted = made()
        for entry in sorted((tmp_path / "cache").glob("??/*")):
            import shutil

            shutil.rmtree(entry)
        np.testing.assert_array_equal(evicted.pixels, bare.pixels)


class Sees(ModelWrapper):
    """Answers with the mean of what it was shown."""

    name = "sees"
    inputs = ("frames",)

    def identity(self):
        return self.stated()

    def generate(self, requests):
        return [
            Response(r.question.id, f"[{r.visual.pixels.mean():.3f}] {r.visual.path.name}")
            for r in requests
        ]


def written_set(root, lengths):
    rows = []
    for number, frames in enumerate(lengths):
        write_video(root / "videos" / f"{number}.mp4", frames=frames)
        rows.append(Row(f"clip{number}", f"videos/{number}.mp4", QUESTION, "[0.5]"))
    write_set(root, rows, Manifest("counting"))
    return root


def test_evaluate_names_an_unreadable_replacement(tmp_path):
    data = written_set(tmp_path / "set", (20, 30, 40))
    broken = data / "videos" / "1.mp4"
    broken.write_bytes(broken.read_bytes()[:300])
    for control in ("pixels", "selection"):
        run = jumpscore.evaluate(
            Sees(),
            "jumpscore",
            task_options={"data": str(data)},
            input={"count": 4},
            run={"folder": tmp_path, "control": control},
        )
        errors = {score.id: score.message for score in run.scores if score.status == "error"}
        [message] = [text for text in errors.values() if "shows 1.mp4 for" in text]
        assert message.startswith(f"run.control={control} shows 1.mp4 for ")
        assert len(errors) == (1 if control == "pixels" else 2)


def test_evaluate_records_the_control(tmp_path):
    tiny_set = written_set(tmp_path / "set", (50, 60, 70))

    def run(control):
        return jumpscore.evaluate(
            Sees(),
            "jumpscore",
            task_options={"data": str(tiny_set)},
            input={"count": 4},
            run={"folder": tmp_path, "control": control},
        )

    plain, pixels, selection = map(run, ("none", "pixels", "selection"))
    assert len({plain.folder, pixels.folder, selection.folder}) == 3
    assert pixels.record.identity.control == "pixels"
    assert any("another clip" in caveat for caveat in pixels.result.caveats)
    assert any("another clip's pixels" in caveat for caveat in selection.result.caveats)
    names = {i: r.text.split()[1] for i, r in plain.responses.items()}
    assert all(r.text.split()[1] != names[i] for i, r in pixels.responses.items())
    assert all(r.text.split()[1] == names[i] for i, r in selection.responses.items())
    with pytest.raises(UsageError, match="control: selection -> pixels"):
        jumpscore.evaluate(
            Sees(),
            "jumpscore",
            task_options={"data": str(tiny_set)},
            input={"count": 4},
            run={"folder": tmp_path, "name": selection.folder.name, "control": "pixels"},
        )
