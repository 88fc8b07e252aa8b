"""Recipes with several sources of clips, on canvases alone, from the text model of a checkpoint."""

from __future__ import annotations

import shutil
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from jumpscore.builder.jump_rope import load_profile, sample_clips
from jumpscore.conf.settings import stored_settings
from jumpscore.errors import DataError, UsageError
from jumpscore.training.cache import stored_clips
from jumpscore.training.clips import (
    lesson_specs,
    person,
    prepare_lessons,
    reserved_people,
    unreserved,
)
from jumpscore.training.curriculum import Curriculum, step_rng
from jumpscore.training.examples import Cut, ExampleMaker, snapped
from jumpscore.training.held_out import pooled_f1, tower_scores
from jumpscore.training.learner import MARK
from jumpscore.training.loop import Trainer
from jumpscore.training.runs import new_model, start_from, train
from jumpscore.training.settings import TrainSettings
from model_wrappers.checkpoints import checkpoint_use
from model_wrappers.llava_onevision2.checkpoint import save_checkpoint
from model_wrappers.llava_onevision2.familiarity import read_familiarity
from model_wrappers.llava_onevision2.pixels import visual_inputs
from tests.training_support import SMALL, merged

RATES = {
    "profile": "rates",
    "clips": 2,
    "held_out": 2,
    "changes": {
        "resolutions": [{"width": 128, "height": 128, "weight": 1}],
        "durations": [{"low": 6.0, "high": 6.0, "weight": 1}],
        "fps": [{"fps": 12.5, "weight": 1}],
    },
}


