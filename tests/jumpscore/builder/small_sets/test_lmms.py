from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from jumpscore.builder.small_sets.lmms import COLOURS, SIDES
from jumpscore.builder.small_sets.lmms_task import utils
from jumpscore.data.catalogue import with_folders
from jumpscore.data.layout import read_manifest
from jumpscore.jsonio import parse_json
from tests.support import render_mini


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini") / "set"
    folder.mkdir()
    render_mini("mini_lmms", folder, seed=5)
    return folder


@pytest.fixture(scope="module")
def documents(folder):
    return [parse_json(line) for line in (folder / "documents.jsonl").read_text().splitlines()]


def test_render_answers_match_pictures(folder, documents):
    for document in documents:
        right = document["choices"]["ABCD".index(document["answer"])]
        pixels = cv2.imread(str(folder / document["picture"]))[..., ::-1].astype(int)
        coloured = (pixels.max(axis=2) - pixels.min(axis=2)) > 60
        rows, columns = np.nonzero(coloured)
        if document["category"] == "colour":
            middle = np.median(pixels[coloured], axis=0)
            assert np.abs(middle - COLOURS[right]).max() <= 2
        elif document["category"] == "place":
            height, width = coloured.shape
            side = 2 * (rows.mean() > height / 2) + (columns.mean() > width / 2)
            assert SIDES[side] == right
        else:
            discs, _ = cv2.connectedComponents(coloured.astype(np.uint8))
            assert discs - 1 == int(right)


def test_render_is_deterministic(folder, tmp_path):
    render_mini("mini_lmms", tmp_path, seed=5)
    for file in folder.rglob("*"):
        if file.is_file():
            assert (tmp_path / file.relative_to(folder)).read_bytes() == file.read_bytes()
    assert read_manifest(folder).synthetic


def test_results_and_accuracy(documents):
    count = next(d for d in documents if d["category"] == "count" and d["answer"] == "C")
    right, wrong, silent = (utils.results(count, [text]) for text in ("(C) three", "A", "hm"))
    assert (right["accuracy"]["score"], right["number_error"]) == (1.0, 0)
    assert (wrong["accuracy"]["score"], wrong["number_error"]) == (0.0, 2)
    assert (silent["accuracy"]["answered"], "number_error" in silent) == ("", False)
    assert utils.accuracy([right["accuracy"], wrong["accuracy"]]) == 50
    prompt = utils.text(count, {"post_prompt": "!"})
    assert prompt == "How many discs are there?\nA. 1\nB. 2\nC. 3\nD. 4!"
    json.dumps(right)


def test_mini_lmms_on_the_command_line(tmp_path):
    task = {"name": "lmms", "benchmark": "mini_lmms", "include_path": None, "data_root": None}
    options = with_folders(task, tmp_path)
    assert read_manifest(options["include_path"]).name == "mini_lmms"
    assert options["data_root"] == str(tmp_path)
    assert with_folders({**task, "benchmark": "videomme"}, None)["include_path"] is None
    assert with_folders({**task, "include_path": "mine"}, None)["include_path"] == "mine"
