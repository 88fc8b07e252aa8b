"""The curriculum and the loop."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from jumpscore.errors import DataError, UsageError
from jumpscore.training.batches import IGNORED, collate
from jumpscore.training.cache import stored_clips
from jumpscore.training.curriculum import SHORTEST, Curriculum, Progress, learning_rate, step_rng
from jumpscore.training.examples import ExampleMaker
from jumpscore.training.learner import MARK, SECONDS, _cross_entropy
from jumpscore.training.loop import Trainer
from jumpscore.training.optimisers import Group, Optimisers
from jumpscore.training.runs import claimed_folder, new_model
from tests.training_support import small_settings


def trainer(settings, clips, folder):
    folder.mkdir(exist_ok=True)
    learned, held_out = (stored_clips(place) for place in clips)
    model, tokenizer = new_model(settings)
    return Trainer(settings, model, tokenizer, clips=learned, held_out=held_out, folder=folder)


@pytest.fixture(scope="module")
def curriculum(clips):
    _, tokenizer = new_model(small_settings())
    return Curriculum(stored_clips(clips[0]), ExampleMaker(tokenizer))


def test_progress_grows_when_mastered():
    growth = small_settings().read.growth
    progress = Progress(float(growth.first))
    for _ in range(200):
        progress.after(growth.mastered - 0.01, growth, 70)
    assert progress.longest == growth.first
    for _ in range(1000):
        progress.after(1.0, growth, 70)
    assert progress.longest == 70


def test_step_rng_is_deterministic(curriculum):
    stage, progress = small_settings().join, Progress(70.0)
    one, again, other = (
        curriculum.joint(stage, progress, step_rng(1, "join", step)) for step in (5, 5, 6)
    )
    assert [e.ids.tolist() for e in one] == [e.ids.tolist() for e in again]
    np.testing.assert_array_equal(one[0].pictures.patches, again[0].pictures.patches)
    assert [e.ids.tolist() for e in one] != [e.ids.tolist() for e in other]


def test_curriculum_stages(curriculum):
    settings = small_settings()
    progress = Progress(12.0)
    rng = step_rng(0, "test", 0)
    assert all(
        example.pictures is None for example in curriculum.blind(settings.read, progress, rng)
    )
    short = small_settings(join={"codec": 0}).join
    assert max(len(e.ends) for e in curriculum.joint(short, progress, rng)) <= 12
    views = curriculum.views(settings.look, rng)
    assert len(views) == settings.look.clips + settings.look.canvases
    whole = Progress(float(curriculum.most_frames))
    drawn = [curriculum.joint(settings.join, whole, step_rng(0, "join", s))[0] for s in range(40)]
    kinds = [int(example.pictures.grid[0, 0]) > 1 for example in drawn]
    assert 0.15 < np.mean(kinds) < 0.6, "share of canvases"


def test_learning_rate_schedule():
    stage = small_settings(join={"steps": 100, "warmup": 10, "decay": 0.5}).join
    rates = [learning_rate(stage, step) for step in range(100)]
    assert rates[0] == pytest.approx(stage.rate / 10)
    assert set(rates[10:50]) == {stage.rate}
    assert all(a > b > 0 for a, b in pairwise(rates[50:]))


def test_collate_labels_only_answers(curriculum):
    examples = curriculum.joint(small_settings().join, Progress(30.0), step_rng(3, "x", 0))
    batch = collate(examples, 0)
    for row, example in enumerate(examples):
        labels = batch.labels[row]
        labelled = labels[labels != IGNORED]
        assert labelled.tolist() == example.ids[example.answer :].tolist()
        assert int((labels != IGNORED).nonzero()[0]) == example.answer - 1
    assert len(batch.owners) == len(batch.happening) == len(batch.rope)


def test_marked_tokens_of_event_frames(clips, curriculum, tmp_path):
    learner = trainer(small_settings(), clips, tmp_path / "run").learner
    examples = curriculum.blind(small_settings().read, Progress(40.0), step_rng(0, "m", 1))
    batch = collate(examples, 0)
    nothing = torch.zeros(len(batch.phases), len(learner.mark))
    marked = learner.marked(nothing, batch, torch.ones(len(nothing)))
    torch.testing.assert_close(marked.norm(dim=1), MARK * batch.happening)
    assert not learner.marked(nothing, batch, torch.zeros(len(nothing))).any()


def test_trainer_reduces_every_loss(clips, tmp_path):
    settings = small_settings(
        read={"steps": 100, "rate": 0.005}, look={"steps": 100, "rate": 0.003},
        join={"steps": 50, "rate": 0.003}, check_every=1000, save_every=1000,
    )  # fmt: skip
    run = trainer(settings, clips, tmp_path / "run")
    run.run()
    rows = {(row["stage"], row["step"]): row for row in run.log()}
    assert rows["read", 100]["answer"] < 0.8 * rows["read", 50]["answer"]
    assert rows["look", 100]["rope"] < rows["look", 50]["rope"]
    assert rows["join", 50]["answer"] < rows["read", 50]["answer"]
    assert 0 <= rows["join", 50]["f1_frames"] <= 1


@pytest.mark.parametrize(("stop", "muon"), [(1, False), (4, False), (5, True), (8, False)])
def test_trainer_resumed_run_has_the_same_weights(clips, tmp_path, stop, muon):
    settings = small_settings(check_every=1000, look={"muon": muon})
    whole = trainer(settings, clips, tmp_path / "whole")
    whole.run()
    trainer(settings, clips, tmp_path / "parts").run(stop_after=stop)
    with (tmp_path / "parts" / "log.jsonl").open("a") as log:
        log.write('{"stage": "re')  # torn by a kill
    resumed = trainer(settings, clips, tmp_path / "parts")
    resumed.run()
    expected = whole.learner.state_dict()
    for name, value in resumed.learner.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0, msg=name)
    logs = [[row | {"seconds": 0} for row in run.log()] for run in (resumed, whole)]
    assert logs[0] == logs[1]


def test_claimed_folder_of_another_run(tmp_path):
    def claim(name, **changed):
        with claimed_folder(tmp_path / name, small_settings(**changed)):
            pass

    claim("run")
    claim("run")
    with pytest.raises(UsageError, match=r"other settings \(join\.rate, seed\)"):
        claim("run", seed=1, join={"rate": 0.5})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UsageError, match="not a training run"):
        claim("full")


def test_claimed_folder_damaged_settings(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/settings.json").write_text("{")
    with (
        pytest.raises(DataError, match="cannot be read as JSON"),
        claimed_folder(tmp_path / "run", small_settings()),
    ):
        pass


def test_claimed_folder_locks(tmp_path):
    with (
        claimed_folder(tmp_path / "run", small_settings()),
        pytest.raises(UsageError, match="another process is training here"),
        claimed_folder(tmp_path / "run", small_settings()),
    ):
        pass


def test_trainer_drops_rows_after_the_checkpoint(clips, tmp_path):
    (tmp_path / "run").mkdir()
    early = '{"stage": "read", "step": 50, "seconds": 1.0}\n'
    (tmp_path / "run" / "log.jsonl").write_text(early + '{"stage": "re')
    begun = trainer(small_settings(), clips, tmp_path / "run")
    begun.run(stop_after=0)
    assert begun.log() == []
    assert (tmp_path / "run" / "log.jsonl").read_text() == ""


def test_tower_losses_bound_the_length(clips, tmp_path, curriculum):
    learner = trainer(small_settings(), clips, tmp_path / "run").learner
    batch = collate(curriculum.views(small_settings().look, step_rng(0, "v", 0)), 0)
    tokens = torch.zeros(len(batch.phases), len(learner.mark))
    # Along the mark a token may have any length: that is how events are marked.
    along = learner.tower_losses(tokens + 10 * learner.mark, batch)["length"]
    assert float(along) == pytest.approx(0, abs=1e-6)
    across = torch.nn.functional.normalize(torch.randn(len(learner.mark)), dim=0)
    across = across - (across @ learner.mark) * learner.mark
    assert float(learner.tower_losses(tokens + 10 * across, batch)["length"]) > 10


def test_optimisers_muon_updates_matrices_of_blocks(clips, tmp_path):
    """An update by Muon is close to orthogonal, and the first one by AdamW has the size of the rate
    in every cell; half the rate for parameters with a share of a half."""
    learner = trainer(small_settings(), clips, tmp_path / "run").learner
    tower, text = learner.parts()
    assert {name for name, _ in (*tower, *text)} == {name for name, _ in learner.named_parameters()}
    options = small_settings(look={"muon": True, "weight_decay": 0.0}).look
    optimisers = Optimisers([Group(tower), Group(text, share=0.5)], options)
    assert len(optimisers.parameters) == len(tower) + len(text)
    generator = torch.Generator().manual_seed(0)
    before = {}
    for name, parameter in (*tower, *text):
        before[name] = parameter.detach().clone()
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimisers.set_rate(0.01)
    optimisers.step()
    for name, parameter in (*tower, *text):
        rate = 0.01 if name in dict(tower) else 0.005
        update = (before[name] - parameter.detach()) / rate
        if parameter.ndim == 2 and (".layers." in name or ".merger." in name):
            sizes = torch.linalg.svdvals(update)
            assert sizes.max() < 2 * sizes.quantile(0.1), name
            assert 0.1 < update.square().mean().sqrt() < 0.3, name
        else:
            torch.testing.assert_close(update.abs(), torch.ones_like(update), atol=0.01, rtol=0)
    optimisers.zero_grad()
    assert all(parameter.grad is None for parameter in optimisers.parameters)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_trainer_tower_learning_rate(clips, tmp_path, share):
    settings = small_settings(
        read={"steps": 0}, look={"steps": 0}, join={"tower": share, "steps": 2}
    )
    run = trainer(settings, clips, tmp_path / "run")
    tower, text = run.learner.parts()
    parameters = [parameter for _, parameter in (*tower, *text)]
    before = [parameter.detach().clone() for parameter in parameters]
    run.run()
    moved = [not torch.equal(a, b) for a, b in zip(before, parameters, strict=True)]
    assert any(moved[: len(tower)]) is (share > 0)
    assert any(moved[len(tower) :])


def test_text_losses_ignore_late_seconds():
    logits = torch.zeros(3, SECONDS)
    inside = _cross_entropy(logits, torch.tensor([-1, 3, 19]))
    assert _cross_entropy(logits, torch.tensor([SECONDS, 3, 19])) == inside > 0


def test_settings_growth_first():
    with pytest.raises(ValueError, match=r"read\.growth\.first"):
        small_settings(read={"growth": {"first": SHORTEST - 1}})
    assert small_settings(read={"growth": {"first": SHORTEST}}).read.growth.first == SHORTEST


def test_claimed_folder_half_written_settings(tmp_path):
    (tmp_path / ".settings.json.4194301").write_text('{"seed": ')
    with claimed_folder(tmp_path, small_settings()):
        assert "settings.json" in {entry.name for entry in tmp_path.iterdir()}
    (tmp_path / "settings.json").rename(tmp_path / "notes.json")
    with (
        pytest.raises(UsageError, match="not a training run"),
        claimed_folder(tmp_path, small_settings()),
    ):
        pass
