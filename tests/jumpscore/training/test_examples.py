"""Examples are what a run of the harness feeds, to the byte; mirrored ones are mirrored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jumpscore.builder.jump_rope import load_profile, sample_clips
from jumpscore.data.layout import QUESTION
from jumpscore.records import Media, Question
from jumpscore.training import clips as lessons
from jumpscore.training.cache import store_clip, stored_clips
from jumpscore.training.clips import lesson_specs, make_lesson, person, reserved_people, unreserved
from jumpscore.training.examples import Cut, ExampleMaker
from jumpscore.training.pictures import mirrored_blocks, mirrored_pictures
from jumpscore.training.runs import new_model
from jumpscore.video import codec_canvases, uniform_frames
from model_wrappers.llava_onevision2.checkpoint import save_checkpoint
from model_wrappers.llava_onevision2.inputs import codec_pictures, cut_patches, frame_pictures
from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options
from tests.training_support import small_settings

MAX_PIXELS = 7056
BUDGET = 4


@pytest.fixture(scope="module")
def spec():
    profile = load_profile("small", {"clips": 1})
    return sample_clips(profile, seed=3)[0]


@pytest.fixture(scope="module")
def prepared(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    lesson = make_lesson(spec, folder / "clip.mp4", max_pixels=MAX_PIXELS, rope_every=2)
    return lesson, store_clip(lesson, folder, max_pixels=MAX_PIXELS, budgets=[BUDGET])


@pytest.fixture(scope="module")
def wrapper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_checkpoint(*new_model(small_settings()), folder)
    return LlavaOnevision2(LlavaOnevision2Options(checkpoint=str(folder)))


def visual_of(lesson, kind, count):
    if kind == "codec":
        return codec_canvases(lesson.path, canvases=count, max_pixels=MAX_PIXELS)
    return uniform_frames(lesson.path, count=count, max_pixels=MAX_PIXELS).changed(decimals=2)


@pytest.mark.parametrize(("kind", "count"), [("frames", 768), ("frames", 14), ("codec", BUDGET)])
def test_example_maker_equals_the_wrapper(prepared, wrapper, kind, count):
    lesson, clip = prepared
    visual = visual_of(lesson, kind, count)
    question = Question("q", (Media(lesson.path),), QUESTION)
    fed = wrapper.prepare(question, visual).payload
    example = ExampleMaker(wrapper.tokenizer)(clip, Cut(kind, count=count))
    assert example.ids[: example.answer].tolist() == fed.ids.tolist()
    for name in ("patches", "positions", "grid"):
        expected = getattr(fed.pictures, name)
        np.testing.assert_array_equal(getattr(example.pictures, name), expected, err_msg=name)


def test_example_maker_answer_is_nearest_stamps(prepared, wrapper):
    lesson, clip = prepared
    example = ExampleMaker(wrapper.tokenizer)(clip, Cut("frames", shift=5))
    text = wrapper.tokenizer.decode(example.ids[example.answer : -1])
    answered = [float(word) for word in text.strip("[]").split(",")]
    step = clip.seconds[1]
    assert answered == pytest.approx([round(t / step) * step + 5 * step for t in lesson.events])
    pieces = wrapper.tokenizer.convert_ids_to_tokens(example.ids[example.answer :])
    assert len(pieces) == 3 * len(lesson.events) + 2, pieces
    # The last run's latest event is the last one of the answer.
    hundredths, seconds = example.latest[-1].tolist()
    assert seconds + hundredths / 100 == pytest.approx(answered[-1])


def test_example_maker_labels_follow_tokens(prepared, wrapper):
    _, clip = prepared
    maker = ExampleMaker(wrapper.tokenizer)
    for cut in (Cut("frames"), Cut("codec", count=BUDGET), Cut("codec", count=BUDGET, blind=True)):
        example = maker(clip, cut)
        tokens = len(example.phases)
        assert len(example.happening) == len(example.rope) == tokens
        assert example.pictures is None or tokens == example.pictures.visual_tokens
        # The token before every end of a run is visual, and the end itself is not.
        pad = maker._pad
        assert (example.ids[example.ends - 1] == pad).all()
        assert (example.ids[example.ends] != pad).all()
    whole = maker(clip, Cut("frames"))
    assert whole.happening.sum() == 9 * len(clip.event_frames)


def test_make_lesson_rope_maps(prepared, wrapper):
    _, clip = prepared
    known = clip.rope[:, 0, 0] >= 0
    assert 0.4 < known.mean() < 0.6
    assert 0 < (clip.rope[known] > 0.03).mean() < 0.4
    example = ExampleMaker(wrapper.tokenizer)(clip, Cut("codec", count=BUDGET))
    frame, row, column = example.pictures.positions.T
    expected = clip.rope[frame, row, column]
    np.testing.assert_array_equal(example.rope.reshape(-1), expected)


def test_mirrored_pictures(prepared):
    lesson, clip = prepared
    visual = visual_of(lesson, "frames", 14)
    pictures = frame_pictures(visual)
    rows, columns = clip.grid
    actual = mirrored_pictures(pictures.patches.reshape(14, -1, 588), rows, columns)
    np.testing.assert_array_equal(actual.reshape(-1, 588), cut_patches(visual.pixels[:, :, ::-1]))


def test_mirrored_blocks(prepared):
    lesson, clip = prepared
    pictures = codec_pictures(visual_of(lesson, "codec", BUDGET))
    patches, places = mirrored_blocks(pictures.patches, pictures.positions, columns=clip.grid[1])
    again = mirrored_blocks(patches, places, columns=clip.grid[1])
    np.testing.assert_array_equal(again[0], pictures.patches)
    np.testing.assert_array_equal(again[1], pictures.positions)
    by_place = {tuple(place): patch for place, patch in zip(places.tolist(), patches, strict=True)}
    for place, patch in zip(pictures.positions.tolist(), pictures.patches, strict=True):
        frame, row, column = place
        other = by_place[(frame, row, clip.grid[1] - 1 - column)]
        flipped = patch.reshape(3, 14, 14)[:, :, ::-1]
        np.testing.assert_array_equal(other.reshape(3, 14, 14), flipped)


def test_lesson_specs_exclude_people_of_tests(clips):
    data = small_settings(data={"reserved_clips": 30}).data
    reserved = reserved_people(data)
    tests = sample_clips(load_profile("small", {"clips": 30}), seed=data.reserved[0])
    assert {person(spec) for spec in tests} <= reserved
    assert {person(spec) for spec in sample_clips(load_profile("mini"), seed=0)} <= reserved
    drawn = sample_clips(load_profile("small", {"clips": 60}), seed=data.seed)
    allowed = unreserved(drawn, reserved)
    assert 0 < len(allowed) < 60
    assert not {person(spec) for spec in allowed} & reserved


def test_lesson_specs_exclude_held_out_people(clips):
    settings = small_settings(data={"clips": 60, "held_out": 10, "reserved_clips": 30}).data
    load_profile("small")
    learned, held_out = lesson_specs(settings)
    reserved = reserved_people(settings)
    drawn = sample_clips(load_profile("small", {"clips": 60}), seed=settings.seed)
    people = {person(spec) for spec in held_out}
    # Somebody held out is drawn to learn from too, so that there is a clip to leave out.
    assert people & {person(spec) for spec in drawn}
    assert not people & {person(spec) for spec in learned}
    assert not {person(spec) for spec in [*learned, *held_out]} & reserved
    assert learned
    assert held_out
    stored = [{clip.path.name for clip in stored_clips(folder)} for folder in clips]
    assert not stored[0] & stored[1]


def test_prepare_lessons_cache_folders(tmp_path, monkeypatch):
    prepared = []
    monkeypatch.setattr(
        lessons, "in_processes", lambda _, jobs, *__: prepared.append(len(jobs)) or []
    )

    def folders(**data):
        settings = small_settings(data={"clips": 12} | data).data
        return lessons.prepare_lessons(settings, tmp_path, workers=1)

    base = folders()
    assert folders() == base
    others = [
        folders(**data)
        for data in ({"max_pixels": 28224}, {"clips": 6}, {"reserved_clips": 3}, {"seed": 5})
    ]
    # A renderer that draws otherwise: its bundled sets have other checksums.
    manifest = lessons.bundled_manifest
    monkeypatch.setattr(lessons, "bundled_manifest", lambda n: replace(manifest(n), videos={}))
    others.append(folders())
    assert len({base, *others}) == 6
    assert min(prepared) > 0


def test_lesson_specs_show_both_sides():
    specs = sample_clips(load_profile("small", {"clips": 24}), seed=1)
    right = [60 <= spec.view.yaw <= 120 for spec in specs]
    left = [240 <= spec.view.yaw <= 300 for spec in specs]
    assert sum(right) == sum(left) == 12
