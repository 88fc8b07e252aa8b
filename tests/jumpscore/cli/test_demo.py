"""``jumpscore demo --all``: the truth must earn everything, and only lmms-eval may be absent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evaluators.lmms.provider import NoLmmsEvalError
from jumpscore.cli import demo
from jumpscore.errors import DataError
from jumpscore.records import Metric


def run_of(**means):
    """A run of these metrics, each named after its unit and direction."""
    described = {
        "share": Metric("share", ""),
        "share_reference": Metric("share_reference", ""),
        "floor": Metric("floor", "", better=None),
        "error": Metric("error", "", "events", "lower"),
        "theirs": Metric("theirs", "", "number", "higher"),
    }
    return SimpleNamespace(
        result=SimpleNamespace(
            task="made",
            headline=tuple(means),
            described=tuple(described[name] for name in means),
            metrics={name: SimpleNamespace(mean=mean) for name, mean in means.items()},
        )
    )


def test_wrong_numbers_lists_imperfect_headlines():
    right = run_of(share=1.0, share_reference=0.9, floor=0.3, error=1e-9, theirs=100.0)
    assert demo.wrong_numbers(right) == []
    assert demo.wrong_numbers(run_of(theirs=1.0)) == []
    wrong = run_of(share=0.99, error=0.1, theirs=50.0)
    assert demo.wrong_numbers(wrong) == [
        "task made, share: 0.99 from the truth, 1 expected",
        "task made, error: 0.1 from the truth, 0 expected",
        "task made, theirs: 50.0 from the truth, 1 expected",
    ]
    assert demo.wrong_numbers(run_of(share=None)) == [
        "task made, share: None from the truth, 1 expected"
    ]


@pytest.fixture
def one_task(monkeypatch):
    """Only this other task, and a run of it that ends as told."""

    def patch(name, error):
        def run(*_, **__):
            raise error

        monkeypatch.setattr(demo.TASKS, "targets", lambda: {"jumpscore": "", name: ""})
        monkeypatch.setattr(demo, "_run", run)

    return patch


def test_other_tasks_skip_only_missing_lmms_eval(one_task, tmp_path, capsys):
    one_task("lmms", NoLmmsEvalError("no lmms-eval here"))
    assert demo._other_tasks(tmp_path, tmp_path) == []
    assert "lmms: left out (no lmms-eval here)" in capsys.readouterr().err
    one_task("spatial", DataError("a broken set"))
    with pytest.raises(DataError, match="a broken set"):
        demo._other_tasks(tmp_path, tmp_path)


@pytest.mark.slow
def test_other_tasks_score_the_truth_fully(monkeypatch, tmp_path):
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "cache"))
    target = demo.TASKS.targets()["tracking"]
    monkeypatch.setattr(demo.TASKS, "targets", lambda: {"tracking": target})
    runs = demo._other_tasks(tmp_path / "demo", tmp_path)
    assert [run.result.headline[0] for run in runs] == ["point_f1", "j_and_f"]
    assert [demo.wrong_numbers(run) for run in runs] == [[], []]


def test_run_demo_fails_on_wrong_numbers(monkeypatch, tmp_path, capsys):
    plain = SimpleNamespace(result=SimpleNamespace(unscored=0))
    other = run_of(share=0.5)
    other.result.unscored = 0
    for name, value in {
        "bundled_set": SimpleNamespace(render=lambda *_: tmp_path),
        "_installed": ["oracle", "oracle"],
        "_run": plain,
        "write_page": tmp_path,
        "leader_table": "",
        "compared_metrics": [],
        "comparison_table": "",
        "compare_runs": {},
        "tasks_table": "",
        "_other_tasks": [other],
    }.items():
        monkeypatch.setattr(demo, name, lambda *_, value=value, **__: value)
    assert demo.run_demo(tmp_path, every_task=True, workers=None) is True
    assert "wrong: task made, share: 0.5 from the truth" in capsys.readouterr().err
    assert demo.run_demo(tmp_path, every_task=False, workers=None) is False
