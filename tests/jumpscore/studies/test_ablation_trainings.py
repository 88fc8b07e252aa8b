"""An ablation over trainings: its numbers follow from its single ablations."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from jumpscore.errors import UsageError
from jumpscore.harness import open_session
from jumpscore.report.ablation import ablation_table, write_ablation_page
from jumpscore.scoring import Ratio
from jumpscore.scoring.trainings import compare_trainings, estimate_trainings
from jumpscore.studies.ablation import ABLATION, ablate, read_ablation
from jumpscore.studies.ablation_plan import AblationPlan
from jumpscore.studies.ablation_trainings import ablate_trainings, training_names
from model_wrappers.base import ModelOptions
from tests.jumpscore.studies.test_ablation import TRUTHS, Looks, printed, written_set

PLAN = AblationPlan(tokens=[72], metric="f1", references=[{"count": 4}])
FRAMES = np.array([[2 / 3, 1.0], [2 / 3, 1.0], [1 / 2, 0.8]])
"""F1 of both trainings on frames [clips, trainings]: one and two of 2, 2 and 3 events."""


class Options(ModelOptions):
    checkpoint: str = ""


class Trained(Looks):
    """A training answers as many events on frames as its seed."""

    name = "trained"
    Options = Options

    def __init__(self, checkpoint, max_pixels=7056):
        super().__init__()
        self.options = Options(checkpoint=checkpoint)
        self.seed = int(checkpoint[-1])
        self.max_pixels = max_pixels

    def default_input(self, kind):
        return {"max_pixels": self.max_pixels}

    def identity(self):
        return self.stated() | {"weights": self.seed}

    def answer(self, question, visual):
        response = super().answer(question, visual)
        words, _, times = response.text.partition("\n")
        events = next(truth for truth in TRUTHS if str(truth[0]) in times)
        answered = events if visual.kind == "codec" else events[: self.seed]
        return replace(response, text=f"{words}\n{list(answered)}")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return written_set(tmp_path_factory.mktemp("greys"))


def sessions(data, *models):
    return {
        model.options.checkpoint: partial(
            open_session, model, "jumpscore", task_options={"data": str(data)}
        )
        for model in models
    }


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("trainings")
    return out, ablate_trainings(sessions(data, Trained("seed1"), Trained("seed2")), PLAN, out)


class TestNumbers:
    def test_scores_and_differences_of_all_trainings(self, finished):
        _, ablation = finished
        [budget] = ablation.budgets
        columns = [Ratio.mean(values) for values in FRAMES.T]
        perfect = [Ratio.mean(np.ones(3))] * 2
        score, over = estimate_trainings(columns)
        assert budget.frames.score.mean == pytest.approx(score.mean)
        assert budget.frames.score.stderr == pytest.approx(score.stderr)
        # Student's t with one degree of freedom reaches beyond 0 and 1.
        assert (budget.frames.score.ci_low, budget.frames.score.ci_high) == (0.0, 1.0)
        assert budget.frames.over_trainings.values == pytest.approx(FRAMES.mean(axis=0))
        assert budget.frames.over_trainings.share == pytest.approx(over.share)
        difference, over = compare_trainings(perfect, columns)
        assert budget.difference.difference == pytest.approx(difference.difference)
        assert budget.difference.p_value == pytest.approx(difference.p_value)
        assert (budget.difference.ci_low, budget.difference.ci_high) == (-1.0, 1.0)
        assert budget.over_trainings.values == pytest.approx(over.values)
        assert (budget.seen.difference, budget.leak.difference) == (1.0, 0.0)
        assert (budget.frames.total, budget.frames.unscored) == (3, 0)

    def test_each_training_has_an_ordinary_ablation(self, finished):
        out, ablation = finished
        assert ablation.trainings == ("seed1", "seed2")
        for place, name in enumerate(ablation.trainings):
            single = read_ablation(out / "trainings" / name)
            assert single.trainings == ()
            for one, all_of_them in zip(single.outcomes, ablation.outcomes, strict=True):
                assert all_of_them.run == one.run
                mean = all_of_them.over_trainings.values[place]
                assert one.score.mean == pytest.approx(mean, abs=1e-12)
        assert read_ablation(out) == ablation

    def test_ablate_trainings_resumes_and_adds_a_training(self, finished, data, tmp_path):
        shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
        first, added = Trained("seed1"), Trained("seed3")
        ablate_trainings(sessions(data, first, added), PLAN, tmp_path)
        assert (first.asked, added.asked) == (0, 5 * 3)
        assert read_ablation(tmp_path).trainings == ("seed1", "seed3")


class TestReports:
    def test_table_and_page_report_each_training(self, finished, tmp_path):
        _, ablation = finished
        text = " ".join(printed(ablation_table(ablation)).split())
        share = f"{100 * ablation.budgets[0].frames.over_trainings.share:.0f}%"
        assert (
            f"72 seed1 61.1 100.0 +38.9 seed2 93.3 100.0 +6.7 variance from trainings {share}"
            in text
        )
        assert "trained, 2 trainings" in text
        page = write_ablation_page(ablation, tmp_path).read_text()
        assert "Each training" in page
        assert "<td>seed2</td>" in page
        single = replace(ablation, trainings=())
        assert "Each training" not in write_ablation_page(single, tmp_path).read_text()


class TestRefusals:
    def test_one_training_has_no_interval_over_trainings(self, data, tmp_path):
        with pytest.raises(UsageError, match="needs at least two, got seed1; add a checkpoint"):
            ablate_trainings(sessions(data, Trained("seed1")), PLAN, tmp_path)

    def test_equal_weights_are_one_training(self, data, tmp_path):
        copies = Trained("a/seed1"), Trained("b/seed1")
        with pytest.raises(UsageError, match="a/seed1 and b/seed1 are the same weights"):
            ablate_trainings(sessions(data, *copies), PLAN, tmp_path)
        assert [model.asked for model in copies] == [0, 0]

    def test_other_inputs_are_another_recipe(self, data, tmp_path):
        models = Trained("seed1"), Trained("seed2", max_pixels=14112)
        with pytest.raises(UsageError, match=r"differ in input, so they are not trainings of one"):
            ablate_trainings(sessions(data, *models), replace(PLAN, controls=False), tmp_path)
        assert not (tmp_path / ABLATION).exists()
        assert [model.asked for model in models] == [0, 0]

    def test_folders_of_one_and_of_several_trainings_are_not_mixed(self, finished, data, tmp_path):
        out, _ = finished
        several = pytest.raises(UsageError, match="of several trainings; choose another --out")
        with sessions(data, Trained("seed1"))["seed1"]() as session, several:
            ablate(session, PLAN, out)
        (tmp_path / "runs").mkdir()
        with pytest.raises(UsageError, match="of one training; choose another --out"):
            ablate_trainings(sessions(data, Trained("seed1"), Trained("seed2")), PLAN, tmp_path)


@pytest.mark.parametrize(
    ("checkpoints", "names"),
    [
        (["a/x", "b/y"], ["x", "y"]),
        (["a/best", "b/best"], ["a-best", "b-best"]),
        (["a/x", "b/y", "c/y"], ["x", "b-y", "c-y"]),
        (["../..", "/x/.."], ["_-..", "x-.."]),
        (["owner/Model", "owner/model"], None),
        (["x", "x"], None),
    ],
)
def test_training_names_are_distinct_folders(checkpoints, names):
    if names is None:
        with pytest.raises(UsageError, match="listed twice"):
            training_names(checkpoints)
    else:
        assert training_names(checkpoints) == names
