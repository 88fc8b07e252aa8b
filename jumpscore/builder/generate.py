"""Renders a synthetic data set in the published layout, with several processes."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jumpscore.builder.jump_rope import ClipSpec, Profile, render_clip, sample_clips
from jumpscore.data.digests import digest_frames
from jumpscore.data.layout import (
    MANIFEST,
    QUESTION,
    Manifest,
    Row,
    read_manifest,
    read_rows,
    rendered_manifest,
    write_set,
)
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import is_scratch, parse_json, remove_leftovers, sync_file
from jumpscore.records import Progress
from jumpscore.video import content_hash

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")

DONE = ".rendered.jsonl"
"""File with the finished clips, until the set is complete."""

STORED = ("fps", "width", "height", "codec", "rotation")
"""Fields of a clip's specification that are facts in the manifest."""

GENERATOR = "jumpscore.builder.synthetic"
"""The renderer's name in stored recipes. It stays, so that rendered sets are still recognised."""


def synthesize(
    out: str | Path,
    profile: Profile,
    *,
    seed: int,
    workers: int | None = None,
    name: str | None = None,
    on_progress: Progress | None = None,
) -> Manifest:
    """Render every clip of ``profile`` into ``out``, unless it already contains the same set.

    After an interruption, the same call resumes.

    Args:
        out: Folder for the data set: ``data/*.parquet``, ``videos/``, ``manifest.json``.
        profile: Profile of the clips.
        seed: Seed of the whole set; equal seeds give equal sets.
        workers: Number of processes; by default one per core.
        name: Data set name; by default the profile's name and a digest of the recipe, so that names
            are unique.
        on_progress: Called with (clips done, clips).

    Raises:
        UsageError: ``out`` contains another data set or cannot be written.
    """
    out = Path(out)
    recipe: dict[str, Any] = {"generator": GENERATOR, "seed": seed}
    recipe |= {"profile": profile.recipe()}
    if (existing := _existing(out, recipe)) is not None:
        return existing
    try:
        (out / "videos").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror}); choose another --out"
        ) from error
    remove_leftovers(out / "videos")
    specs = sample_clips(profile, seed=seed)
    done = _done_before(out, recipe)
    missing = [spec for spec in specs if spec.id not in done]
    # Longest first, so that no long clip starts last.
    missing.sort(key=lambda spec: -spec.duration * spec.width * spec.height)
    render = partial(_render_one, folder=out / "videos")
    for row, facts in in_processes(render, missing, workers or os.cpu_count() or 1):
        done[row.id] = (row, facts)
        _note_done(out, recipe, row, facts)
        if on_progress:
            on_progress(len(done), len(specs))
    ordered = [done[spec.id] for spec in specs]
    manifest = rendered_manifest(
        name or f"synthetic-{profile.name}-{_digest(recipe)}",
        "rendered; the true times follow from the rope's angle",
        recipe=recipe,
        videos={row.id: facts for row, facts in ordered},
    )
    write_set(out, [row for row, _ in ordered], manifest)
    with suppress(OSError):
        (out / DONE).unlink(missing_ok=True)
    return manifest


def _existing(out: Path, recipe: dict[str, Any]) -> Manifest | None:
    """Return the manifest of a complete set of the same recipe; refuse any other content."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a folder; choose another --out")
    if not out.exists() or not any(out.iterdir()):
        return None
    if not (out / MANIFEST).exists():
        # Rendering was interrupted before the manifest, which is written last.
        remove_leftovers(out)
        names = {entry.name for entry in out.iterdir() if not is_scratch(entry.name)}
        if names <= {"videos", "data", DONE}:
            return None
        raise UsageError(f"{out}: not empty and not a data set; choose another --out")
    manifest = read_manifest(out)
    if manifest.recipe != json.loads(json.dumps(recipe)):
        raise UsageError(
            f"{out}: contains the data set {manifest.name!r} of another recipe "
            f"(seed {manifest.recipe.get('seed')}); choose another --out or delete it"
        )
    gone = [row.video_path for row in read_rows(out) if not (out / row.video_path).exists()]
    if gone:
        return None
    with suppress(OSError):
        (out / DONE).unlink(missing_ok=True)  # a call may stop between the manifest and this
    return manifest


def _digest(recipe: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:8]


def _note_done(out: Path, recipe: Mapping[str, Any], row: Row, facts: Mapping[str, Any]) -> None:
    """Record a rendered clip, so that a resumed call does not render it again."""
    line = {"recipe": _digest(recipe), "row": asdict(row), "facts": facts}
    with suppress(OSError), (out / DONE).open("a", encoding="ascii") as file:
        file.write(json.dumps(line) + "\n")


def _done_before(out: Path, recipe: Mapping[str, Any]) -> dict[str, tuple[Row, dict[str, Any]]]:
    """Return the clips that an interrupted call of the same recipe rendered, by id."""
    done: dict[str, tuple[Row, dict[str, Any]]] = {}
    try:
        lines = (out / DONE).read_bytes().splitlines()
    except OSError:
        return {}
    for text in lines:
        try:
            line = parse_json(text)
            row, facts = Row(**line["row"]), dict(line["facts"])
            same = line["recipe"] == _digest(recipe)
            if same and content_hash(out / row.video_path) == facts["sha256"]:
                done[row.id] = (row, facts)
        except (ValueError, TypeError, KeyError, OSError):
            continue  # a torn line or a missing video: render it again
    return done


def in_processes(
    function: Callable[[JobT], ResultT], jobs: Sequence[JobT], workers: int
) -> Iterator[ResultT]:
    """Yield the results of jobs as they finish; one worker is this process itself."""
    if min(workers, len(jobs)) <= 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_start_worker
    )
    try:
        for future in as_completed([pool.submit(function, job) for job in jobs]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """Use one thread per process, because clips are rendered in parallel."""
    import cv2

    cv2.setNumThreads(1)


def _movement(spec: ClipSpec) -> dict[str, Any]:
    """Return how the person of a filmed clip moves; nothing for other clips."""
    if spec.capture is None:
        return {}
    if spec.activity != "jump":
        return {"activity": spec.activity}
    return {"activity": "jump", "style": spec.tempo.style, "gap": spec.tempo.gap}


def _render_one(spec: ClipSpec, folder: Path) -> tuple[Row, dict[str, Any]]:
    path = folder / f"{spec.name}.mp4"
    scratch = folder / f".{path.name}.{os.getpid()}"
    try:
        clip = render_clip(spec, scratch)
        facts = {
            "sha256": content_hash(scratch),
            "bytes": scratch.stat().st_size,
            "pictures": asdict(digest_frames(scratch)),
            "duration": round(clip.duration, 6),
            "frames": clip.frames,
            **{name: getattr(spec, name) for name in STORED},
            "jumps": len(clip.events),
            "nuisance": list(spec.tags),
            **_movement(spec),
        }
        sync_file(scratch)
        scratch.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error})") from error
    finally:
        scratch.unlink(missing_ok=True)
    row = Row(spec.id, f"videos/{path.name}", QUESTION, json.dumps(list(clip.events)))
    return row, facts
