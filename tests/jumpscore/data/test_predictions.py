from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data.predictions import StoredAnswer, read_predictions
from jumpscore.errors import DataError
from jumpscore.scoring import parse_reference, reference_map

LMMS = Path(__file__).parents[2] / "data" / "lmms_eval_samples.jsonl"


FRAGMENTS = [
    *(
        '{"id": ',
        '"a"',
        "}",
        "]",
        "[",
        ", ",
        "\n",
        '"times": [1.5]',
        '"text": "x"',
        "null",
        "1e999",
    ),
    *('"doc_id": 3', '"version": 2, "status": "x", "eval": {}, "samples": [', '{"a": [1]}'),
    *("\\ud800", "id\ttext\n", "id,times\n", "a\t", '"', "\x00", "\ufeff", "7,", "NaN", "\\"),
    "index,prediction\n",
]


@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=12).map("".join),
    st.sampled_from(["json", "jsonl", "tsv", "csv", "eval", "xlsx", ""]),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_read_predictions_reads_or_rejects_any_text(tmp_path_factory, text, suffix, encoding):
    path = tmp_path_factory.getbasetemp() / f"fuzzed.{suffix}"
    path.write_bytes(text.encode(encoding, "replace"))
    try:
        predictions = read_predictions(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017
        return
    assert len(predictions) > 0
    assert all(isinstance(prediction.text, str) for prediction in predictions.values())
    match = predictions.match({"a": (), "b": ()})
    assert set(match.answer_ids.values()) <= set(predictions)


def write(tmp_path, *lines: object) -> Path:
    path = tmp_path / "answers.jsonl"
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(text) + "\n")
    return path


def test_read_predictions_jsonl(tmp_path):
    path = write(
        tmp_path,
        {"id": "a", "text": "[1.0]", "finish_reason": "length"},
        {"id": "b", "times": [1, 2.5], "confidences": [0.5, 1]},
        {"id": 7, "times": []},
    )
    assert read_predictions(path) == {
        "a": StoredAnswer("[1.0]", finish_reason="length"),
        "b": StoredAnswer("[1, 2.5]", confidences=(0.5, 1.0)),
        "7": StoredAnswer("[]"),
    }


def test_read_predictions_json_object(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"a": [1.0], "b": "at 2 s"}, indent=2))
    assert read_predictions(path) == {"a": StoredAnswer("[1.0]"), "b": StoredAnswer("at 2 s")}


def test_read_predictions_single_record(tmp_path):
    assert read_predictions(write(tmp_path, {"id": "a", "times": [1]})) == {
        "a": StoredAnswer("[1]")
    }


def test_read_predictions_lmms_eval_samples():
    predictions = read_predictions(LMMS)
    records = [json.loads(line) for line in LMMS.read_text().splitlines()]
    assert len(predictions) == len(records) == 5
    for record in records:
        logged = record["jumpscore_map"]
        text = predictions[logged["question_id"]].text
        assert reference_map(parse_reference(text), json.loads(record["target"])) == logged["map"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "contains no answers; expected JSONL"),
        (["[1, 2]"], "item 1: is not a JSON object \\('1'\\); none of the 2 records can be read"),
        (["{broken"], r"line 1: is not valid JSON \(Expecting property name .*\); expected JSONL"),
        ([{"times": [1]}], "line 1: has no id"),
        ([{"id": True, "times": [1]}], "has no id"),
        ([{"id": "a"}], r"line 1 \(id 'a'\): has no answer; add 'text' or 'times'"),
        ([{"id": "a", "times": ""}], "has no answer; add 'text' or 'times'"),
        (
            [{"id": "a", "answer": "x"}],
            "needs exactly one of 'text', a list 'times' or 'masks'; it has 'id', 'answer'",
        ),
        ([{"id": "a", "text": "x", "times": []}], "a list 'times' or 'masks'; it has"),
        ([{"id": "a", "times": 5}], r"'times' is not a list of numbers \(5\)"),
        ([{"id": "a", "times": "abc"}], r"'times' is not a list of numbers \('abc'\)"),
        ([{"id": "a", "text": "x", "finish_reason": "tired"}], "finish_reason is 'tired'"),
        ([{"id": "a", "times": [1], "confidences": [1, 2]}], "one number per time"),
        ([{"id": "a", "times": [1], "confidences": ["x"]}], "one number per time"),
        (
            [{"id": "a", "times": [1]}, {"id": "b", "times": []}, {"id": "a", "times": [2]}],
            r"line 3: id 'a' has a second answer \(the first is in line 1\)",
        ),
        ([{"doc_id": 3, "doc": {}, "filtered_resps": ["x"]}], "document 3 has no 'id'"),
        (
            [{"doc_id": 3, "doc": {"id": "a"}, "resps": [[]]}],
            "'filtered_resps' nor 'resps' contains a text",
        ),
    ],
)
def test_read_predictions_error_names_line_and_id(tmp_path, lines, message):
    with pytest.raises(DataError, match=message):
        read_predictions(write(tmp_path, *lines))


