"""Answers in tables, written by pandas like those of VLMEvalKit."""

from __future__ import annotations

import pandas as pd
import pytest

from jumpscore.data.predictions import StoredAnswer, read_predictions
from jumpscore.errors import DataError

ANSWERS = {
    "a": "[0.28, 0.76]",
    "b": 'first line\nsecond line\twith a tab, and a "quote"',
    "c": "=1.5 s",  # looks like a formula
    "d": "",
    "e": "3",
    "f": "None",  # not a missing value
    "0007": "ä 跳 at 1.5 s",
}


def vlmevalkit(answers=ANSWERS, **columns):
    frame = pd.DataFrame({"index": list(answers), "question": "When?", "answer": "[9.0]"})
    frame["prediction"] = list(answers.values())
    return frame.assign(**columns)


def written(frame, path):
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False, engine="openpyxl")
    elif path.suffix == ".tsv":
        frame.to_csv(path, sep="\t", index=False, encoding="utf-8", quoting=1)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("name", ["r.xlsx", "r.tsv", "r.csv", "r.parquet"])
def test_read_predictions_all_table_formats_agree(tmp_path, name):
    predictions = read_predictions(written(vlmevalkit(), tmp_path / name))
    assert {key: prediction.text for key, prediction in predictions.items()} == ANSWERS
    assert predictions.unreadable == ()


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_read_predictions_any_delimiter(tmp_path, suffix, separator):
    path = tmp_path / f"r{suffix}"
    vlmevalkit().to_csv(path, sep=separator, index=False)
    predictions = read_predictions(path)
    assert {key: prediction.text for key, prediction in predictions.items()} == ANSWERS


@pytest.mark.parametrize("name", ["r.xlsx", "r.tsv"])
def test_read_predictions_vlmevalkit_table(tmp_path, name):
    answers = {0: "[1.0]", 1: "Failed to obtain answer via API.", 2: "[2.0]"}
    frame = vlmevalkit(
        answers, video=["x", "y", "z"], score=[0.5, None, 1.0], hit=[True, False, True]
    )
    predictions = read_predictions(written(frame, tmp_path / name))
    assert predictions == {"0": StoredAnswer("[1.0]"), "2": StoredAnswer("[2.0]")}
    [record] = predictions.unreadable
    assert (record.place, record.id) == ("row 3", "1")
    assert predictions.match({"x": (), "y": (), "z": ()}).answer_ids == {"x": "0", "z": "2"}


def test_read_predictions_numbers_as_floats(tmp_path):
    frame = pd.DataFrame({"index": [1.0, 2.0], "prediction": [3, 4]})
    predictions = read_predictions(written(frame, tmp_path / "r.xlsx"))
    assert predictions == {"1": StoredAnswer("3"), "2": StoredAnswer("4")}


@pytest.mark.filterwarnings("ignore:Cell contents too long")
def test_read_predictions_cut_cell_has_finish_reason_length(tmp_path):
    path = written(vlmevalkit({"a": "1.5 s " * 10_000, "b": "2 s"}), tmp_path / "r.xlsx")
    predictions = read_predictions(path)
    assert len(predictions["a"].text) == 32_767
    assert predictions["a"].finish_reason == "length"
    assert predictions["b"].finish_reason == "stop"


def test_read_predictions_long_answer_in_text(tmp_path):
    text = "1.5 s " * 50_000
    path = written(vlmevalkit({"a": text}), tmp_path / "r.tsv")
    assert read_predictions(path) == {"a": StoredAnswer(text)}


def test_read_predictions_json_in_cells(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text('id,times,confidences\na,"[1, 2.5]","[0.5, 1]"\nb,[],\n')
    assert read_predictions(path) == {
        "a": StoredAnswer("[1, 2.5]", confidences=(0.5, 1.0)),
        "b": StoredAnswer("[]"),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header"),
        (b"id,text\n", "contains no answers"),
        (b"id,text,text\na,b,c\n", "has several columns named 'text'"),
        (b"name,text\na,b\n", r"row 2: has no id under any of the keys id, question_id"),
        (
            b"id,answer\na,b\n",
            r"row 2 \(id 'a'\): needs exactly one of 'text'.* it has 'id', 'answer'",
        ),
    ],
)
def test_read_predictions_rejects_bad_tables(tmp_path, content, message):
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_predictions(path)


def test_read_predictions_damaged_workbook(tmp_path):
    import zipfile

    path = written(vlmevalkit(), tmp_path / "r.xlsx")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is a damaged archive"):
        read_predictions(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(DataError, match="cannot be read as an Excel workbook"):
        read_predictions(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "x")
    with pytest.raises(DataError, match="neither an Excel workbook nor an inspect_ai log"):
        read_predictions(path)


@pytest.mark.parametrize("seed", range(20))
def test_read_predictions_workbook_with_damaged_bytes(tmp_path, seed):
    import random

    path = written(vlmevalkit(), tmp_path / "r.xlsx")
    content, generator = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(5):
        content[generator.randrange(4, len(content))] = generator.randrange(256)
    path.write_bytes(content)
    try:
        predictions = read_predictions(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert len(predictions) > 0


def test_read_predictions_rejects_huge_workbook(tmp_path, monkeypatch):
    monkeypatch.setattr("jumpscore.data.answer_tables.LARGEST_WORKBOOK", 1000)
    with pytest.raises(DataError, match=r"unpacks to .* bytes, more than the limit of 1,000"):
        read_predictions(written(vlmevalkit(), tmp_path / "r.xlsx"))


def test_read_predictions_without_openpyxl(tmp_path, monkeypatch):
    import sys

    from jumpscore.errors import UsageError

    path = written(vlmevalkit(), tmp_path / "r.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r"pip install 'jumpscore\[answers\]'"):
        read_predictions(path)
