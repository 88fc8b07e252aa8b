"""Converters on small files in the published form."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from evaluators.traces.task import Traces, TracesOptions
from jumpscore.data.catalogue import published_sets
from jumpscore.data.published import fetch_set
from jumpscore.errors import DataError

SETS = published_sets()
K = [[50.0, 0.0, 32.0], [0.0, 50.0, 24.0], [0.0, 0.0, 1.0]]
TRACE = [[-0.2, 0.1, 1.0], [0.3, 0.1, 1.1]]


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


IMAGE = png(np.full((48, 64, 3), 90, dtype=np.uint8))
DEPTH = png(np.full((48, 64), 1000, dtype=np.uint16))
MASK = png(np.pad(np.full((20, 20), 255, dtype=np.uint8), ((14, 14), (10, 34))))


def embedded(content: bytes) -> dict:
    return {"bytes": content, "path": "x.png"}


def item(number: int) -> dict:
    return {
        "id": number,
        "prompt": "pick up the cup and move it to the tray",
        "target_object": "the cup",
        "step": 2,
        "category": "pick&place",
        "trajectory": TRACE,
        "gt_depth_intrinsics": K,
        "bbox_center": TRACE[1],
        "bbox_extent": [0.2, 0.2, 0.2],
        "bbox_rotation": np.eye(3).tolist(),
    }


def write_parquet(file, records) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), file)


def fetched(name: str, source, tmp_path):
    folder = fetch_set(SETS[name], tmp_path / "root", source=source)
    task = Traces(TracesOptions(data=str(folder)))
    samples = task.load()
    assert [sample.problem for sample in samples] == [None] * len(samples)
    assert task.missing() == []
    return task, samples


def write_tracespatial(source, form: str) -> None:
    if form == "parquet":
        pictures = {"image": IMAGE, "gt_depth": DEPTH, "mask": MASK}
        parts = {name: embedded(content) for name, content in pictures.items()}
        rows = [item(k) | parts | {"destination_direction": "the tray"} for k in range(2)]
        write_parquet(source / "data" / "train-00000-of-00001.parquet", rows)
        return
    rows = []
    for number in range(2):
        folder = source / "raw_data" / str(number)
        folder.mkdir(parents=True)
        files = {"image": IMAGE, "gt_depth": DEPTH, "mask": MASK}
        for name, content in files.items():
            (folder / f"{name}.png").write_bytes(content)
        paths = {f"{name}_path": f"{number}/{name}.png" for name in files}
        rows.append(item(number) | paths | {"destination|direction": "the tray"})
    (source / "trajectory_dataset.json").write_text(json.dumps(rows))


@pytest.mark.parametrize("form", ["parquet", "raw"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_convert_tracespatial(tmp_path, form, dimensions):
    write_tracespatial(tmp_path / "source", form)
    task, samples = fetched(f"tracespatial_{dimensions}d", tmp_path / "source", tmp_path)
    assert [sample.question.id for sample in samples] == ["000", "001"]
    first = samples[0]
    assert first.question.media[0].path.read_bytes() == IMAGE
    assert "move the cup to the tray" in first.question.prompt
    assert f"up to 10 key {dimensions}D trajectory points starting from the cup" in (
        first.question.prompt
    )
    assert first.truth.target.trajectory.tolist() == TRACE
    assert first.truth.scene().depth.max() == 1.0
    assert task.headline[0] == ("success" if dimensions == 3 else "start_2d")


def test_convert_tracespatial_names_missing_files(tmp_path):
    source = tmp_path / "source"
    write_tracespatial(source, "raw")
    (source / "raw_data" / "1" / "mask.png").unlink()
    with pytest.raises(DataError, match=r"the picture '1/mask.png' does not exist"):
        fetch_set(SETS["tracespatial_3d"], tmp_path / "root", source=source)
    rows = json.loads((source / "trajectory_dataset.json").read_text())
    del rows[1]["bbox_extent"]
    (source / "trajectory_dataset.json").write_text(json.dumps(rows))
    with pytest.raises(DataError, match=r"item 2: missing bbox_extent; it has id, prompt"):
        fetch_set(SETS["tracespatial_3d"], tmp_path / "root", source=source)
    rows[0]["mask_path"], rows[1]["bbox_extent"] = "../../mask.png", [1, 1, 1]
    (source / "trajectory_dataset.json").write_text(json.dumps(rows))
    with pytest.raises(DataError, match="leaves the data set's folder"):
        fetch_set(SETS["tracespatial_3d"], tmp_path / "root", source=source)


@pytest.mark.parametrize("form", ["list", "text", "first release"])
def test_convert_vabench(tmp_path, form):
    points = [[16, 12], [48, 36]]
    answer = {
        "list": points,
        "text": json.dumps(points),
        "first release": "<type>fsd_visual_trace</type>" + json.dumps({"trajectory": points}),
    }[form]
    row = {"id": "a", "problem": "<image>Put the pen away.", "answer": answer}
    row |= {"images": [IMAGE]} if form == "first release" else {"image": embedded(IMAGE)}
    write_parquet(tmp_path / "source" / "data" / "train-00000-of-00001.parquet", [row])
    _, samples = fetched("vabench_v", tmp_path / "source", tmp_path)
    assert samples[0].question.id == "0000-a"
    assert samples[0].question.prompt.startswith("Put the pen away.\nUse 2D points")
    assert samples[0].truth.trace.tolist() == [[0.25, 0.25], [0.75, 0.75]]
    assert samples[0].truth.convention == "pixel"


def test_convert_vabench_refuses_invalid_answers(tmp_path):
    file = tmp_path / "source" / "train.parquet"
    write_parquet(file, [{"problem": "?", "trace": "[]"}])
    with pytest.raises(DataError, match="row 1: lacks answer; it has problem, trace"):
        fetch_set(SETS["vabench_v"], tmp_path / "root", source=file.parent)
    write_parquet(file, [{"problem": "?", "answer": "left", "image": embedded(IMAGE)}])
    with pytest.raises(DataError, match=r"row 1: answer 'left' is not a list of \[x, y\]"):
        fetch_set(SETS["vabench_v"], tmp_path / "root", source=file.parent)
    write_parquet(file, [{"problem": "?", "answer": "[[1, 2]]", "picture": embedded(IMAGE)}])
    with pytest.raises(DataError, match="row 1: missing image; it has problem, answer, picture"):
        fetch_set(SETS["vabench_v"], tmp_path / "root", source=file.parent)


def write_sharerobot(source, answer: str) -> None:
    folder = source / "trajectory"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "images" / "a.png").write_bytes(IMAGE)
    query = (
        '<image>\nYou are a robot using the joint control. The task is "open it". Please predict '
        "up to 10 key trajectory points to complete the task."
    )
    row = {
        "id": 7,
        "image": ["images/a.png"],
        "conversations": [{"from": "human", "value": query}, {"from": "gpt", "value": answer}],
    }
    (folder / "test.json").write_text(json.dumps([row]))


def test_convert_sharerobot(tmp_path):
    write_sharerobot(tmp_path / "source", "[[0.25, 0.5], [0.5, 0.75]]")
    _, samples = fetched("sharerobot", tmp_path / "source", tmp_path)
    assert samples[0].question.id == "0000-7"
    prompt = samples[0].question.prompt
    assert prompt.startswith("You are a robot")
    assert prompt.endswith("x and y coordinates of a point.")
    assert samples[0].truth.trace.tolist() == [[0.25, 0.5], [0.5, 0.75]]
    assert samples[0].truth.size == (64, 48)


def test_convert_sharerobot_refuses_pixels(tmp_path):
    write_sharerobot(tmp_path / "source", "[[25, 50], [30, 40]]")
    with pytest.raises(DataError, match="is not in fractions of the image"):
        fetch_set(SETS["sharerobot"], tmp_path / "root", source=tmp_path / "source")
