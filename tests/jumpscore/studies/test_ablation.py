"""The numbers of an ablation equal those of its runs, carried out one by one."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import jumpscore
from evaluators import TASKS
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import RunInterrupted, open_session
from jumpscore.harness.session import Callbacks
from jumpscore.records import Media, Metric, Response, Usage
from jumpscore.report.ablation import ablation_table
from jumpscore.runs import read_run
from jumpscore.studies import compare_runs
from jumpscore.studies.ablation import ABLATION, ablate, read_ablation
from jumpscore.studies.ablation_plan import (
    AblationPlan,
    chosen_metric,
    refuse_what_is_set_here,
    without_video,
)
from jumpscore.studies.reproduction.token_curves import is_about
from model_wrappers.base import ModelWrapper
from tests.support import numbered_frame, render_mini, write_video

TRUTHS = ((0.5, 1.0), (1.5, 2.0), (2.5, 3.0, 3.5))
"""Events of different clips are at least 0.3 s apart: a model with the wrong clip scores 0."""
GREYS = (40, 120, 200)
"""Lower half of each clip; the whole frame that every canvas sequence begins with shows it."""
SIZE = (168, 112)


def written_set(root, sizes=(SIZE, SIZE, SIZE)):
    rows, videos = [], {}
    for number, (truth, grey, size) in enumerate(zip(TRUTHS, GREYS, sizes, strict=False)):
        pictures = [numbered_frame(frame, *size) for frame in range(100)]
        for picture in pictures:
            picture[size[1] // 2 :] = grey
        name = f"videos/{number:032x}.mp4"
        write_video(root / name, pictures=pictures, size=size)
        row = Row(f"clip{number}", name, QUESTION, json.dumps(truth))
        rows.append(row)
        videos[row.id] = {"duration": 4.0, "frames": 100, "fps": 25.0}
    write_set(root, rows, Manifest("greys", synthetic=True, videos=videos))
    return root


@pytest.fixture(scope="module")
def greys(tmp_path_factory):
    return written_set(tmp_path_factory.mktemp("greys"))


class Looks(ModelWrapper):
    """Recognises a clip by its grey and answers its events.

    On frames it answers only the first event, so that the arms differ.
    """

    name = "looks"
    inputs = ("frames", "codec")

    def __init__(self, stop_after=None):
        super().__init__()
        self.opened, self.asked, self.stop_after = 0, 0, stop_after

    def open(self):
        self.opened += 1

    def identity(self):
        return self.stated()

    def generate(self, requests):
        if self.asked == self.stop_after:
            raise KeyboardInterrupt
        self.asked += len(requests)
        return [self.answer(request.question, request.visual) for request in requests]

    def answer(self, question, visual):
        first = visual.pixels[0]
        grey = np.median(first[first.shape[0] * 3 // 4 :])
        clip = int(np.abs(np.subtract(GREYS, grey)).argmin())
        times = TRUTHS[clip] if visual.kind == "codec" else TRUTHS[clip][:1]
        fed = len(visual.pixels) * visual.width * visual.height // 784
        usage = Usage(visual=fed, visual_source="measured", prompt=fed + visual.text_tokens + 20)
        # The words contain no time; they name the clip and the plan for the test.
        text = f"saw {'abc'[clip]} by the plan of {'abc'[int(visual.path.stem, 16)]}\n{list(times)}"
        return Response(question.id, text, usage=usage)


def printed(table) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def ablated(data, out, model=None, *, task="jumpscore", input=None, run=None, on_progress=None,
            **plan):  # fmt: skip
    with open_session(
        model or Looks(),
        task,
        task_options={"data": str(data)},
        input={"max_pixels": 7056} if input is None else input,
        run=run,
        callbacks=Callbacks(on_progress),
    ) as session:
        return ablate(session, AblationPlan(**{"tokens": [36, 72]} | plan), out)


def by_hand(data, out, name, *, control="none", **input):
    return jumpscore.evaluate(
        Looks(),
        "jumpscore",
        task_options={"data": str(data)},
        input={"max_pixels": 7056} | input,
        run={"folder": out, "name": name, "control": control},
    )


def seen(run):
    return {name: response.text.split("\n")[0] for name, response in run.responses.items()}


class TestNumbers:
    def test_ablate_equals_single_runs(self, greys, tmp_path):
        ablation = ablated(
            greys, tmp_path / "a", tokens=[288, 72], matchings=["total", "visual"], metric="f1"
        )
        order = [(budget.matching, budget.tokens) for budget in ablation.budgets]
        assert order == [("total", 72), ("total", 288), ("visual", 72), ("visual", 288)]
        for budget in ablation.budgets[1:3]:
            amount = {"tokens": budget.tokens, "matching": budget.matching}
            arms = {
                kind: by_hand(greys, tmp_path / "b", f"{budget.tokens}-{kind}", kind=kind, **amount)
                for kind in ("frames", "codec")
            }
            for kind, run in arms.items():
                outcome = getattr(budget, kind)
                assert outcome.score == run.result.metrics["f1"]
                assert outcome.blind_baseline == run.result.metrics["content_free_f1"].mean
                usages = [response.usage for response in run.responses.values()]
                assert outcome.tokens.visual == np.mean([usage.visual for usage in usages])
                assert outcome.tokens.prompt == np.mean([usage.prompt for usage in usages])
                assert (outcome.total, outcome.unscored, outcome.problem) == (3, 0, None)
            assert budget.difference == compare_runs(arms["codec"], arms["frames"])["f1"]
            assert (budget.seen is None) == (budget.leak is None) == (budget.selection is None)
        assert ablation.shown == {kind: {"max_pixels": 7056} for kind in ("frames", "codec")}
        assert read_ablation(tmp_path / "a") == ablation

    def test_ablate_by_hand(self, greys, tmp_path):
        ablation = ablated(greys, tmp_path, tokens=[72], metric="f1")
        [budget] = ablation.budgets
        # The frames give one of 2, 2 and 3 events: 2/3, 2/3 and 1/2.
        assert budget.frames.score.mean == pytest.approx((2 / 3 + 2 / 3 + 1 / 2) / 3)
        assert budget.codec.score.mean == 1.0
        assert budget.difference.difference == pytest.approx(1 - 11 / 18)
        assert (budget.difference.verdict, budget.difference.differ) == ("too_few", 3)
        assert budget.codec.tokens.visual == budget.frames.tokens.visual == 72
        assert (budget.pixels.score.mean, budget.selection.score.mean) == (0.0, 0.0)
        assert (budget.seen.difference, budget.seen.differ) == (1.0, 3)
        assert (budget.leak.difference, budget.leak.differ) == (0.0, 0)

    def test_ablate_common_input_of_all_budgets(self, greys, tmp_path):
        class OfOneSize(Looks):
            def default_input(self, kind):
                return {"max_pixels": 7056, "decimals": 2}

        ablation = ablated(
            greys, tmp_path, OfOneSize(), tokens=[72], matchings=["visual", "as_published"],
            controls=False, input={},
        )  # fmt: skip
        runs = [read_run(tmp_path / "runs" / budget.frames.run) for budget in ablation.budgets]
        inputs = [run.record.identity.input.model_dump() for run in runs]
        assert [one.get("max_pixels") for one in inputs] == [7056, None]
        assert ablation.shown == {kind: {"decimals": 2} for kind in ("frames", "codec")}

    def test_ablate_in_windows_matches_each_window(self, greys, tmp_path):
        window = {"max_pixels": 7056, "window": 2.0, "overlap": 0.5}
        ablation = ablated(greys, tmp_path / "a", tokens=[72], input=window)
        [budget] = ablation.budgets
        assert ablation.unscored == 0
        # Windows from 0, 1.5 and 3.0 s, each with the budget of a whole video.
        whole = ablated(greys, tmp_path / "b", tokens=[72]).budgets[0]
        for one, other in zip(budget.outcomes, whole.outcomes, strict=True):
            assert one.tokens.visual == 3 * other.tokens.visual
        assert ablation.shown["codec"] == window
        assert any("windows of 2 s" in caveat for caveat in ablation.caveats)
        assert "budgets per window of 2 s" in printed(ablation_table(ablation))
        assert not is_about(ablation, "JumpScore")

    def test_ablate_default_metric(self, greys, tmp_path):
        ablation = ablated(greys, tmp_path, tokens=[72], controls=False)
        [budget] = ablation.budgets
        assert ablation.metric.name == "map_reference"
        stored = read_run(tmp_path / "runs" / budget.codec.run).result
        assert budget.blind_baseline == stored.metrics["content_free_map"].mean > 0
        assert "the data are synthetic" in ablation.caveats

    def test_ablate_total_matches_prompts(self, greys, tmp_path):
        ablation = ablated(greys, tmp_path, tokens=[480], matchings=["visual", "total"])
        visual, total = ((b.frames.tokens, b.codec.tokens) for b in ablation.budgets)
        assert visual[0].visual == visual[1].visual
        assert visual[1].prompt > 1.2 * visual[0].prompt
        assert total[0].prompt == pytest.approx(total[1].prompt, rel=0.1)


class TestRuns:
    def test_ablate_inputs_of_arms_and_controls(self, greys, tmp_path):
        [budget] = ablated(greys, tmp_path, tokens=[72]).budgets
        names = [outcome.run for outcome in budget.outcomes]
        assert names == [
            "visual-72-frames",
            "visual-72-codec",
            "visual-72-codec-pixels",
            "visual-72-codec-selection",
        ]
        frames, codec, pixels, selection = (read_run(tmp_path / "runs" / name) for name in names)
        own = {f"clip{i}": f"saw {'abc'[i]} by the plan of {'abc'[i]}" for i in range(3)}
        assert seen(frames) == seen(codec) == own
        for name, words in seen(pixels).items():
            assert words != own[name]
            assert words.split()[1] == words.split()[-1]
        for name, words in seen(selection).items():
            assert words.split()[1] != own[name].split()[1]
            assert words.split()[-1] == own[name].split()[-1]
        kinds = [run.record.identity.input.kind for run in (frames, codec, pixels)]
        assert kinds == ["frames", "codec", "codec"]

    def test_ablate_controls_of_the_first_matching(self, greys, tmp_path):
        ablation = ablated(greys, tmp_path, tokens=[144], matchings=["total", "visual"])
        assert [budget.pixels is None for budget in ablation.budgets] == [False, True]
        assert [budget.selection is None for budget in ablation.budgets] == [False, True]

    def test_ablate_opens_the_model_once(self, greys, tmp_path):
        model, calls = Looks(), []
        first = ablated(greys, tmp_path, model, on_progress=lambda *counts: calls.append(counts))
        assert (model.opened, model.asked) == (1, 8 * 3)
        assert sorted(set(calls)) == [(done, 24) for done in range(25)]
        assert calls == sorted(calls)
        content = (tmp_path / ABLATION).read_bytes()
        again = Looks()
        assert ablated(greys, tmp_path, again) == first
        assert (again.opened, again.asked) == (0, 0)
        assert (tmp_path / ABLATION).read_bytes() == content
        more = Looks()
        ablated(greys, tmp_path, more, tokens=[36, 72, 144], controls=False)
        assert (more.opened, more.asked) == (1, 2 * 3)

    def test_ablate_runs_are_ordinary_runs(self, greys, tmp_path):
        ablated(greys, tmp_path, tokens=[72])
        stored = read_run(tmp_path / "runs" / "visual-72-codec-selection")
        again = by_hand(
            greys, tmp_path / "runs", stored.folder.name,
            control="selection", kind="codec", tokens=72, matching="visual",
        )  # fmt: skip
        assert again.result == stored.result
        assert again.responses == stored.responses

    def test_ablate_resumes(self, greys, tmp_path):
        with pytest.raises(RunInterrupted) as interrupted:
            ablated(greys, tmp_path / "a", Looks(stop_after=7))
        assert (interrupted.value.answered, interrupted.value.total) == (7, 24)
        assert not (tmp_path / "a" / ABLATION).exists()
        model = Looks()
        ablation = ablated(greys, tmp_path / "a", model)
        assert model.asked == 24 - 7
        assert ablation == ablated(greys, tmp_path / "b")

    @pytest.mark.skipif(
        "JUMPSCORE_BITCOST_PYTHON" not in os.environ, reason="needs codec-video-prep"
    )
    def test_ablate_canvases_of_two_backends(self, greys, tmp_path):
        backends = ["pyav", "bitcost"]
        ablation = ablated(greys, tmp_path / "a", tokens=[72], metric="f1", backends=backends)
        [budget] = ablation.budgets
        [other] = budget.others
        assert [one.run for one in budget.outcomes] == [
            "visual-72-frames",
            "visual-72-codec",
            "visual-72-codec-bitcost",
            "visual-72-codec-pixels",
            "visual-72-codec-selection",
        ]
        options = {"kind": "codec", "tokens": 72}
        theirs = by_hand(greys, tmp_path / "b", "theirs", backend="bitcost", **options)
        ours = by_hand(greys, tmp_path / "b", "ours", **options)
        assert other.outcome.score == theirs.result.metrics["f1"]
        assert other.outcome.tokens.visual == 72
        assert other.difference == compare_runs(theirs, ours)["f1"]
        assert budget.codec.score == ours.result.metrics["f1"]
        assert read_ablation(tmp_path / "a") == ablation
        # Runs of fewer backends are there already.
        model = Looks()
        assert (
            ablated(greys, tmp_path / "a", model, tokens=[72], metric="f1").budgets[0].others == ()
        )
        assert model.asked == 0
        # The first one is compared with frames, which are matched to its canvases.
        swapped = ablated(
            greys, tmp_path / "c", tokens=[72], metric="f1", backends=["bitcost"], controls=False
        )
        assert swapped.budgets[0].codec.score == other.outcome.score
        stored = read_run(tmp_path / "c" / "runs" / "visual-72-frames")
        assert stored.record.identity.input.backend == "bitcost"

    def test_ablate_backend_that_is_not_installed(self, greys, tmp_path, monkeypatch):
        monkeypatch.setenv("JUMPSCORE_BITCOST_PYTHON", sys.executable)
        model = Looks()
        with pytest.raises(UsageError, match="codec-video-prep"):
            ablated(greys, tmp_path, model, backends=["pyav", "bitcost"])
        assert model.asked == 0

    def test_ablate_references(self, greys, tmp_path):
        ablation = ablated(
            greys, tmp_path, tokens=[72], controls=False, references=[{"fps": 2}, {"count": 4}]
        )
        assert [one.run for one in ablation.references] == ["reference-fps-2", "reference-count-4"]
        stored = [read_run(tmp_path / "runs" / one.run) for one in ablation.references]
        assert [one.tokens.visual for one in ablation.references] == [8 * 6, 4 * 6]
        for one, run in zip(ablation.references, stored, strict=True):
            assert run.record.identity.input.kind == "frames"
            assert one.score == run.result.metrics["map_reference"]


class TestFailures:
    def test_ablate_budget_too_small_for_one_video(self, tmp_path):
        data = written_set(tmp_path / "set", (SIZE, (280, 196), SIZE))
        ablation = ablated(data, tmp_path / "a", tokens=[30], input={}, metric="f1")
        [budget] = ablation.budgets
        assert (budget.frames.unscored, budget.codec.unscored, budget.codec.total) == (1, 1, 3)
        assert "a budget of 30 tokens is too small" in budget.codec.problem
        assert budget.difference.n == 2
        assert ablation.unscored == sum(one.unscored for one in budget.outcomes) >= 2
        assert not any("unscored" in caveat for caveat in ablation.caveats)

    def test_ablate_budget_too_small_for_all_videos(self, greys, tmp_path):
        ablation = ablated(greys, tmp_path, tokens=[2, 72], controls=False)
        assert ablation.budgets[0].difference is None
        assert ablation.budgets[0].codec.score.mean is None
        assert ablation.budgets[1].difference is not None
        assert read_ablation(tmp_path) == ablation

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"tokens": []}, "needs a budget and a matching"),
            ({"tokens": [0]}, "budgets must be positive .got 0"),
            ({"tokens": [72, 72]}, "--tokens 72,72: 72 is given twice; list every budget once"),
            ({"matchings": ["totl"]}, "unknown matching 'totl'; did you mean 'total'"),
            ({"metric": "f1@.1"}, r"no metric 'f1@.1' .* did you mean 'f1@0.1'.* Known: map_ref"),
            ({"metric": "content_free_f1"}, "no metric 'content_free_f1'"),
            ({"references": [{"tokens": 72}]}, "a reference is a number of frames"),
            ({"input": {"tokens": 72}}, "input.tokens=72 cannot be set .* --tokens sets"),
            ({"input": {"kind": "codec"}}, "both arms are run"),
            ({"input": {"fps": 2}}, "--reference input.fps="),
            ({"input": {"backend": "bitcost"}}, "--backends sets"),
            ({"backends": ["bits"]}, "unknown backend 'bits'; did you mean 'bitcost'"),
            ({"backends": ["pyav", "pyav"]}, "--backends pyav,pyav: list at least one, each once"),
            ({"backends": []}, "list at least one"),
            ({"input": {"min_pixels": 784}}, "min_pixels cannot be combined with tokens"),
            ({"run": {"control": "pixels"}}, "--no-controls"),
            ({"run": {"name": "x"}}, "--out sets"),
            ({"run": {"repeats": 2}}, "run.repeats=2 cannot be set"),
        ],
    )
    def test_ablate_refuses_invalid_plans_before_any_run(self, greys, tmp_path, options, message):
        model = Looks()
        with pytest.raises(UsageError, match=message):
            ablated(greys, tmp_path / "a", model, **options)
        assert (model.opened, model.asked) == (0, 0)
        assert not (tmp_path / "a").exists()

    def test_refuse_what_is_set_here_names_the_option(self):
        with pytest.raises(UsageError, match=r"input\.matching=total .* --matching sets"):
            refuse_what_is_set_here({"input": {"matching": "total"}, "run": {}})

    def test_ablate_refuses_models_without_both_inputs(self, greys, tmp_path):
        model = Looks()
        model.inputs = ("frames", "video")
        with pytest.raises(UsageError, match="'looks' takes only input=frames or video; an abl"):
            ablated(greys, tmp_path / "a", model)
        assert not (tmp_path / "a").exists()

    def test_ablate_refuses_images(self, tmp_path):
        model = Looks()
        mini = tmp_path / "mini"
        mini.mkdir()
        render_mini("mini_traces", mini)
        with pytest.raises(UsageError, match="no question has a video"):
            ablated(mini, tmp_path / "a", model, task="traces", controls=False)
        assert model.asked == 0

    def test_without_video_returns_a_caveat(self, greys):
        task = TASKS.get("jumpscore")(TASKS.get("jumpscore").Options(data=str(greys)))
        first, *rest = samples = task.load()
        assert without_video(samples) is None
        picture = replace(first.question, media=(Media(first.question.media[0].path, "image"),))
        mixed = [replace(first, question=picture), *rest]
        assert without_video(mixed).startswith("1 of 3 questions have no video")

    def test_ablate_controls_need_two_videos(self, tmp_path):
        data = written_set(tmp_path / "set", (SIZE,))
        with pytest.raises(UsageError, match=r"needs two different videos.*--no-controls"):
            ablated(data, tmp_path / "a")
        assert len(ablated(data, tmp_path / "a", controls=False).budgets) == 2

    def test_ablate_refuses_a_changed_ablation(self, greys, tmp_path):
        ablated(greys, tmp_path, tokens=[72], controls=False)
        with pytest.raises(UsageError, match=r"max_pixels: 7056 -> 14112"):
            ablated(greys, tmp_path, tokens=[72], controls=False, input={"max_pixels": 14112})

    def test_read_ablation_invalid_files(self, greys, tmp_path):
        with pytest.raises(DataError, match="not a finished ablation"):
            read_ablation(tmp_path)
        (tmp_path / ABLATION).write_text('{"task": 3}')
        with pytest.raises(DataError, match=r"damaged.*rerun the same"):
            read_ablation(tmp_path)


def test_chosen_metric_per_sample_values():
    class Ranked:
        name, headline = "ranked", ("rank", "f1")
        metrics = (
            Metric("rank", "", "number", "higher"),
            Metric("rank.sample", "", "number", "higher"),
            Metric("f1", "", "percent", "higher"),
        )

    assert chosen_metric(Ranked(), None).name == "rank.sample"
    assert chosen_metric(Ranked(), "rank").name == "rank"
    assert chosen_metric(Ranked(), "f1").name == "f1"
