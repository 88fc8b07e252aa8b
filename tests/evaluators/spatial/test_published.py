"""Every published set, from files of the published form to questions with a truth that scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluators.spatial.convert import options_in
from evaluators.spatial.formats import PromptFormatter
from evaluators.spatial.published import SETS
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.data.layout import read_rows
from jumpscore.data.published import fetch_set
from jumpscore.errors import DataError
from jumpscore.records import Response
from tests.evaluators.spatial.sources import (
    CHAIRS,
    LISTED,
    ONLY,
    SOURCES,
    VSI_ROW,
    mask_png,
    picture,
    png,
    table,
)

BY_NAME = {result.name: result for result in SETS}
FRAMES = "These are frames of a video.\n"
LETTER = "Answer with the option's letter from the given choices directly."
# Name -> (rule, convention, end or whole of the prompt, groups) of its questions, in order.
EXPECTED: dict[str, list[tuple[str, str | None, str, tuple[str, ...]]]] = {
    "where2place": [
        ("points", "unit", "of the points in the image. Return only list of tuples, don't add "
         "anything else.", ()),
        ("points", "unit", "anything else.", ()),
    ],
    "refspatial": [
        ("points", "unit", "Point. Between 0 and 1. Return only list of tuples, don't add anything "
         "else.", (split,))
        for split in ("location", "placement", "unseen")
    ],
    "pointbench": [
        ("first_point", "relative_1000", "Return only list of tuples, do not add anything else.",
         ("spatial",)),
        ("count", "relative_1000", "do not add anything else.", ("counting",)),
    ],
    "robospatial": [
        ("word", None, "Answer: yes or no\n\n    Do not include additional text after this line."
         "\n    ", ("compatibility",)),
        ("word", None, "this line.\n    ", ("configuration",)),
        ("points", "relative_1000", "normalized to the range [0, 1000].\n\n    Do not include "
         "additional text after this line.\n    ", ("context",)),
    ],
    "crosspoint": [
        ("first_point", None, "Where is it? Output the point coordinates in JSON format.",
         ("Fine-grained Grounding",)),
        ("first_point", None, "in JSON format.", ("Correspondence-Pointing",)),
        ("choice", None, "Visible?\nA. Yes\nB. No", ("Visibility Reasoning",)),
        ("choice", None, "Visible?\nA. Yes\nB. No", ("Correspondence-Judgement",)),
    ],
    "refcoco": [
        ("box", None, 'Locate every object that matches the description "the dog", "black dog" in '
         "the image. Report bbox coordinates in JSON format.", ()),
    ],
    "vsibench": [
        ("number", None, f"{FRAMES}How many chairs?\nPlease answer the question using a single "
         "word or phrase.", ("object_counting",)),
        ("choice", None, f"{FRAMES}How many chairs?\nOptions:\nA. chair\nB. table\n{LETTER}",
         ("object_rel_direction", "object_rel_direction_hard")),
    ],
    "revsi": [
        ("number", None, f"{FRAMES}How many?\nAnswer the question using a single integer or "
         "decimal number.", ("object_counting", "object_counting_single")),
        ("choice", None, f"Options:\nA. chair\nB. table\n{LETTER}", ("route_planning",)),
    ],
    "sat": [
        ("choice", None, "answer the question.\n\nA. left\nB. right\n\nOnly output the letter of "
         "the correct option and nothing else.", ()),
    ],
    "embspatial": [
        ("choice", None, "Note: You only need to respond with A, B, C, D without providing any "
         "additional information.\nHow are they arranged?\nA) above\nB) under", ("under",)),
    ],
    "cv_bench": [
        ("choice", None, "Note: You only need to respond with A, B without providing any "
         "additional information.\n\nHow many?\n(A) 0\n(B) 3", ("Count",)),
    ],
    "blink": [
        ("choice", None, "respond with A, B without providing any additional information.\nWhich?"
         "\n(A) x\n(B) y", ("Counting",)),
        ("choice", None, "(B) y", ("Jigsaw",)),
    ],
    "crpe": [("choice", None, f"What is on it?\nA. a cup\nB. a book\n\n{ONLY}", ())],
    "metavqa": [("choice", None, f"What is on it?\nA. a cup\nB. a book\n\n{ONLY}", ())],
    "erqa": [
        ("choice", None, "Which way? Choices: A. Up. B. Down. Answer with the letter.",
         ("Action Reasoning",)),
    ],
    "mmsi_bench": [
        ("choice", None, f"B: right\n{LETTER} Enclose the option's letter within ``.", ("MSR",)),
    ],
}  # fmt: skip


def family_of(name: str) -> str:
    return next(known for known in EXPECTED if name.startswith(known))


def source_of(name: str, source: Path) -> Path:
    SOURCES[family_of(name)](source)
    return source


def task_over(folder: Path, **options: Any) -> Spatial:
    return Spatial(SpatialOptions(data=str(folder), **options))


@pytest.mark.parametrize("name", BY_NAME)
def test_fetch_set_gives_questions_that_a_right_answer_solves(name, tmp_path):
    source = source_of(name, tmp_path / "source")
    folder = fetch_set(BY_NAME[name], tmp_path / "root", source=source)
    task = task_over(folder)
    samples = task.load()
    expected = EXPECTED[family_of(name)]
    assert len(samples) == len(expected)
    assert task.missing() == []
    for sample, (rule, convention, prompt, groups) in zip(samples, expected, strict=True):
        assert sample.problem is None
        assert sample.question.prompt.endswith(prompt)
        assert (sample.truth.rule, sample.truth.cell) == (rule, groups)
        assert sample.truth.convention == convention
        for stated in ("unit", "relative_1000", "pixel"):
            text = sample.truth.answer(stated)
            result = task.score(sample.truth, Response(sample.question.id, text, convention=stated))
            assert (result.status, result.values[task.main.name]) == ("ok", 1.0)
    assert all(metric.name for metric in task.metrics)
    assert not (folder / ".unpacked").exists()


def test_convert_writes_a_shared_picture_once(tmp_path):
    folder = fetch_set(
        BY_NAME["where2place"], tmp_path / "root", source=source_of("where2place", tmp_path / "s")
    )
    samples = task_over(folder).load()
    assert len(list((folder / "images").iterdir())) == 1
    assert samples[0].truth.media == samples[1].truth.media
    # Braces in a question are text.
    assert samples[0].question.prompt.startswith("Free space {x}. Your answer should be formatted")


def test_convert_of_crosspoint_finds_the_image_of_the_mask(tmp_path):
    folder = fetch_set(
        BY_NAME["crosspoint"], tmp_path / "root", source=source_of("crosspoint", tmp_path / "s")
    )
    task = task_over(folder)
    pointing = task.load()[1]
    assert len(pointing.question.media) == 2
    assert task.rows[1].about == 1
    # (25, 15) of 40x30, whatever the other image's size.
    response = Response("a", '{"point_2d": [625, 500]}', convention="relative_1000")
    assert task.score(pointing.truth, response).values["score"] == 1.0


def test_convert_thresholds_masks(tmp_path):
    """RoboSpatial counts every grey above 0, Where2Place those that round to 1."""
    source = tmp_path / "source"
    SOURCES["where2place"](source)
    row = {"question_id": 1, "question": "?", "image": picture(png())}
    rows = [row | {"mask": picture(mask_png(inside=127))}, row | {"mask": picture(mask_png(128))}]
    table(source / "data" / "test-00000-of-00001.parquet", rows)
    folder = fetch_set(BY_NAME["where2place"], tmp_path / "root", source=source)
    task = task_over(folder)
    dark, light = task.load()
    assert task.score(light.truth, Response("a", "(0.6, 0.5)")).values["points_in_mask"] == 1.0
    with pytest.raises(DataError, match="the mask marks no pixel"):
        task.score(dark.truth, Response("a", "(0.6, 0.5)"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.pop("question"), "lacks question; it has"),
        (lambda row: row.update(mask=None), "column mask is not a mask"),
        (lambda row: row.update(mask=picture(b"no picture")), "column mask is not a mask"),
        (lambda row: row.update(image=picture(b"no picture")), "the published picture is damaged"),
        (lambda row: row.update(image=None), None),
    ],
)
def test_convert_names_the_damaged_column(tmp_path, change, message):
    row = {"question": "?", "image": picture(png()), "mask": picture(mask_png())}
    change(row)
    table(tmp_path / "source" / "test.parquet", [row])
    published, root = BY_NAME["where2place"], tmp_path / "root"
    if message is None:  # a question without a picture is a broken sample, not a broken set
        [sample] = task_over(fetch_set(published, root, source=tmp_path / "source")).load()
        assert "needs images or a video" in sample.problem
        return
    with pytest.raises(DataError, match=message):
        fetch_set(published, root, source=tmp_path / "source")
    assert not (root / "where2place").exists()


def test_convert_names_missing_and_ambiguous_files(tmp_path):
    source = source_of("metavqa", tmp_path / "source")
    (source / "obs" / "1.png").unlink()
    with pytest.raises(DataError, match=r"its file 'obs/1\.png' is not found in"):
        fetch_set(BY_NAME["metavqa"], tmp_path / "root", source=source)
    for folder in ("a", "b"):
        (source / folder).mkdir()
        (source / folder / "1.png").write_bytes(png())
    fetch_set(BY_NAME["metavqa"], tmp_path / "root", source=source)  # one picture, twice
    (source / "b" / "1.png").write_bytes(png() + b"another")
    with pytest.raises(DataError, match=r"'obs/1\.png' matches 2 files in"):
        fetch_set(BY_NAME["metavqa"], tmp_path / "root", source=source)


def test_convert_refuses_video_paths_outside_the_set(tmp_path):
    source = source_of("vsibench", tmp_path / "source")
    row = VSI_ROW | {"question_type": "route_planning", "ground_truth": "A", "options": CHAIRS}
    table(source / "test-00000-of-00001.parquet", [row | {"dataset": "../.."}])
    with pytest.raises(DataError, match="leaves the data set's folder"):
        fetch_set(BY_NAME["vsibench"], tmp_path / "root", source=source)


def test_convert_names_an_unknown_kind(tmp_path):
    source = source_of("vsibench", tmp_path / "source")
    row = VSI_ROW | {"question_type": "smell", "ground_truth": "A", "options": CHAIRS}
    table(source / "test-00000-of-00001.parquet", [row])
    with pytest.raises(
        DataError, match="unknown question_type 'smell'; known: object_abs_distance"
    ):
        fetch_set(BY_NAME["vsibench"], tmp_path / "root", source=source)


@pytest.mark.parametrize("answer", ["C", "", "hidden"])
def test_convert_keeps_an_invalid_option_for_its_sample(tmp_path, answer):
    row = {"image": picture(png()), "text": LISTED, "correct_option": answer}
    good = row | {"correct_option": "A"}
    table(tmp_path / "source" / "test.parquet", [row, good])
    folder = fetch_set(BY_NAME["crpe"], tmp_path / "root", source=tmp_path / "source")
    bad, fine = task_over(folder).load()
    assert "crpe-00000: answer" in bad.problem
    assert "must be one of the letters A, B" in bad.problem
    assert fine.problem is None


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Q?\n(A) one\n(B) two", ["one", "two"]),
        ("I saw A. Smith. Which?\nA: x\nB: y\nC: z\n", ["x", "y", "z"]),
        ("Options: A: left, B: right", ["left", "right"]),
        ("No options at all", ["", "", "", ""]),
        ("Only A. one", ["", "", "", ""]),
    ],
)
def test_options_in_questions(text, options):
    assert options_in(text) == options


def test_prompt_formatter_keeps_braces():
    prompt = PromptFormatter((), "{letter}. {words}")
    record = {"q": "a {b} {0} %s", "list": ["{x}", "y"]}
    assert prompt.vformat("{q}\n{list!o}", (), record) == "a {b} {0} %s\nA. {x}\nB. y"


def test_benchmarks_note_what_is_unverified():
    assert len(BY_NAME) == len(SETS)
    assert all("not verified" in result.note for result in SETS)


def test_read_rows_returns_written_rows(tmp_path):
    from evaluators.spatial.rows import SpatialRow

    folder = fetch_set(
        BY_NAME["vsibench"], tmp_path / "root", source=source_of("vsibench", tmp_path / "s")
    )
    number, choice = read_rows(folder, SpatialRow)
    assert (number.rule, number.answer, number.grouped) == ("number", "4.0", True)
    assert (choice.options, choice.answer) == (("chair", "table"), '"B"')
    assert choice.files() == ("videos/scannet/s1.mp4",)


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("blink", "BLINK-Benchmark/BLINK"),
        ("where2place", "FlagEval/Where2Place"),
        ("refspatial", "BAAI/RefSpatial-Bench"),
    ],
)
def test_published_sets_are_in_their_repositories(name, repository):
    [published] = [row for row in SETS if row.name == name]
    assert published.repository == repository
