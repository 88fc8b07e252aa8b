"""The published spatial benchmarks: what they are called here, and where they are."""

from __future__ import annotations

from evaluators.spatial.benchmarks import COLUMNS, REFCOCO_SPLITS, REFCOCO_TITLES, REVSI_FRAMES
from jumpscore.data.published import PublishedSet

UNSEEN = "columns as lmms-eval 0.7.3 reads them, not verified on the published files"


def _set(
    name: str,
    title: str,
    repository: str | None,
    *,
    note: str = UNSEEN,
    licence: str = "unknown",
    patterns: tuple[str, ...] = (),
) -> PublishedSet:
    split = ", ".join(split or "all files" for split in COLUMNS[name].splits)
    return PublishedSet(
        name=name,
        task="spatial",
        title=title,
        repository=repository,
        convert="evaluators.spatial.convert:convert",
        split=split,
        patterns=patterns,
        licence=licence,
        note=note,
    )


NO_CONVENTION = "the prompt names no convention of coordinates: the model's wrapper must state one"

SETS: tuple[PublishedSet, ...] = (
    _set("where2place", "Where2Place: point to free space", "FlagEval/Where2Place"),
    _set("refspatial", "RefSpatial-Bench: point to what is described", "BAAI/RefSpatial-Bench"),
    _set(
        "pointbench",
        "PointBench: point, and point to every one",
        "PointArena/pointarena-data",
        patterns=("data.json", "selected_images.zip", "selected_masks.zip"),
    ),
    _set("robospatial", "RoboSpatial-Home: points, yes or no", "chanhee-luke/RoboSpatial-Home"),
    _set(
        "crosspoint",
        "CrossPoint-Bench: points and choices across views",
        "WangYipu2002/CrossPoint-Bench",
        note=f"{NO_CONVENTION}; {UNSEEN}",
        patterns=("CrossPoint-Bench.jsonl", "image/*"),
    ),
    *(
        _set(
            f"{name}_{split}",
            f"{REFCOCO_TITLES[name]}, {split}: a box around what is described",
            f"lmms-lab-encoder/{REFCOCO_TITLES[name].replace('+', 'plus')}",
            note=f"{NO_CONVENTION}; {UNSEEN}",
            patterns=(f"*{split}-*.parquet",),
        )
        for name, splits in REFCOCO_SPLITS.items()
        for split in splits
    ),
    _set(
        "vsibench",
        "VSI-Bench: 5,130 questions about 288 videos of rooms",
        "nyu-visionx/VSI-Bench",
        licence="Apache-2.0",
        patterns=("test-*.parquet", "test.jsonl", "*.zip"),
    ),
    *(
        _set(f"revsi_{frames}", f"ReVSI, {frames} frames", "3dlg-hcvc/ReVSI")
        for frames in REVSI_FRAMES
    ),
    _set("sat", "SAT: questions about images and motion between them", "nv-njb/SAT"),
    _set("embspatial", "EmbSpatial-Bench: spatial relations", "FlagEval/EmbSpatial-Bench"),
    _set(
        "cv_bench_2d",
        "CV-Bench 2D: counts and relations",
        "nyu-visionx/CV-Bench",
        licence="Apache-2.0",
        patterns=("test_2d.parquet",),
    ),
    _set(
        "cv_bench_3d",
        "CV-Bench 3D: depth and distance",
        "nyu-visionx/CV-Bench",
        licence="Apache-2.0",
        patterns=("test_3d.parquet",),
    ),
    _set("blink", "BLINK: 14 sub-tasks of perception", "BLINK-Benchmark/BLINK"),
    _set("crpe", "CRPE, relations", "nv-njb/CRPE"),
    _set(
        "metavqa",
        "MetaVQA: questions about driving scenes",
        None,
        note="its rows are the JSONL of nv-njb/MetaVQA-MCQ, its images the folder obs of "
        f"Weizhen011210/MetaVQA-Eval, both datasets on the hub: put them into one folder; {UNSEEN}",
    ),
    _set("erqa", "ERQA: embodied reasoning", "FlagEval/ERQA"),
    _set("mmsi_bench", "MMSI-Bench: reasoning over several images", "RunsenXu/MMSI-Bench"),
)
