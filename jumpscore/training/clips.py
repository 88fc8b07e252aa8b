"""Rendered training clips with auxiliary labels; people in tests never appear.

A lesson is a clip of a synthetic profile with its true times, the rope's angle at every frame, the
direction in which the jumper faces, and the rope's position in the picture: the difference between
a frame and the same frame without a rope.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import call
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jumpscore.builder.bundled import bundled_manifest
from jumpscore.builder.generate import in_processes
from jumpscore.builder.jump_rope import (
    ClipSpec,
    Profile,
    clip_rhythm,
    load_profile,
    render_clip,
    sample_clips,
)
from jumpscore.data.catalogue import BUNDLED, bundled_set
from jumpscore.errors import UsageError
from jumpscore.training.cache import REST, store_clip
from jumpscore.training.lessons import Lesson
from jumpscore.training.settings import DataSettings
from jumpscore.video import smart_size
from jumpscore.video.codec.canvases import RULE
from jumpscore.video.sizes import PATCH

DIFFERENT = 24
"""Of 255: a pixel shows the rope if it differs by more than this with and without a rope."""
Person = tuple[object, ...]
OnClip = Callable[[int, int], None]


def prepare_lessons(
    settings: DataSettings, folder: Path, *, workers: int, on_clip: OnClip | None = None
) -> tuple[Path, Path]:
    """Render and prepare the clips of a training run, except those already in the cache.

    Args:
        settings: Settings of the clips.
        folder: Cache folder. Each combination of settings has its own subfolder, so that runs share
            only clips that they would prepare identically.
        workers: Number of processes.
        on_clip: Called with (clips done, clips).

    Returns:
        The folders of the training clips and of the held-out clips.
    """
    learned_specs, held_out_specs = lesson_specs(settings)
    own = folder / _cache_name(settings)
    learned, held_out = own / "learned", own / "held_out"
    sets = (
        (learned, learned_specs, settings.budgets_each),
        (held_out, held_out_specs, len(settings.budgets)),
    )
    jobs = []
    for place, specs, each in sets:
        place.mkdir(parents=True, exist_ok=True)
        for spec in specs:
            if not (place / f"{spec.id}{REST}").exists():
                drawn = spec.rng("budgets").choice(settings.budgets, each, replace=False)
                budgets = tuple(sorted(drawn.tolist()))
                jobs.append(partial(_prepare, spec, place, settings, budgets))
    for done, _ in enumerate(in_processes(call, jobs, workers), start=1):
        if on_clip:
            on_clip(done, len(jobs))
    return learned, held_out


def _cache_name(settings: DataSettings) -> str:
    """Return the folder name of clips selected and prepared with these settings."""
    # A changed renderer changes the manifests of the bundled sets.
    drawn = [bundled_manifest(bundled.name).content() for bundled in BUNDLED]
    description = json.dumps([RULE, drawn, settings.model_dump(mode="json")], sort_keys=True)
    return f"{settings.profile}-{hashlib.sha256(description.encode()).hexdigest()[:8]}"


def lesson_specs(settings: DataSettings) -> tuple[list[ClipSpec], list[ClipSpec]]:
    """Return training and held-out clips; no person appears in two of train, held-out and test.

    Raises:
        UsageError: A profile has no such clip, because everyone in it is reserved.
    """
    sources = [
        (load_profile(source.profile, source.changes), source) for source in settings.sources
    ]
    reserved = reserved_people(settings)
    held_out = [
        spec
        for profile, source in sources
        for spec in unreserved(_drawn(profile, source.held_out, settings.held_out_seed), reserved)
    ]
    unseen = reserved | {person(spec) for spec in held_out}
    learned = [
        spec
        for profile, source in sources
        for spec in unreserved(_drawn(profile, source.clips, settings.seed), unseen)
    ]
    for words, specs in (("clips", learned), ("held_out", held_out)):
        for profile, _ in sources:
            if not any(spec.profile == profile.name for spec in specs):
                raise UsageError(
                    f"data: everyone in the {words} of profile {profile.name!r} is reserved for "
                    f"other clips; draw more with {words}, or reserve fewer people"
                )
    return learned, held_out


def reserved_people(settings: DataSettings) -> frozenset[Person]:
    """Return the people in tests: those of the reserved seeds and of the reserved sets."""
    tests = [
        _drawn(load_profile(source.profile), settings.reserved_clips, seed)
        for source in settings.sources
        for seed in settings.reserved
    ]
    sets = map(bundled_set, settings.reserved_sets)
    tests += [sample_clips(load_profile(each.name), seed=each.seed) for each in sets]
    return frozenset(person(spec) for clips in tests for spec in clips)


def unreserved(specs: Iterable[ClipSpec], reserved: frozenset[Person]) -> list[ClipSpec]:
    """Return the clips whose person is not reserved."""
    return [spec for spec in specs if person(spec) not in reserved]


def person(spec: ClipSpec) -> Person:
    """Return the identity of a rendered person: (skin, shirt, trousers)."""
    return (spec.look.skin, spec.look.shirt, spec.look.bottom)


def make_lesson(spec: ClipSpec, path: Path, *, max_pixels: int, rope_every: int) -> Lesson:
    """Render one clip.

    Args:
        spec: The clip.
        path: Video file to write.
        max_pixels: Maximum area of the model's input; rope maps have one value per patch of it.
        rope_every: Interval of frames with a rope map.
    """
    from jumpscore.builder.jump_rope.encode import frame_clock

    clip = render_clip(spec, path)
    times, rhythm = frame_clock(spec).times, clip_rhythm(spec)
    return Lesson(
        id=spec.id,
        path=path,
        events=clip.events,
        phases=rhythm.rope_angle(times).astype(np.float32),
        heights=rhythm.body_height(times).astype(np.float32),
        side=float(np.sin(np.radians(spec.view.yaw))),
        rope=_rope(spec, times, max_pixels=max_pixels, every=rope_every),
        source=spec.profile,
    )


def _rope(
    spec: ClipSpec, times: npt.NDArray[np.float64], *, max_pixels: int, every: int
) -> npt.NDArray[np.float32]:
    """Return the share of each patch that the rope covers, [frames, rows, columns], or -1."""
    import cv2

    from jumpscore.builder.jump_rope.clip import clip_pictures

    wide, high = smart_size(spec.width, spec.height, max_pixels=max_pixels)
    size = (wide // PATCH, high // PATCH)
    mapped = np.arange(every // 2, len(times), every)
    rhythm = clip_rhythm(spec)
    with_rope = clip_pictures(spec, rhythm, times[mapped])
    without = clip_pictures(spec, rhythm, times[mapped], rope=False)
    shares = np.full((len(times), size[1], size[0]), -1, dtype=np.float32)
    for place, frame in enumerate(mapped):
        differs = cv2.absdiff(with_rope.frame(place), without.frame(place)).max(axis=-1) > DIFFERENT
        shares[frame] = cv2.resize(differs.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return shares


def _drawn(profile: Profile, clips: int, seed: int) -> list[ClipSpec]:
    return sample_clips(profile.model_copy(update={"clips": clips}), seed=seed)


def _prepare(spec: ClipSpec, folder: Path, settings: DataSettings, budgets: Sequence[int]) -> None:
    """Render and prepare a clip; the video is deleted."""
    with tempfile.TemporaryDirectory() as scratch:
        lesson = make_lesson(
            spec,
            Path(scratch) / f"{spec.name}.mp4",
            max_pixels=settings.max_pixels,
            rope_every=settings.rope_every,
        )
        store_clip(
            lesson, folder,
            max_pixels=settings.max_pixels, budgets=budgets, frames=settings.frames,
        )  # fmt: skip
