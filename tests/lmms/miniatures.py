"""Miniatures of lmms-eval's own benchmarks."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import yaml

from evaluators.lmms.task import LmmsOptions, LmmsTask
from tests.lmms.installed import PYTHON, installed_tasks, run_python
from tests.support import write_video

Image = pytest.importorskip("PIL.Image")
HERE = Path(__file__).parent
LETTERS = "ABCD"


class Place:
    """Miniatures of real tasks: their own YAML and code, rows in the published columns."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tasks = root / "tasks"
        self.tasks.mkdir()
        self.home = root / "huggingface"
        self.installed = installed_tasks()
        self.pictures = self.mmstar()
        self.ai2d()
        self.videomme()

    def python(self, *words: str) -> str:
        return run_python(*words, folder=self.root, HF_HOME=str(self.home)).stdout

    def table(self, name: str, rows: list[dict], pictures: tuple[str, ...] = ()) -> Path:
        """A parquet file as the hub has it: pictures are embedded, and marked as such."""
        table = pyarrow.Table.from_pylist(rows)
        embedded = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
        for column in pictures:
            place = table.column_names.index(column)
            table = table.set_column(place, column, table[column].cast(embedded))
        features = {
            column: {"_type": "Image"}
            if column in pictures
            else {"dtype": "string", "_type": "Value"}
            if not isinstance(rows[0][column], list)
            else {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}
            for column in table.column_names
        }
        marked = {"huggingface": json.dumps({"info": {"features": features}})}
        path = self.root / f"{name}.parquet"
        pyarrow.parquet.write_table(table.replace_schema_metadata(marked), path)
        return path

    def task(self, name: str, include: str, split: str, data: Path) -> None:
        words = {
            "include": str(self.installed / include),
            "task": name,
            "dataset_path": "parquet",
            "dataset_kwargs": {"data_files": {split: str(data)}},
        }
        (self.tasks / f"{name}.yaml").write_text(yaml.safe_dump(words))

    def mmstar(self) -> list[np.ndarray]:
        generator = np.random.default_rng(0)
        pixels = [generator.integers(0, 256, (11, 17, 3), dtype=np.uint8) for _ in range(12)]
        kinds = ("coarse perception", "math")
        rows = [
            {
                "index": str(number),
                "question": f"Question {number}?\nOptions: A: a, B: b, C: c, D: d",
                "image": {"bytes": png(picture), "path": None},
                "answer": LETTERS[number % 4],
                "category": kinds[number % 5 // 3],
                "l2_category": f"level {number % 3}",
            }
            for number, picture in enumerate(pixels)
        ]
        self.task(
            "tiny_mmstar", "mmstar/mmstar.yaml", "val", self.table("mmstar", rows, ("image",))
        )
        return pixels

    def ai2d(self) -> None:
        rows = [
            {
                "question": f"Which {number}?",
                "options": ["bee", "cat", "dog", "eel"],
                "answer": str(number % 4),
                "image": {"bytes": png(picture), "path": None},
            }
            for number, picture in enumerate(self.pictures)
        ]
        self.task("tiny_ai2d", "ai2d/ai2d.yaml", "test", self.table("ai2d", rows, ("image",)))

    def videomme(self) -> None:
        for number in range(3):
            write_video(self.home / "videomme" / "data" / f"v{number}.mp4", frames=20)
        rows = [
            {
                "video_id": f"{number // 3:03d}",
                "duration": ("short", "medium", "long")[number // 3 % 3],
                "domain": ("Knowledge", "Film & Television")[number % 2],
                "sub_category": ("Astronomy", "Animation")[number % 2],
                "videoID": f"v{number // 3}" if number < 9 else "gone",
                "question_id": f"{number:03d}-1",
                "task_type": "Counting Problem",
                "question": f"What {number}?",
                "options": [f"{letter}. {letter * 2}" for letter in LETTERS],
                "answer": LETTERS[number % 4],
            }
            for number in range(10)
        ]
        self.task("tiny_videomme", "videomme/videomme.yaml", "test", self.table("videomme", rows))

    def made(self, benchmark: str, **options: object) -> LmmsTask:
        values = {"include_path": str(self.tasks), "data_root": str(self.root), **options}
        return LmmsTask(LmmsOptions(benchmark=benchmark, python=PYTHON, **values))


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()
