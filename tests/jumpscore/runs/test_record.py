"""Records of runs: of this version, of earlier ones, and whatever else a file may contain."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from jumpscore.data.layout import read_manifest
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import read_repeats, score_repeats, score_run
from jumpscore.records import CountView, OverlayView, SpanView, TimelineView
from jumpscore.report.html import write_report
from jumpscore.runs import read_run
from jumpscore.runs.reader import read_record
from jumpscore.runs.record import FORMAT, RunRecord, parse_record
from jumpscore.runs.writer import RunStore
from jumpscore.studies import compare_runs
from tests.support import bare_record

DATA = Path(__file__).parents[2] / "data" / "runs"
MINI = Path(__file__).parents[3] / "annotations" / "mini"
VERSIONS = ("format_2_db01f5e", "format_2_5bb1f45")
RUNS = [
    folder.relative_to(DATA).as_posix()
    for version in VERSIONS
    for folder in sorted((DATA / version).iterdir())
    if folder.name != "repeats"
]


@pytest.fixture
def stored(tmp_path):
    """Return a copy of a stored run whose data set is where its record expects it."""

    def copy(name: str) -> Path:
        folder = tmp_path / "runs" / name
        shutil.copytree(DATA / name, folder)
        for file in folder.rglob("run.json"):
            text = file.read_text().replace("/data/mini", str(MINI))
            file.write_text(text.replace("/data/spatial_set", str(DATA / "spatial_set")))
        return folder

    return copy


def means(result) -> dict[str, float | None]:
    return {name: estimate.mean for name, estimate in result.metrics.items()}


def of_earlier(values: dict, earlier: dict) -> dict:
    """Return the values of the metrics that an earlier version had."""
    return {name: values[name] for name in earlier}


def raw(folder: Path, name: str):
    return json.loads((folder / name).read_text())


@pytest.mark.parametrize("name", RUNS)
def test_read_run_of_earlier_format(stored, name):
    folder = stored(name)
    run, result = read_run(folder), raw(folder, "result.json")
    assert means(run.result) == {key: m["mean"] for key, m in result["metrics"].items()}
    record, facts = run.record, raw(folder, "run.json")
    assert record.format == 2
    assert record.config.model.model_dump() == facts["config"]["model"]
    assert record.config.task.options == {
        key: value for key, value in facts["config"]["task"].items() if key != "name"
    }
    assert record.identity.task.model_dump() == facts["identity"]["task"]
    assert record.extras.title == run.result.model


def test_read_run_of_earlier_format_gives_views(stored):
    version = VERSIONS[0]
    [score, *_] = read_run(stored(f"{version}/oracle")).scores
    assert isinstance(score.view, TimelineView)
    assert (len(score.view.truth), len(score.view.answered), len(score.view.pairs)) == (37, 39, 37)
    assert (score.view.truth[0], score.view.answered[0]) == (0.71, 0.8)
    assert (score.view.duration, score.parse.parser) == (18.2, "list")
    [score, *_] = read_run(stored(f"{version}/count")).scores
    assert score.view == CountView(37, 36)
    first, second = read_run(stored(f"{version}/timelens")).scores
    assert first.view == SpanView((0.71, 1.69), (0.5, 2.0))
    assert second.view == SpanView((5.46, 6.47))
    for name in ("spatial", "tracking", "traces"):
        assert all(
            isinstance(s.view, OverlayView) for s in read_run(stored(f"{version}/{name}")).scores
        )
    [free, *_] = read_run(DATA / version / "spatial").scores
    [drawing] = free.view.drawings
    assert [(shape.side, shape.form) for shape in drawing.shapes] == [
        ("truth", "area"), ("answer", "points"),
    ]  # fmt: skip
    assert drawing.shapes[1].points == ((0.9, 0.8), (0.1, 0.1))
    assert (drawing.caption, free.parse.parser) == ("1 of 2 points inside", "brackets")


@pytest.mark.parametrize(
    "name", [name for name in RUNS if name.split("/")[1] in ("oracle", "content_free", "spatial")]
)
def test_score_run_of_earlier_format(stored, name):
    folder = stored(name)
    before = read_run(folder)
    again = score_run(folder)
    earlier = means(before.result)
    assert of_earlier(means(again.result), earlier) == pytest.approx(earlier, abs=1e-12)
    for score, first in zip(again.scores, before.scores, strict=True):
        assert of_earlier(score.values, first.values) == first.values
    assert [score.view for score in again.scores] == [score.view for score in before.scores]
    assert read_run(folder).scores == again.scores
    assert {json.loads(line)["format"] for line in (folder / "scores.jsonl").open()} == {FORMAT}


@pytest.mark.parametrize("version", VERSIONS)
def test_read_repeats_of_earlier_format(stored, version):
    folder = stored(f"{version}/repeats")
    before = read_repeats(folder)
    assert before.result.seeds == (0, 1)
    assert means(before.result) == {
        key: spread["mean"] for key, spread in raw(folder, "repeats.json")["metrics"].items()
    }
    earlier = means(before.result)
    again = means(score_repeats(folder).result)
    assert of_earlier(again, earlier) == pytest.approx(earlier, abs=1e-12)


def test_compare_runs_of_earlier_formats(stored):
    old, new = (read_run(stored(f"{version}/oracle")) for version in VERSIONS)
    with pytest.raises(UsageError, match="scored by versions 1 and 2"):
        compare_runs(old, new)
    old = score_run(old.folder)
    assert compare_runs(old, new)["f1"].difference == pytest.approx(0, abs=1e-12)
    grid = score_run(stored(f"{VERSIONS[0]}/content_free"))
    comparison = compare_runs(old, grid)["f1"]
    assert comparison.difference == pytest.approx(
        old.result.metrics["f1"].mean - grid.result.metrics["f1"].mean
    )


@pytest.mark.parametrize("name", RUNS)
def test_write_report_of_earlier_format(stored, name):
    run = read_run(stored(name))
    page = write_report(run).read_text(encoding="utf-8")
    assert page.count('<article class="sample"') == len(run.scores)
    kinds = {
        TimelineView: 'class="timeline"', SpanView: 'class="spans"', OverlayView: 'class="plate"',
        CountView: "<dt>jumps</dt>",
    }  # fmt: skip
    assert all(kinds[type(score.view)] in page for score in run.scores)


@pytest.mark.parametrize("name", [f"{VERSIONS[0]}/oracle", f"{VERSIONS[0]}/spatial"])
def test_show_of_earlier_format(stored, name):
    from jumpscore.cli.app import app

    folder = stored(name)
    score = read_run(folder).scores[0]
    result = CliRunner().invoke(app, ["show", str(folder), score.id])
    assert result.exit_code == 0, result.output
    assert f"parser: {score.parse.parser}" in result.output


def test_record_reads_back_as_it_was(tmp_path):
    record = bare_record()
    with RunStore(tmp_path / "a") as store:
        store.open(record)
    assert read_record(tmp_path / "a") == record
    assert record.format == FORMAT


def test_record_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        bare_record().identity.seed = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 4}, r"has format 4, this version reads 2 and 3"),
        ({"format": None}, "has format None"),
        ({"identity": {}}, r"identity\.model: field required"),
        ({"identity": bare_record().identity.model_dump() | {"extra": 1}}, r"identity\.extra"),
        ({"config": {"model": {}, "task": {"name": "x"}}}, r"config\.model\.name: field required"),
        ({"extras": {"unknown_ids": 3, "needs_truth": False}}, r"extras\.unknown_ids"),
        ({"data": []}, "data: "),
    ],
)
def test_read_record_names_what_is_wrong(tmp_path, change, message):
    (tmp_path / "run.json").write_text(json.dumps(bare_record().model_dump() | change))
    with pytest.raises(DataError, match=rf"run\.json: .*{message}.*; restore it, or delete"):
        read_record(tmp_path)


def test_open_lists_what_changed(tmp_path):
    record = bare_record()
    with RunStore(tmp_path) as store:
        store.open(record)
    identity = record.identity.model_copy(
        update={"seed": 7, "model": {"model": "made up", "options": {"period": 0.5}}}
    )
    with RunStore(tmp_path) as store, pytest.raises(UsageError) as error:
        store.open(record.model_copy(update={"identity": identity}))
    assert "\n  model.options: unset -> {'period': 0.5}\n  seed: 0 -> 7\n" in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = sorted(RunRecord.model_fields)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=4))
def test_parse_record_of_foreign_object(content):
    with pytest.raises(ValueError, match=r"."):  # no other error
        parse_record(content)


@given(st.sampled_from(KEYS), st.integers(0, 8), JSON)
def test_parse_record_of_damaged_field(key, place, value):
    """What is accepted is complete: every value reads back."""
    content = bare_record().model_dump()
    if isinstance(content[key], dict) and place < len(content[key]):
        content[key][sorted(content[key])[place]] = value
    else:
        content[key] = value
    with suppress(ValueError):
        record = parse_record(content)
        assert repr(parse_record(json.loads(json.dumps(record.model_dump())))) == repr(record)


def test_manifest_of_the_stored_runs_is_the_bundled_one():
    assert read_manifest(MINI).name == read_run(DATA / RUNS[0]).result.data
