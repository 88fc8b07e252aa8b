"""The export to lmms-eval, without lmms-eval; tests/lmms runs it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_task
from jumpscore.lmms import rows
from jumpscore.lmms.export import export_task
from tests.support import render_mini

FUNCTIONS = ("doc_to_visual", "doc_to_text", "doc_to_messages", "process_results")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("export")
    render_mini("mini_traces", root / "set")
    return root


@pytest.fixture(scope="module")
def documents(folder):
    name, count = export_task(make_task("traces", {"data": str(folder / "set")}), folder / "tasks")
    assert (name, count) == ("mini_traces", 16)
    lines = (folder / "tasks" / "mini_traces.jsonl").read_text().splitlines()
    return {document["id"]: document for document in map(json.loads, lines)}


def loaded(file: Path) -> dict:
    """A YAML whose functions are their names."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))
    return yaml.load(file.read_text(), Loader=Loader)


def test_export_task_yaml(folder, documents):
    written = loaded(folder / "tasks" / "mini_traces.yaml")
    assert written["task"] == "mini_traces"
    assert Path(written["dataset_kwargs"]["data_files"]["test"]).is_file()
    names = [metric["metric"] for metric in written["metric_list"]]
    task = make_task("traces", {"data": str(folder / "set")})
    assert names == [*(metric.name for metric in task.metrics), "unscored"]
    higher = {metric["metric"]: metric["higher_is_better"] for metric in written["metric_list"]}
    assert (higher["success"], higher["rmse"], higher["unscored"]) == (True, False, False)
    shared = loaded(Path(written["include"]))
    for name in FUNCTIONS:
        assert shared[name] == f"jumpscore.lmms.rows.{name}"
        assert callable(getattr(rows, name))
    assert shared["generation_kwargs"]["until"] == []


def test_export_task_documents_lead_to_samples(documents):
    document = documents["2-tracespatial-3d"]
    assert all(isinstance(value, str) for value in document.values())
    [turn] = rows.doc_to_messages(document)
    picture, text = turn["content"]
    assert (picture["type"], picture["url"].size) == ("image", (320, 240))
    assert text["text"] == rows.doc_to_text(document) == document["prompt"]
    values = rows.process_results(document, [document["answer"]])
    assert (values["success"], values["success_path"], values["unscored"]) == (1.0, 1.0, 0.0)
    assert math.isnan(values["rmse_999"])  # another rule's


@settings(deadline=None, max_examples=30)
@given(st.text(st.sampled_from("0123456789.,-()[] \n`") | st.characters(), max_size=40))
def test_process_results_accepts_any_text(documents, text):
    for rule in ("tracespatial-2d", "vabench", "sharerobot"):
        values = rows.process_results(documents[f"0-{rule}"], [text])
        assert all(isinstance(value, float) for value in values.values())
        assert values["unscored"] == 0.0


def test_process_results_counts_unscored(documents):
    known = documents["0-vabench"]
    for broken in ({"id": "gone"}, {"options": "{}no json"}, {"task": "trace"}):
        values = rows.process_results(known | broken, ["[[1, 2], [3, 4]]"])
        assert values.pop("unscored") == 1.0
        assert all(math.isnan(value) for value in values.values())


def test_mean_leaves_out_undefined_values():
    assert rows.mean([1.0, math.nan, 0.0]) == 0.5
    assert math.isnan(rows.mean([math.nan]))


def test_export_task_refuses_rates(tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(UsageError, match="is not a mean over samples"):
        export_task(make_task("jumpscore", {"data": str(tmp_path / "set")}), tmp_path / "tasks")
