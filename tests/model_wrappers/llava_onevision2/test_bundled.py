"""The miniature that ships: it loads like any checkpoint, and it sees."""

from __future__ import annotations

import json

import pytest

import jumpscore
from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from model_wrappers.checkpoints import BUNDLED, checkpoint_use, resolve
from model_wrappers.llava_onevision2.familiarity import UNFAMILIAR

TINY, TINY2 = "jumpscore-tiny", "jumpscore-tiny2"
MOST_BYTES = 12_000_000
CLIPS = 8


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The first clips of the bundled set ``small``, of people that it never saw."""
    out = tmp_path_factory.mktemp("small") / "set"
    synthesize(out, load_profile("small", [f"clips={CLIPS}"]), seed=7)
    return out


def evaluated(few, folder, name, *, input=None, **run):
    return jumpscore.evaluate(
        "llava_ov2",
        "jumpscore",
        model_options={"checkpoint": TINY},
        task_options={"data": str(few)},
        input=input,
        run={"folder": folder, "name": name, **run},
    )


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_folder_size_and_code(name):
    from model_wrappers.llava_onevision2.provenance import holds_only_our_code

    folder = resolve(name)
    assert sum(file.stat().st_size for file in folder.iterdir()) < MOST_BYTES
    assert holds_only_our_code(folder)
    assert (folder / "README.md").is_file()


@pytest.mark.parametrize("name", BUNDLED)
def test_checkpoint_use_of_a_bundled_model(name):
    [note] = checkpoint_use(name).notes
    facts = json.loads((resolve(name) / "training.json").read_text())
    assert f"trained on {facts['clips']} rendered clips" in note


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_evaluate_bundled_model_needs_pixels(few, tmp_path, kind):
    seeing = evaluated(few, tmp_path, "seeing", input={"kind": kind})
    fields = seeing.record.identity.input.model_dump()
    assert (fields["count"], fields["fps"]) == ((16, None) if kind == "codec" else (None, 12.5))
    assert (fields["max_pixels"], fields["decimals"]) == (7056, 2)
    metrics = seeing.result.metrics
    assert metrics["map_reference"].mean > 0.75
    assert metrics["map_reference"].ci_low > metrics["content_free_map"].mean
    blind = evaluated(few, tmp_path, "blind", input={"kind": kind}, control="pixels")
    assert blind.result.metrics["map_reference"].mean < metrics["map_reference"].mean - 0.2


@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_generation_paths_give_equal_answers(few, kind):
    """All clips of ``small`` and ``mini`` are compared by ``tests.benchmarks small_greedy``."""
    from jumpscore.harness.config import InputConfig
    from jumpscore.harness.factory import make_model, make_task
    from jumpscore.harness.input import InputPlan
    from model_wrappers.llava_onevision2.small_greedy import unsupported
    from model_wrappers.transformers.generation import Sampling

    questions = [s.question for s in make_task("jumpscore", {"data": str(few)}).load()[:3]]
    answers = {}
    for generation in ("auto", "transformers"):
        wrapper = make_model("llava_ov2", {"checkpoint": TINY, "generation": generation})
        wrapper.open()
        plan = InputPlan.resolve(wrapper, InputConfig(kind=kind))
        requests = [wrapper.prepare(one, plan.prepare(one)) for one in questions]
        answers[generation] = {one.id: one.text for one in wrapper.generate(requests)}
    assert unsupported(wrapper._model, Sampling(1024)) is None
    assert answers["auto"] == answers["transformers"]


def test_default_input_yields_to_the_run(few, tmp_path):
    run = evaluated(few, tmp_path, "two", input={"kind": "codec", "tokens": 18}, limit=1)
    fields = run.record.identity.input.model_dump()
    assert (fields["tokens"], fields["count"], fields["max_pixels"]) == (18, None, 7056)
    [response] = run.responses.values()
    assert response.usage.visual == 18


@pytest.mark.slow
def test_second_miniature_sees_long_clips_in_windows(tmp_path):
    synthesize(tmp_path / "mini", load_profile("mini", ["clips=3"]), seed=7)
    data, windows = {"data": str(tmp_path / "mini")}, {"window": 8, "overlap": 1}
    run = jumpscore.evaluate(
        "llava_ov2", "jumpscore", model_options={"checkpoint": TINY2}, task_options=data,
        input={"kind": "codec", **windows}, run={"folder": tmp_path, "name": "run"},
    )  # fmt: skip
    metrics = run.result.metrics
    assert metrics["f1"].mean > metrics["content_free_f1"].mean + 0.1


def test_second_miniature_remarks_that_a_video_is_foreign(tiny_set, tmp_path):
    run = jumpscore.evaluate(
        "llava_ov2", "jumpscore", model_options={"checkpoint": TINY2, "max_new_tokens": 2},
        task_options={"data": str(tiny_set)}, input={"kind": "codec"},
        run={"folder": tmp_path, "name": "run"},
    )  # fmt: skip
    assert run.result.notes[UNFAMILIAR] == 3  # their pictures are numbers on grey
