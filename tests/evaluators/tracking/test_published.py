"""Converters on small files of the published form, written here."""

from __future__ import annotations

import json
import zipfile

import cv2
import numpy as np
import pytest

from evaluators.tracking.queries import Query
from evaluators.tracking.rle import encode_mask
from evaluators.tracking.task import Tracking, TrackingOptions
from evaluators.tracking.writing import inner_point
from jumpscore.data.catalogue import published_sets
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.data.published import fetch_set
from jumpscore.errors import DataError, UsageError
from jumpscore.records import Response
from jumpscore.video import decode, probe
from jumpscore.video.encode import write_video

FRAMES, WIDTH, HEIGHT = 4, 32, 24


def mask(left: int) -> dict:
    picture = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    picture[8:16, left : left + 7] = 1
    return encode_mask(picture)


def pictures() -> list[np.ndarray]:
    return [np.full((HEIGHT, WIDTH, 3), 40 + 40 * n, dtype=np.uint8) for n in range(FRAMES)]


def record(number: int, **changes) -> dict:
    points = [
        {"frame": f, "time": f / 6, "points": [{"id": "0", "point": [f + 3.0, 11.0]}]}
        for f in range(FRAMES)
    ]
    return {
        "id": f"ref-davis17_track_{number}",
        "qid": number,
        "video": "dog",
        "expression": "the dog",
        "width": WIDTH,
        "height": HEIGHT,
        "n_frames": FRAMES,
        "fps": 6,
        "sampling_fps": 1,
        "mask_ids": ["12"],
        "frame_trajectories": json.dumps(points),
    } | changes


@pytest.fixture
def rvos(tmp_path):
    """Writes a snapshot as the hub has it: rows as parquet, videos and masks as archives."""

    def write(records):
        import pyarrow
        import pyarrow.parquet

        source = tmp_path / "snapshot"
        (source / "data").mkdir(parents=True)
        table = pyarrow.Table.from_pylist(records)
        pyarrow.parquet.write_table(table, source / "data" / "valid-00000-of-00001.parquet")
        write_video(tmp_path / "dog.mp4", pictures(), fps=6)
        with zipfile.ZipFile(source / "videos.zip", "w") as archive:
            archive.write(tmp_path / "dog.mp4", "videos/dog.mp4")
        with zipfile.ZipFile(source / "masks.zip", "w") as archive:
            track = {"3": [mask(f) for f in range(FRAMES)]}
            archive.writestr("masks/dog/12.json", json.dumps(track))
        return source

    return write


def test_sets_have_names():
    sets = {s.name: s for s in published_sets().values() if s.task == "tracking"}
    assert {name: result.repository for name, result in sets.items()} == {
        "ref_davis17": "kcz358/RVOS-Ref-DAVIS17",
        "mevis_valid_u": "kcz358/RVOS-MeViS-ValidU",
        "ref_yt_vos": "kcz358/RVOS-Ref-YT-VOS",
        "reasonvos": "kcz358/RVOS-ReasonVOS",
        "revos_referring": None,
        "revos_reasoning": None,
    }


def test_sets_equal_the_public_task():
    from pathlib import Path

    import yaml

    from tests.support import lmms_eval_scorer

    scorer = lmms_eval_scorer("rvos")
    if scorer is None:
        pytest.skip("lmms-eval is not installed")
    public = set()
    for file in Path(scorer.__file__).parent.glob("rvos_*.yaml"):
        settings = yaml.safe_load(file.read_text())
        public.add((settings["dataset_path"], settings["test_split"]))
    sets = [s for s in published_sets().values() if s.task == "tracking" and s.repository]
    assert {(s.repository, s.split) for s in sets} == public


def test_fetch_set_gives_a_set_that_scores(rvos, tmp_path):
    source = rvos([record(0), record(1, expression="it", fps=None)])
    folder = fetch_set(published_sets()["ref_davis17"], tmp_path / "root", source=source)
    assert not (folder / ".unpacked").exists()
    task = Tracking(TrackingOptions(data=str(folder)))
    assert task.missing() == []
    first, second = task.load()
    assert (first.problem, second.problem) == (None, None)
    assert task.rows[1].fps == 1.0
    assert first.question.media[0].path == folder / "videos" / "dog.mp4"
    assert probe(first.question.media[0].path).frames == FRAMES
    answer = first.truth.answer("relative_1000")
    result = task.score(first.truth, Response(first.question.id, answer))
    assert result.values["point_f1"] == result.values["point_f1_reference"].__round__(9) == 1.0
    assert read_manifest(folder).synthetic is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"video": "cat"},
            r"row 1 \(id 'ref-davis17_track_0'\): its file 'cat\.mp4' is not found in",
        ),
        ({"mask_ids": ["13"]}, r"its file 'dog/13\.json' is not found in"),
        ({"mask_ids": "12"}, "mask_ids is '12' instead of a list"),
        ({"video": "../dog"}, "leaves the data set's folder"),
        ({"width": "wide"}, "is not a number"),
    ],
)
def test_convert_names_missing_files(rvos, tmp_path, changes, message):
    source = rvos([record(0, **changes)])
    with pytest.raises(DataError, match=message):
        fetch_set(published_sets()["ref_davis17"], tmp_path / "root", source=source)
    assert not (tmp_path / "root" / "ref_davis17").exists()


