"""Render a synthetic data set into the published layout, clip by clip, in several processes."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jumpscore.builder.synthetic import ClipSpec, Profile, RenderedClip, render_clip, sample_clips
from jumpscore.data.digests import digest_frames
from jumpscore.data.layout import (
    MANIFEST,
    QUESTION,
    Manifest,
    Row,
    read_manifest,
    read_rows,
    write_set,
)
from jumpscore.errors import DataError, UsageError
from jumpscore.video import content_hash

LICENCE = "CC0-1.0"
"""Of rendered videos: nobody is in them and nobody filmed them."""

Progress = Callable[[int, int], None]


def synthesize(
    out: str | Path,
    profile: Profile,
    *,
    seed: int,
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> Manifest:
    """Render every clip of ``profile`` into ``out``; a folder that holds the same set is kept.

    Args:
        out: Folder for the data set: ``data/*.parquet``, ``videos/``, ``manifest.json``.
        profile: What to render.
        seed: Of everything; equal seeds give equal sets.
        workers: Processes; by default one per core.
        on_progress: Called with (clips done, clips).

    Raises:
        UsageError: ``out`` holds another data set or cannot be written.
    """
    out = Path(out)
    recipe = {"generator": "jumpscore.builder.synthetic", "seed": seed}
    recipe |= {"profile": profile.recipe()}
    if (kept := _existing(out, recipe)) is not None:
        return kept
    try:
        (out / "videos").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror}); choose another --out"
        ) from error
    specs = sample_clips(profile, seed=seed)
    made: dict[str, tuple[Row, dict[str, Any]]] = {}
    for row, facts in _render_all(specs, out / "videos", workers or os.cpu_count() or 1):
        made[row.id] = (row, facts)
        if on_progress:
            on_progress(len(made), len(specs))
    ordered = [made[spec.id] for spec in specs]
    manifest = Manifest(
        name=f"synthetic-{profile.name}",
        synthetic=True,
        licence=LICENCE,
        source="rendered; the true times follow from the rope's angle",
        recipe=recipe,
        videos={row.id: facts for row, facts in ordered},
    )
    write_set(out, [row for row, _ in ordered], manifest)
    return manifest


def _existing(out: Path, recipe: dict[str, Any]) -> Manifest | None:
    """Return the manifest of a whole set of the same recipe; refuse any other content."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, so it cannot be written; choose another --out")
    if not out.exists() or not any(out.iterdir()):
        return None
    if not (out / MANIFEST).exists():
        # Rendering was interrupted before the manifest, which is written last.
        leftovers = {entry.name for entry in out.iterdir()}
        if leftovers <= {"videos", "data"}:
            return None
        raise UsageError(f"{out}: is not empty and holds no data set; choose another --out")
    manifest = read_manifest(out)
    if manifest.recipe != json.loads(json.dumps(recipe)):
        raise UsageError(
            f"{out}: holds the data set {manifest.name!r} of another recipe "
            f"(seed {manifest.recipe.get('seed')}); choose another --out or delete it"
        )
    gone = [row.video_path for row in read_rows(out) if not (out / row.video_path).exists()]
    return None if gone else manifest


def _render_all(
    specs: Sequence[ClipSpec], folder: Path, workers: int
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield rows and facts as clips are done, in any order."""
    workers = min(workers, len(specs))
    if workers <= 1:
        yield from (_render_one(spec, folder) for spec in specs)
        return
    # Longest first, so that no long clip starts when everything else is done.
    queue = sorted(specs, key=lambda spec: -spec.duration * spec.width * spec.height)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        futures = [pool.submit(_render_one, spec, folder) for spec in queue]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """One thread per process: the processes are the parallelism."""
    import cv2

    cv2.setNumThreads(1)


def _render_one(spec: ClipSpec, folder: Path) -> tuple[Row, dict[str, Any]]:
    path = folder / f"{spec.name}.mp4"
    scratch = folder / f".{spec.name}.{os.getpid()}.mp4"
    try:
        clip = render_clip(spec, scratch)
        digest = digest_frames(scratch)
        facts = {
            "sha256": content_hash(scratch),
            "bytes": scratch.stat().st_size,
            "pictures": asdict(digest),
            **_facts(clip),
        }
        scratch.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error})") from error
    finally:
        scratch.unlink(missing_ok=True)
    row = Row(clip.id, f"videos/{path.name}", QUESTION, json.dumps(list(clip.events)))
    return row, facts


def _facts(clip: RenderedClip) -> dict[str, Any]:
    return {
        "duration": round(clip.duration, 6),
        "frames": clip.frames,
        "fps": clip.fps,
        "width": clip.width,
        "height": clip.height,
        "codec": clip.codec,
        "rotation": clip.rotation,
        "jumps": len(clip.events),
        "nuisance": list(clip.tags),
    }
