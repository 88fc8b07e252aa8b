from __future__ import annotations

import shutil
from dataclasses import asdict, replace

import pytest

from evaluators.tracking.queries import Query, check_query, parse_trajectories
from evaluators.tracking.task import Tracking, TrackingOptions
from jumpscore.data.layout import Manifest, read_rows, write_rows
from jumpscore.errors import DataError
from tests.evaluators.tracking.drawn import TARGET, score


@pytest.fixture
def broken(mini, tmp_path):
    """Rewrite one row, or one of its files, and return the problem of its sample."""

    def problem(file=None, **changes) -> str | None:
        root = tmp_path / "set"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(mini, root)
        row = read_rows(mini, Query)[0]
        if file is not None:
            path = root / row.mask_path("0")
            path.unlink() if file == "" else path.write_text(file)
        write_rows(root, [Query(**(asdict(row) | changes))], Manifest("m", synthetic=True))
        [sample] = Tracking(TrackingOptions(data=str(root))).load()
        return sample.problem

    return problem


def test_check_query_shortens_values_in_messages():
    row = Query("a", "a", "cup", 10**400, 1, 1, 6.0, (), "[]")
    with pytest.raises(DataError, match=r"width is 10{39}; it must be above 0") as error:
        check_query(row)
    assert len(str(error.value)) < 200


def test_load_of_a_valid_row(broken):
    assert broken() is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask_ids": ("9",)}, "mask '9': 9.json does not exist"),
        ({"file": ""}, "mask '0': 0.json does not exist"),
        ({"file": "{"}, "mask '0': 0.json cannot be read as JSON"),
        ({"file": "[]"}, "mask '0': 0.json is not an object"),
        ({"file": '{"0": 5}'}, "mask '0': 0.json contains 5 instead of a list"),
        ({"file": '{"0": [null]}'}, "mask '0': has 1 masks for 24 frames"),
        ({"width": 161}, r"mask '0': frame 0 has size [120, 160]; the video is 120 high and 161"),
        ({"n_frames": 0}, "n_frames is 0"),
        ({"height": -3}, "height is -3"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"width": 16000, "height": 16000, "n_frames": 10**6}, "more than"),
        ({"mask_ids": ("0", "0")}, "names an object twice"),
        ({"video": "../other"}, "leaves the data set's folder"),
        ({"mask_ids": ("../../x",)}, "leaves the data set's folder"),
        ({"frame_trajectories": "{"}, "frame_trajectories is not valid JSON"),
        ({"frame_trajectories": "5"}, "frame_trajectories is '5' instead of a JSON list"),
        ({"frame_trajectories": '[{"frame": 24, "points": []}]'}, "has frame 24; frames are 0..23"),
        ({"frame_trajectories": '[{"frame": 0, "points": 3}]'}, "frame 0 has 3 instead of points"),
        (
            {"frame_trajectories": '[{"frame": 0, "points": [{"id": "1", "point": [1, 2]}]}]'},
            "frame 0 has object '1'; mask_ids names 1 objects",
        ),
        (
            {"frame_trajectories": '[{"frame": 0, "points": [{"id": "0", "point": [NaN, 2]}]}]'},
            "[nan, 2] is not a point [x, y]",
        ),
    ],
)
def test_load_reports_an_invalid_truth(broken, change, message):
    problem = broken(**change)
    assert message in problem
    assert "id shapes0-0" in problem


def test_score_reports_damaged_runs():
    bad = replace(TARGET, masks={"0": ({"size": [60, 100], "counts": "x"}, None, None), "1": ()})
    with pytest.raises(DataError, match=r"object '0', frame 0.*damaged"):
        score(TARGET.answer("relative_1000"), bad)


def test_parse_trajectories_reads_both_forms():
    listed = '[{"frame": 1, "points": [{"id": 0, "point": [1, 2]}]}]'
    keyed = '[{"frame": 1, "points": {"0": {"point": [1, 2], "occluded": true}}}]'
    read = [parse_trajectories(text, objects=1, frames=2) for text in (listed, keyed)]
    assert read[0] == read[1] == {1: {"0": (1.0, 2.0)}}
