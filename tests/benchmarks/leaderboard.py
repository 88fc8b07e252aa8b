"""A leaderboard of many submissions: the first build, a rebuild from the cache, the ranking."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
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
from tests.jumpscore.boards.submissions import FACTS

SUBMISSIONS = 1_000
DATA = "small"


def main() -> None:
    checksum = rows_checksum(read_rows(str(bundled_folder(DATA))))
    samples = task_for(FACTS["task"], checksum).load()
    print(f"input: {SUBMISSIONS:,} submissions about {DATA}, {len(samples)} samples")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with mock.patch.dict(os.environ, JUMPSCORE_CACHE=str(root / "cache")):
            _write_board(root, samples, checksum)
            for build in ("first build", "rebuild"):
                before = time.perf_counter()
                opened, entries = build_entries(root / "board", root / "site", workers=None)
                print(f"{build}: {time.perf_counter() - before:.1f} s, {os.cpu_count()} processes")
        before = time.perf_counter()
        standings = standings_of(opened, entries)
        print(f"ranking: {time.perf_counter() - before:.1f} s")
        before = time.perf_counter()
        size = len(index_page(standings))
        print(f"index: {time.perf_counter() - before:.1f} s, {size:,} characters")


def _write_board(root: Path, samples: list[Any], checksum: str) -> None:
    chance = random.Random(0)
    for number in range(SUBMISSIONS):
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
