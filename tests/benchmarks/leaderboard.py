"""A leaderboard of many submissions: the first build, a rebuild from the cache, the ranking."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from jumpscore.boards.board import add_submission, task_for
from jumpscore.boards.entries import build_entries
from jumpscore.boards.index_page import index_page
from jumpscore.boards.standings import standings_of
from jumpscore.builder.bundled import bundled_folder
from jumpscore.data.layout import read_rows, rows_checksum
from tests.benchmarks.row import Row, Setting
from tests.benchmarks.timing import cpu_seconds
from tests.jumpscore.boards.submissions import FACTS

SUBMISSIONS = 300
DATA = "small"


def rows(setting: Setting) -> Iterator[Row]:
    """Measure the builds with all cores; the alternative of a rebuild is the first build."""
    submissions = SUBMISSIONS // 10 if setting.quick else SUBMISSIONS
    checksum = rows_checksum(read_rows(str(bundled_folder(DATA))))
    samples = task_for(FACTS["task"], checksum).load()
    size = f"{submissions:,} submissions of {len(samples)} samples"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with mock.patch.dict(os.environ, JUMPSCORE_CACHE=str(root / "cache")):
            _write_board(root, samples, checksum, submissions)
            seconds = []
            for _ in range(2):
                before = time.perf_counter()
                opened, entries = build_entries(root / "board", root / "site", workers=None)
                seconds.append(time.perf_counter() - before)
        yield Row("leaderboard, first build", size, "s", seconds[0])
        yield Row("leaderboard, rebuild", size, "s", seconds[1], "first build", seconds[0])
        standings = standings_of(opened, entries)
        yield Row(
            "leaderboard, ranking", size, "CPU s",
            cpu_seconds(lambda: standings_of(opened, entries)),
        )  # fmt: skip
        yield Row("leaderboard, index", size, "CPU s", cpu_seconds(lambda: index_page(standings)))


def _write_board(root: Path, samples: list[Any], checksum: str, submissions: int) -> None:
    chance = random.Random(0)
    for number in range(submissions):
        facts = {**FACTS, "checksum": checksum, "model": f"Model-{7919 * number}", "data": DATA}
        jitter, share = chance.uniform(0.02, 0.3), chance.uniform(0.5, 1)
        name = f"model-{7919 * number}-frames-16-frames-v2"
        folder = root / "first" if number == 0 else root / "board" / "submissions" / name
        folder.mkdir()
        (folder / "submission.yaml").write_text(yaml.safe_dump(facts))
        lines = []
        for sample in samples:
            times = [
                round(max(0.0, time + chance.gauss(0, jitter)), 2)
                for time in sample.truth.times
                if chance.random() < share
            ]
            lines.append(json.dumps({"id": sample.question.id, "text": str(times)}) + "\n")
        (folder / "responses.jsonl").write_text("".join(lines))
        if number == 0:
            add_submission(folder, root / "board")
