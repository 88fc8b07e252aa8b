from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from evaluators.columns import columns_of
from jumpscore.errors import DataError
from jumpscore.harness import score, score_run
from jumpscore.records import Response, SampleScore, TimelineView
from jumpscore.runs import long_scores, read_run, reader
from jumpscore.runs.lines import parse_responses, response_line, score_line
from jumpscore.runs.long_responses import LongResponses
from jumpscore.runs.long_scores import LongScores, OpenedFile, ScoreWriter, failed_scores, indexed
from jumpscore.studies.compare import compare_runs
from tests.jumpscore.harness.stub import Stub

SCORES = tuple(
    SampleScore(
        f"clip{k}",
        "error" if k % 7 == 3 else "ok",
        {"f1": k / 10, "late": None} | ({"rare": 1.0} if k == 5 else {}) if k % 7 != 3 else {},
        notes={"odd": 1} if k % 2 else {},
        group=("a", f"b{k % 2}"),
        view=TimelineView((0.5,), (0.5 + k,), ((0, 0),), 30.0),
    )
    for k in range(30)
)


@pytest.fixture
def long(monkeypatch):
    """Every run counts as long."""
    monkeypatch.setattr(long_scores, "KEPT", 1)
    monkeypatch.setattr(reader, "KEPT", 1)
    monkeypatch.setattr(score, "KEPT", 1)
    monkeypatch.setattr(long_scores, "_BLOCK", 1000)


def written(file: Path, scores=SCORES):
    with file.open("w") as sink:
        writer = ScoreWriter(sink, file, file)
        for score in scores:
            writer.add(score)
        return writer, *writer.scores()


def test_long_scores_equal_their_objects(tmp_path, long):
    _, scores, columns = written(tmp_path / "scores.jsonl")
    assert isinstance(scores, LongScores)
    assert scores == SCORES
    assert tuple(scores) == SCORES
    assert [scores[k] for k in range(-30, 30)] == [SCORES[k] for k in range(-30, 30)]
    assert scores[4:20:3] == SCORES[4:20:3]
    assert scores.columns is columns
    assert list(failed_scores(scores)) == [one for one in SCORES if one.status == "error"]
    with pytest.raises(IndexError):
        scores[30]


def test_short_scores_stay_objects(tmp_path):
    _, scores, _ = written(tmp_path / "scores.jsonl")
    assert scores == SCORES
    assert isinstance(scores, tuple)


def test_long_scores_stay_readable_if_their_file_is_replaced(tmp_path, long):
    file = tmp_path / "scores.jsonl"
    _, scores, _ = written(file)
    (tmp_path / "new").write_text("something else")
    (tmp_path / "new").replace(file)
    assert scores == SCORES


def test_long_scores_of_a_damaged_line_name_it(tmp_path, long):
    file = tmp_path / "scores.jsonl"
    lines = [score_line(score) for score in SCORES[:3]]
    file.write_text(lines[0] + '{"format": 3}\n' + lines[2])
    scores = LongScores(OpenedFile(file), indexed(OpenedFile(file))[1], file)
    assert scores[2] == SCORES[2]
    with pytest.raises(DataError, match=r"scores\.jsonl: line 2: id: field required; 'jumpscore"):
        list(scores)


@pytest.mark.parametrize("content", [b"", b"a\n", b"a\nb", b"\n\n", b"x" * 2500 + b"\ny\n"])
def test_indexed_ends_of_lines(tmp_path, long, content):
    (tmp_path / "file").write_bytes(content)
    digest, ends = indexed(OpenedFile(tmp_path / "file"))
    assert digest == hashlib.sha256(content).hexdigest()
    lines = content.splitlines(keepends=True)
    assert list(ends) == [len(b"".join(lines[: k + 1])) for k in range(len(lines))]


def test_columns_of_scores():
    columns = columns_of(SCORES)
    expected = [np.nan if k % 7 == 3 else k / 10 for k in range(30)]
    np.testing.assert_array_equal(columns.column("f1"), expected)
    assert np.isnan(columns.column("late")).all()
    assert np.flatnonzero(~np.isnan(columns.column("rare"))).tolist() == [5]
    assert np.isnan(columns.column("unknown")).all()
    assert (columns.notes, columns.kinds) == ({"odd": 15}, {"timeline"})
    scored = columns.scored()
    assert scored.ids == [one.id for one in SCORES if one.status == "ok"]
    assert np.flatnonzero(~np.isnan(scored.column("rare"))).tolist() == [4]
    again = scored.select([4, 0])
    assert (again.ids, again.column("f1").tolist()) == (["clip5", "clip0"], [0.5, 0.0])


def test_long_run_equals_a_short_one(start, monkeypatch, request):
    short = start(Stub(), name="short")
    request.getfixturevalue("long")
    run = start(Stub(), name="long")
    assert isinstance(run.scores, LongScores)
    assert run.scores == short.scores
    assert (run.folder / "scores.jsonl").read_bytes() == (
        short.folder / "scores.jsonl"
    ).read_bytes()
    assert (run.folder / "result.json").read_bytes() == (short.folder / "result.json").read_bytes()
    stored = read_run(run.folder)
    assert isinstance(stored.responses, LongResponses)
    assert stored == run
    assert score_run(run.folder).result == run.result
    compared = compare_runs(stored, short)
    assert compared == compare_runs(short, short)


def test_long_responses_of_repeated_and_torn_lines(tmp_path):
    file = tmp_path / "responses.jsonl"
    lines = [response_line(Response(name, text)) for name, text in ("a1", "b2", "a3")]
    file.write_bytes(b"".join([*lines, b"\n", lines[1][:20]]))
    responses = LongResponses(file)
    assert responses == parse_responses(file, file.read_bytes())
    assert (list(responses), responses["a"].text) == (["a", "b"], "3")
    file.write_bytes(b"".join([lines[0], b"{}\n", lines[1]]))
    with pytest.raises(DataError, match=r"line 2: is not a valid response \(id: field required"):
        len(LongResponses(file))