def test_read_predictions_error_names_character(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": [' + "1.5, " * 20 + '2.5],, "b": [1.0]}')
    with pytest.raises(DataError, match=r"is not valid JSON \(.* at character 113\)"):
        read_predictions(path)


@pytest.mark.parametrize("records", [{"a": {"times": [1.5]}}, [{"id": "a", "times": [1.5]}]])
@pytest.mark.parametrize("cut", [1, 8])
def test_read_predictions_truncated_indented_json(tmp_path, records, cut):
    path = tmp_path / "a.json"
    text = json.dumps(records, indent=2)
    path.write_text(text[:-cut])
    with pytest.raises(DataError, match=r"is not valid JSON: .* at line \d, column \d+; correct"):
        read_predictions(path)


def test_read_predictions_trailing_comma(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{\n  "a": [1.5],\n  "b": [2.5],\n}\n')
    with pytest.raises(DataError, match=r"is not valid JSON: .* at line [34], column \d+; correct"):
        read_predictions(path)


def test_read_predictions_keeps_invalid_masks_for_scoring(tmp_path):
    path = write(tmp_path, {"id": "a", "masks": "foo"}, {"id": "b", "masks": [None]})
    texts = {name: json.loads(answer.text) for name, answer in read_predictions(path).items()}
    assert texts == {"a": {"masks": "foo"}, "b": {"masks": [None]}}


def test_read_predictions_rejects_duplicate_key(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('{"a": [1.0], "a": [2.0]}')
    with pytest.raises(DataError, match="'a' has a second answer"):
        read_predictions(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_read_predictions_windows_encodings(tmp_path, encoding):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "ä", "times": [1.0]}\r\n{"id": "b", "times": []}\r\n', encoding)
    assert set(read_predictions(path)) == {"ä", "b"}


def test_read_predictions_rejects_infinite_confidence(tmp_path):
    with pytest.raises(DataError, match="must be finite"):
        read_predictions(write(tmp_path, {"id": "a", "times": [1], "confidences": [10**400]}))


def test_read_predictions_missing_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_predictions(tmp_path / "gone.jsonl")


def test_read_predictions_rejects_deep_nesting(tmp_path):
    with pytest.raises(DataError, match="line 1"):
        read_predictions(write(tmp_path, '{"id": ' + "[" * 200_000))


def test_read_predictions_masks(tmp_path):
    file = tmp_path / "masks.jsonl"
    rle = {"size": [1, 1], "counts": "01"}
    file.write_text(
        json.dumps({"id": "a", "masks": [rle, None]})
        + "\n"
        + json.dumps({"id": "b", "masks": {"dog": [None]}})
    )
    predictions = read_predictions(file)
    assert json.loads(predictions["a"].text) == {"masks": [rle, None]}
    assert json.loads(predictions["b"].text) == {"masks": {"dog": [None]}}
    file.write_text(json.dumps({"id": "a", "masks": None}))
    with pytest.raises(DataError, match="a list 'times' or 'masks'; it has"):
        read_predictions(file)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ('{"id": "b", "times": [' + "1" * 5_000 + "]}", "contains an integer of 5000 digits"),
        ('{"id": "b", "times": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
        ('{"id": "b", "times": [1], "times": [2]}', "the key 'times' occurs 2 times"),
        ('{"id": "b", "times": [1', "is not valid JSON (Expecting ',' delimiter"),
        (
            '{"id": "b", "text": "x", "times": [1]}',
            "needs exactly one of 'text', a list 'times' or 'masks'",
        ),
        ('{"id": "b", "text": null}', "has no answer, because its text is null"),
        ('{"id": "b", "text": "1 s", "prediction": "2 s"}', "has both 'text' and 'prediction'"),
        (
            '{"id": "b", "prediction": "Failed to obtain answer via API."}',
            "reports a failed request",
        ),
    ],
)
@pytest.mark.parametrize("form", ["lines", "list"])
def test_read_predictions_lists_unreadable_record(tmp_path, odd, reason, form):
    lines = ['{"id": "a", "times": [1]}', odd, '{"id": "c", "times": []}']
    if form == "list" and odd.endswith("}"):
        lines = ["[" + ",\n".join(lines) + "]"]
    predictions = read_predictions(write(tmp_path, *lines))
    assert predictions == {"a": StoredAnswer("[1]"), "c": StoredAnswer("[]")}
    [record] = predictions.unreadable
    assert reason in record.reason
    assert record.place in ("line 2", "item 2")
    assert record.id == "b"
    assert predictions.notes == {"records of the answers file that cannot be read": 1}


def test_read_predictions_lists_unreadable_member(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(
        '{"a": [1], "b": [' + "9" * 5_000 + '], "c": ' + "[" * 10**5 + "]" * 10**5 + "}"
    )
    predictions = read_predictions(path)
    assert predictions == {"a": StoredAnswer("[1]")}
    assert [record.id for record in predictions.unreadable] == ["b", "c"]


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_read_predictions_object_of_objects(tmp_path, indent):
    path = tmp_path / "answers.json"
    answers = {
        "aaaa": {"times": [0.28, 0.76, 1.24], "confidences": [1, 1, 0.5]},
        "b": {"text": "at 2 s", "finish_reason": "length", "id": "b"},
        "c": {"id": "d", "times": [1]},
        "e": {},
    }
    path.write_text(json.dumps(answers, indent=indent))
    predictions = read_predictions(path)
    assert predictions == {
        "aaaa": StoredAnswer("[0.28, 0.76, 1.24]", confidences=(1.0, 1.0, 0.5)),
        "b": StoredAnswer("at 2 s", finish_reason="length"),
    }
    assert [record.id for record in predictions.unreadable] == ["c", "e"]
    assert "contains the id 'd', which differs from its key" in predictions.unreadable[0].reason


def test_read_predictions_json_list(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([{"question_id": 3, "text": "x"}, {"id": "b", "times": [1]}]))
    assert read_predictions(path) == {"3": StoredAnswer("x"), "b": StoredAnswer("[1]")}


def test_read_predictions_counts_repeated_answers(tmp_path):
    predictions = read_predictions(write(tmp_path, *[{"id": "a", "times": [1]}] * 3))
    assert predictions == {"a": StoredAnswer("[1]")}
    assert predictions.notes == {"answers that the file contains twice, word for word": 2}


def test_read_predictions_resps_without_filtered_resps(tmp_path):
    both = {"doc_id": 0, "doc": {"id": "a"}, "resps": [["raw"]], "filtered_resps": ["filtered"]}
    one = {"doc_id": 1, "doc": {"id": "b"}, "resps": [["raw"]]}
    predictions = read_predictions(write(tmp_path, both, one))
    assert predictions == {"a": StoredAnswer("filtered"), "b": StoredAnswer("raw")}


def test_match_uses_the_key_that_fits_the_data_set(tmp_path):
    lines = [{"index": k, "video": f"v/{name}.mp4", "text": name} for k, name in enumerate("xyz")]
    predictions = read_predictions(write(tmp_path, *lines))
    assert predictions.match({"y": (), "z": (), "w": ()}).answer_ids == {"y": "1", "z": "2"}
    assert predictions.match({"y": (), "z": (), "w": ()}).unknown == ("0",)
    # Row numbers match as well, but are used only if no other key matches.
    assert predictions.match({"z": (), "y": (), "x": ()}).answer_ids == {
        "x": "0",
        "y": "1",
        "z": "2",
    }
    assert predictions.match({"q": (), "r": (), "s": ()}).answer_ids == {
        "q": "0",
        "r": "1",
        "s": "2",
    }
    assert predictions.match({"0": (), "1": (), "2": ()}).answer_ids == {
        "0": "0",
        "1": "1",
        "2": "2",
    }


def test_read_predictions_rejects_pickle(tmp_path):
    path = tmp_path / "answers.pkl"
    path.write_bytes(b"\x80\x04N.")
    with pytest.raises(DataError, match="pickles are not supported, because they can run code"):
        read_predictions(path)
