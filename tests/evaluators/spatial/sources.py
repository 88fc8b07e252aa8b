"""Small files of the form in which each set was published."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

from tests.support import write_video

SIZE = (40, 30)


def png(size: tuple[int, int] = SIZE, *, colour: Any = (200, 10, 10), format: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, format)
    return out.getvalue()


def mask_png(inside: int = 255, size: tuple[int, int] = SIZE) -> bytes:
    """Rows 10-19 and columns 20-29 are inside; the rest is dark grey, which no set counts."""
    values = np.full((size[1], size[0]), 0, dtype=np.uint8)
    values[10:20, 20:30] = inside
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return out.getvalue()


def picture(content: bytes) -> dict[str, Any]:
    return {"bytes": content, "path": "0.png"}


def table(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)


def zipped(file: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def where2place(source: Path) -> None:
    row = {"question_id": 1, "image": picture(png()), "mask": picture(mask_png())}
    rows = [row | {"question": "Free space {x}."}, row | {"question": "Again."}]
    table(source / "data" / "test-00000-of-00001.parquet", rows)


def refspatial(source: Path) -> None:
    for place, split in enumerate(("location", "placement", "unseen")):
        row = {"id": place, "object": "cup", "prompt": "Point.", "suffix": "Between 0 and 1."}
        row |= {"image": picture(png(format="JPEG")), "mask": picture(mask_png())}
        table(source / "data" / f"{split}-00000-of-00001.parquet", [row])


def pointbench(source: Path) -> None:
    source.mkdir()
    row = {"image_filename": "café.png", "mask_filename": "m1.png", "user_input": " Point. "}
    rows = [
        row | {"category": "spatial", "count": 1},
        row | {"category": "counting", "count": 2, "user_input": "All cups"},
    ]
    (source / "data.json").write_text(json.dumps(rows))
    # Names in the archive are decomposed, as some systems write them.
    zipped(source / "selected_images.zip", {"selected_images/cafe\u0301.png": png()})
    zipped(source / "selected_masks.zip", {"selected_masks/m1.png": mask_png()})


def robospatial(source: Path) -> None:
    own = (
        " Your answer should be formatted as a list of tuples, i.e. [(x1, y1), ...], where each "
        "tuple contains the x and y coordinates of a point satisfying the conditions above. The "
        "coordinates should be between 0 and 1, indicating the normalized pixel locations of the "
        "points."
    )
    yes = {"img": picture(png()), "question": "Fits it? Answer yes or no.", "answer": "Yes"}
    for split in ("compatibility", "configuration"):
        row = yes | {"category": split, "mask": None}
        table(source / "data" / f"{split}-00000-of-00001.parquet", [row])
    point = {"img": picture(png()), "question": f"In the vacant space?{own}", "answer": "[(1, 1)]"}
    row = point | {"category": "context", "mask": picture(mask_png(inside=1))}
    table(source / "data" / "context-00000-of-00001.parquet", [row])


def crosspoint(source: Path) -> None:
    (source / "image").mkdir(parents=True)
    (source / "image" / "a.png").write_bytes(png((60, 20)))
    (source / "image" / "b.png").write_bytes(png())
    mask = base64.b64encode(mask_png()).decode()
    row = {"level": "object", "images": ["a.png", "b.png"], "question": "Where is it?"}
    choice = row | {"question": "Visible?\nA. Yes\nB. No", "answer": "B"}
    rows = [
        row | {"type": "Fine-grained Grounding", "images": ["b.png"], "answer": mask},
        row | {"type": "Correspondence-Pointing", "answer": mask},
        choice | {"type": "Visibility Reasoning"},
        choice | {"type": "Correspondence-Judgement"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (source / "CrossPoint-Bench.jsonl").write_text(lines)


def refcoco(source: Path) -> None:
    for split in ("test", "testA", "testB"):
        row = {
            "question_id": "1",
            "image": picture(png()),
            "question": "-",
            "bbox": [5.5, 6, 20, 9],
        }
        rows = [row | {"answer": ["the dog", " black dog "]}]
        table(source / "data" / f"{split}-00000-of-00001.parquet", rows)


def videos(source: Path, name: str, folder: str) -> None:
    path = write_video(source / "tmp.mp4", frames=8, fps=4, size=(64, 48))
    zipped(source / f"{name}.zip", {f"{folder}/s1.mp4": path.read_bytes()})
    path.unlink()


VSI_ROW = {"id": 1, "dataset": "scannet", "scene_name": "s1", "question": "How many chairs?"}
CHAIRS = ["A. chair", "B. table"]


def vsibench(source: Path) -> None:
    source.mkdir()
    rows = [
        VSI_ROW | {"question_type": "object_counting", "ground_truth": "4", "options": None},
        VSI_ROW
        | {"question_type": "object_rel_direction_hard", "ground_truth": "B", "options": CHAIRS},
    ]
    table(source / "test-00000-of-00001.parquet", rows)
    table(source / "test_pruned.parquet", rows[:1])
    videos(source, "scannet", "scannet")


def revsi(source: Path) -> None:
    source.mkdir()
    for frames in ("16", "32", "64", "all"):
        row = {"scene_id": "s1", "num_frames": frames, "question": "How many?", "options": None}
        rows = [
            row | {"question_type": "object_counting_single", "ground_truth": "4"},
            row | {"question_type": "route_planning", "ground_truth": "A", "options": CHAIRS},
        ]
        table(source / f"{frames}_frame" / "test-00000-of-00001.parquet", rows)
        videos(source, f"{frames}_frame", f"{frames}_frame")


def sat(source: Path) -> None:
    row = {"image_bytes": [picture(png()), picture(png((50, 50)))], "question": " Did it turn? "}
    row |= {"answers": ["left", "right"], "correct_answer_idx": 1}
    table(source / "data" / "test-00000-of-00001.parquet", [row])


def embspatial(source: Path) -> None:
    row = {"question_id": "1", "image": picture(png()), "question": "How are they arranged?"}
    row |= {"answer_options": ["above", "under"], "answer": 1, "relation": "under"}
    table(source / "data" / "test-00000-of-00001.parquet", [row | {"data_source": "mp3d"}])


def cv_bench(source: Path) -> None:
    row = {"idx": 1, "image": picture(png()), "choices": ["0", "3"], "answer": "(B)"}
    row |= {"task": "Count", "source": "COCO", "prompt": "How many?\n(A) 0\n(B) 3"}
    for kind in ("2D", "3D"):
        table(source / f"test_{kind.lower()}.parquet", [row | {"type": kind}])


def blink(source: Path) -> None:
    row = {"idx": "val_1", "image_1": picture(png()), "image_2": None, "choices": ["x", "y"]}
    row |= {"prompt": "Which?\n(A) x\n(B) y", "answer": "(A)", "sub_task": "Counting"}
    table(source / "Counting" / "val-00000-of-00001.parquet", [row])
    two = row | {"image_2": picture(png((50, 50))), "sub_task": "Jigsaw"}
    table(source / "Jigsaw" / "val-00000-of-00001.parquet", [two])
    table(source / "Jigsaw" / "test-00000-of-00001.parquet", [two | {"answer": "hidden"}])


ONLY = "Please answer directly with only the letter of the correct option and nothing else."
LISTED = f"What is on it?\nA. a cup\nB. a book\n{ONLY}"


def crpe(source: Path) -> None:
    row = {"image": picture(png()), "text": LISTED, "correct_option": "B"}
    table(source / "data" / "test-00000-of-00001.parquet", [row])


def metavqa(source: Path) -> None:
    (source / "obs").mkdir(parents=True)
    (source / "obs" / "1.png").write_bytes(png())
    row = {"obs": ["obs/1.png"], "question": LISTED, "answer": "B"}
    (source / "test.jsonl").write_text(json.dumps(row))


def erqa(source: Path) -> None:
    row = {"question_id": "1", "images": [picture(png())], "question_type": "Action Reasoning"}
    row |= {
        "question": "Which way? Choices: A. Up. B. Down. Answer with the letter.",
        "answer": "B",
    }
    table(source / "data" / "test-00000-of-00001.parquet", [row])


def mmsi_bench(source: Path) -> None:
    row = {"id": 1, "images": [png(), png((50, 50))], "question_type": "MSR", "answer": "B"}
    row |= {"question": "Where?\nOptions: A: left, B: right", "thought": "-"}
    table(source / "MMSI_Bench.parquet", [row])


SOURCES = {
    result.__name__: result
    for result in (
        where2place, refspatial, pointbench, robospatial, crosspoint, refcoco, vsibench, revsi,
        sat, embspatial, cv_bench, blink, crpe, metavqa, erqa, mmsi_bench,
    )
}  # fmt: skip
"""Name that a set's begins with -> what writes its published files."""