@pytest.fixture
def revos(tmp_path):
    """Writes ReVOS as its owners do; two expressions of each kind about two objects."""

    def write(*, frames=FRAMES, masks=None, archive=False):
        source = tmp_path / "ReVOS"
        folder = source / "JPEGImages" / "LVVIS" / "00001"
        folder.mkdir(parents=True)
        for n, picture in enumerate(pictures()[:frames]):
            cv2.imwrite(str(folder / f"{n:05d}.jpg"), picture)
        expressions = {
            "0": {"exp": "the left one", "obj_id": [1], "anno_id": [7], "type_id": 0},
            "1": {"exp": "what would bark?", "obj_id": [1, 2], "anno_id": [7, 9], "type_id": 1},
            "2": {"exp": "the unicorn", "obj_id": [2], "anno_id": [9], "type_id": 2},
        }
        names = [f"{n:05d}" for n in range(FRAMES)]
        video = {"expressions": expressions, "frames": names, "height": HEIGHT, "width": WIDTH}
        meta = {"videos": {"LVVIS/00001": video | {"vid_id": 5}}}
        (source / "meta_expressions_valid_.json").write_text(json.dumps(meta))
        known = {
            "7": [mask(n) for n in range(FRAMES)],
            "9": [None, mask(20), mask(21), None],
        }
        (source / "mask_dict.json").write_text(json.dumps(known if masks is None else masks))
        if archive:
            import shutil

            shutil.make_archive(str(source / "JPEGImages"), "zip", source, "JPEGImages")
            shutil.rmtree(source / "JPEGImages")
        return source

    return write


@pytest.mark.parametrize("archive", [False, True])
def test_convert_revos(revos, tmp_path, archive):
    source, root = revos(archive=archive), tmp_path / "root"
    folder = fetch_set(published_sets()["revos_reasoning"], root, source=source)
    [row] = read_rows(folder, Query)
    assert (row.id, row.expression) == ("LVVIS/00001-1", "what would bark?")
    assert (row.fps, row.n_frames, row.mask_ids) == (6.0, FRAMES, ("7", "9"))
    task = Tracking(TrackingOptions(data=str(folder)))
    [sample] = task.load()
    assert sample.problem is None
    assert sample.truth.points[0] == {"0": (3.0, 11.0)}
    assert set(sample.truth.points[1]) == {"0", "1"}
    answer = sample.truth.answer("relative_1000")
    assert task.score(sample.truth, Response("a", answer)).values["point_f1"] == 1.0
    brightness = [frame.pixels.mean() for frame in decode(sample.question.media[0].path)]
    assert np.allclose(brightness, [40, 80, 120, 160], atol=4)
    assert not (folder / ".unpacked").exists()
    other = fetch_set(published_sets()["revos_referring"], root, source=source)
    assert [row.expression for row in read_rows(other, Query)] == ["the left one"]


def test_convert_revos_names_missing_files(revos, tmp_path):
    published, root = published_sets()["revos_reasoning"], tmp_path / "root"
    with pytest.raises(UsageError, match=r"ReVOS-api.*--source"):
        fetch_set(published, root)
    with pytest.raises(DataError, match=r"00003\.jpg: is unreadable"):
        fetch_set(published, root, source=revos(frames=3))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"7": [None] * 4}, "missing or invalid '9'"),
        ({"7": [None] * 3, "9": [None] * 4}, "mask 7: has 3 masks for 4 frames"),
    ],
)
def test_convert_revos_names_invalid_masks(revos, tmp_path, masks, message):
    with pytest.raises(DataError, match=message):
        fetch_set(published_sets()["revos_reasoning"], tmp_path / "root", source=revos(masks=masks))


def test_inner_point_is_far_from_the_edge():
    ring = np.zeros((40, 40), dtype=np.uint8)
    cv2.circle(ring, (20, 20), 18, 1, -1)
    cv2.circle(ring, (20, 20), 8, 0, -1)
    x, y = inner_point(ring)
    assert ring[int(y), int(x)]
    assert 12 <= np.hypot(x - 20, y - 20) <= 15
    assert inner_point(np.zeros((3, 3))) is None
    # The picture's own border is an edge.
    assert inner_point(np.ones((5, 5))) == (2.0, 2.0)