def settings_of(**changes):
    """The settings of ``tiny2``, made very small, with changes."""
    values = stored_settings(TrainSettings, "train", "tiny2").model_dump(mode="json")
    values = merged(merged(values, SMALL), {"look": {"clips": 0, "canvases": 2}, "start": None})
    return TrainSettings.model_validate(
        merged(merged(values, {"data": {"more": [RATES]}}), changes)
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare_lessons(settings_of().data, tmp_path_factory.mktemp("sources"), workers=1)


def test_prepare_lessons_of_two_profiles(prepared):
    for folder in prepared:
        sources = Counter(clip.source for clip in stored_clips(folder))
        assert sources.keys() == {"small", "rates"}
    clip = stored_clips(prepared[0])[0]
    assert not list(prepared[0].glob("*.frames.npy"))
    with pytest.raises(DataError, match="damaged"):
        _ = clip.frames


def test_lesson_specs_exclude_people_of_every_source():
    data = settings_of(data={"clips": 30, "more": [{**RATES, "clips": 30, "held_out": 6}]}).data
    learned, held_out = lesson_specs(data)
    tests = [
        spec
        for profile in ("small", "rates")
        for spec in sample_clips(load_profile(profile, {"clips": 1}), seed=7)
    ]
    unseen = {person(spec) for spec in (*held_out, *tests)}
    assert {spec.profile for spec in learned} == {"small", "rates"}
    assert not {person(spec) for spec in learned} & unseen
    assert {(spec.width, spec.height) for spec in learned if spec.profile == "rates"} == {
        (128, 128)
    }


def test_snapped_marks_every_event(prepared):
    _, tokenizer = new_model(settings_of())
    for clip in stored_clips(prepared[0]):
        example = ExampleMaker(tokenizer, snap=0.5)(clip, Cut("codec", count=4))
        text = tokenizer.decode(example.ids[example.answer : -1])
        answered = {float(word) for word in text.strip("[]").split(", ")}
        runs = clip.canvas_runs(4)
        assert answered <= {round(second, 2) for second in runs.seconds.tolist()}
        marked = np.repeat(runs.seconds, runs.tokens)[example.happening > 0]
        assert answered == {round(second, 2) for second in marked.tolist()}


def test_snapped_keeps_distant_events():
    seconds = np.arange(6) / 10
    near = snapped(np.array([1, 3]), np.array([0, 5]), seconds, within=0.1)
    assert near.tolist() == [0, 3]
    assert snapped(np.array([1]), np.array([0]), seconds, within=0).tolist() == [1]


def test_curriculum_fast_canvases(prepared):
    settings = settings_of(look={"fast": 1.0})
    _, tokenizer = new_model(settings)
    curriculum = Curriculum(stored_clips(prepared[0]), ExampleMaker(tokenizer))
    plain = curriculum.views(settings_of(look={"fast": 0}).look, np.random.default_rng(0))
    fast = curriculum.views(settings.look, step_rng(0, "look", 1))
    assert any((example.pictures.positions[:, 0] % 2).any() for example in plain)
    for example in fast:
        assert not (example.pictures.positions[:, 0] % 2).any()


def test_settings_without_frames():
    with pytest.raises(ValueError, match="need frames"):
        settings_of(join={"codec": 0.5})
    with pytest.raises(ValueError, match="both 0"):
        settings_of(look={"canvases": 0})
    with pytest.raises(ValueError, match="small, small"):
        settings_of(data={"more": [{**RATES, "profile": "small"}]})


def test_train_from_a_checkpoint(prepared, tmp_path):
    model, tokenizer = new_model(settings_of(seed=1))
    save_checkpoint(model, tokenizer, tmp_path / "old")
    deeper = {"vision": {"num_hidden_layers": 2}}
    settings = settings_of(start=str(tmp_path / "old"), model=deeper)
    started, _ = new_model(settings)
    start_from(settings.start, started)
    torch.testing.assert_close(started.lm_head.weight, model.lm_head.weight)
    # The added block changes nothing at first.
    pictures = ExampleMaker(tokenizer)(stored_clips(prepared[0])[0], Cut("codec", count=4)).pictures
    inputs = visual_inputs([pictures]).values()
    torch.testing.assert_close(started.model.visual(*inputs), model.model.visual(*inputs))
    (tmp_path / "run").mkdir()
    facts = train(settings, tmp_path / "run", learned=prepared[0], held_out=prepared[1])
    assert facts["held_out"].keys() == {"f1_codec", "f1_codec_small", "f1_codec_rates"}
    assert read_familiarity(tmp_path / "run/checkpoint").limit > 0
    use = checkpoint_use(str(tmp_path / "run/checkpoint"))
    assert "profiles small, rates" in use.notes[0]
    assert use.input.keys() == {"codec"}
    # A run that has begun does not need it again.
    shutil.rmtree(tmp_path / "old")
    again = train(settings, tmp_path / "run", learned=prepared[0], held_out=prepared[1])
    assert again["held_out"] == facts["held_out"]


def test_lesson_specs_refuses_a_source_without_held_out_people():
    data = settings_of(data={"more": [{**RATES, "held_out": 1}]}).data
    seed = next(
        k for k in range(100)
        if not unreserved(
            sample_clips(load_profile("rates", {**data.more[0].changes, "clips": 1}), seed=k),
            reserved_people(data),
        )
    )  # fmt: skip
    with pytest.raises(UsageError, match="everyone in the held_out of profile 'rates' is reserved"):
        lesson_specs(data.model_copy(update={"held_out_seed": seed}))


def test_start_from_refuses_other_shapes(tmp_path):
    model, tokenizer = new_model(settings_of())
    save_checkpoint(model, tokenizer, tmp_path / "old")
    other, _ = new_model(settings_of(model={"text": {"intermediate_size": 64}}))
    with pytest.raises(UsageError, match=r"differs from model\.text"):
        start_from(str(tmp_path / "old"), other)
    with pytest.raises(UsageError, match="not a folder"):
        start_from(str(tmp_path / "none"), other)


def test_trainer_logs_f1_by_source(prepared, tmp_path):
    settings = settings_of(read={"steps": 0}, look={"steps": 1}, join={"steps": 1}, check_every=50)
    model, tokenizer = new_model(settings)
    learned, held_out = (stored_clips(folder) for folder in prepared)
    run = Trainer(settings, model, tokenizer, clips=learned, held_out=held_out, folder=tmp_path)
    run.run()
    assert 0 <= run.log()[-1]["f1_codec_rates"] <= 1


def test_trainer_logs_clips_without_jumps_apart(tmp_path, monkeypatch):
    still = {**RATES, "profile": "no_jumps"}
    settings = settings_of(
        data={"more": [still]}, read={"steps": 0}, look={"steps": 1}, join={"steps": 1}
    )
    learned, held_out = (
        stored_clips(folder) for folder in prepare_lessons(settings.data, tmp_path, workers=1)
    )
    for clip in (*learned, *held_out):
        if clip.source == "no_jumps":
            assert not len(clip.events)
            assert not clip.heights.any()
    model, tokenizer = new_model(settings)
    run = Trainer(settings, model, tokenizer, clips=learned, held_out=held_out, folder=tmp_path)
    monkeypatch.setattr(run, "_times", lambda clips, cut: [[] for _ in clips])
    run.run()
    look, join = run.log()
    assert "marks_small" in look
    assert "marks_no_jumps" not in look
    assert join["quiet_no_jumps"] == 1.0
    assert join["f1_codec"] == join["f1_codec_small"] == 0.0


def test_pooled_f1_by_hand():
    clips = [SimpleNamespace(events=np.array(events)) for events in ([1.0, 2.0], [3.0], [])]
    # Two of three answers are right, two of three events are found.
    assert pooled_f1([[1.05], [3.0, 3.5], []], clips) == pytest.approx(2 / 3)
    assert pooled_f1([[], [], []], clips) == 0


def test_make_lesson_heights(prepared):
    """The body is above its standing position when the rope is under the feet."""
    for clip in stored_clips(prepared[0]):
        turning = np.gradient(clip.phases, clip.seconds) > 6
        below = turning & (np.cos(clip.phases) > 0.9)
        overhead = turning & (np.cos(clip.phases) < -0.9)
        assert clip.heights[below].mean() > clip.heights[overhead].mean() + 0.02


def test_tower_scores_of_an_oracle(prepared, tmp_path, monkeypatch):
    settings = settings_of()
    model, tokenizer = new_model(settings)
    learned, held_out = (stored_clips(folder) for folder in prepared)
    run = Trainer(settings, model, tokenizer, clips=learned, held_out=held_out, folder=tmp_path)
    clip, cut = held_out[0], Cut("codec", count=4)
    runs = clip.canvas_runs(4)
    nearest = [int(np.abs(runs.seconds - event).argmin()) for event in clip.events]
    marks = np.isin(np.arange(len(runs.seconds)), nearest)
    tokens = MARK * torch.from_numpy(np.repeat(marks, runs.tokens)).float()[:, None]
    marked = tokens * run.learner.mark
    monkeypatch.setattr(model.model.visual, "forward", lambda *_: marked)
    assert tower_scores(run.learner, run.maker, [clip], cut).marks > 0.9
    monkeypatch.setattr(model.model.visual, "forward", lambda *_: 0 * marked)
    assert tower_scores(run.learner, run.maker, [clip], cut).marks == 0
