"""A small set for TimeLens: rendered jumpers who pause, and sentences about that."""

from __future__ import annotations

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from shutil import copyfile

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from jumpscore.data.layout import Manifest, Row, read_rows, rendered_manifest, write_rows

CLIPS = 6
PROFILE = (
    f"clips={CLIPS}",
    "clean_share=0.0",
    "h265_share=0.0",
    "durations=[{low: 9.0, high: 12.0, weight: 1}]",
    "resolutions=[{width: 320, height: 180, weight: 1}]",
    "shares={pauses: 1.0}",
)
REST = 0.65
"""Minimum seconds between two jumps that count as a rest; gaps inside a bout are shorter."""


def render(out: Path, *, seed: int) -> Manifest:
    """Render the clips and write rows about their bouts of jumping and the rests between them."""
    with tempfile.TemporaryDirectory() as scratch:
        rendered = synthesize(scratch, load_profile("mini", list(PROFILE)), seed=seed)
        rows: list[Row] = []
        for clip in read_rows(scratch):
            target = out / clip.video_path
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(Path(scratch) / clip.video_path, target)
            rows += _rows(clip)
    durations = {clip: facts["duration"] for clip, facts in rendered.videos.items()}
    manifest = rendered_manifest(
        "synthetic-timelens",
        rendered.source,
        recipe={"generator": __name__, "seed": seed},
        videos={row.id: {"duration": durations[row.id.rpartition("-")[0]]} for row in rows},
    )
    write_rows(out, rows, manifest)
    return manifest


def _rows(clip: Row) -> list[Row]:
    """Return a row per bout of jumping, and one per rest."""
    bouts = bouts_of(json.loads(clip.answer))
    questions = [
        (f"the person's {nth} bout of jumping, from its first jump to its last", one[0], one[-1])
        for nth, one in zip(ORDINALS, bouts, strict=False)
        if len(one) > 1
    ]
    questions += [
        (f"the person rests after the {nth} bout of jumping", before[-1], after[0])
        for nth, (before, after) in zip(ORDINALS, pairwise(bouts), strict=False)
    ]
    return [
        Row(f"{clip.id}-{place}", clip.video_path, sentence, json.dumps([start, end]))
        for place, (sentence, start, end) in enumerate(questions)
    ]


ORDINALS = ("first", "second", "third", "fourth", "fifth")


def bouts_of(times: list[float]) -> list[list[float]]:
    """Split times (seconds, increasing) at rests.

    >>> bouts_of([1.0, 1.4, 3.0])
    [[1.0, 1.4], [3.0]]
    """
    bouts: list[list[float]] = []
    for time in times:
        if bouts and time - bouts[-1][-1] < REST:
            bouts[-1].append(time)
        else:
            bouts.append([time])
    return bouts
