"""What the harness prepares for a question: frames or canvases, as the configuration says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from glob import escape
from pathlib import Path

from jumpscore.errors import DataError, JumpScoreError
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.controls import Control
from jumpscore.records import Question
from jumpscore.video import (
    PLAIN_GRID,
    MatchedArms,
    TokenGrid,
    VideoInfo,
    VisualInput,
    match_budgets,
    probe,
    uniform_frames,
)
from jumpscore.video.codec import cached_canvases
from jumpscore.video.codec.canvases import MAX_PIXELS
from jumpscore.video.prepared import (
    InputCache,
    default_cache_folder,
    folder_name,
    read_prepared,
)
from jumpscore.video.selection_control import with_pixels_of
from model_wrappers.base import InputKind

DEFAULT_COUNT = 32
"""Pictures that a model is shown where the configuration says nothing."""


def input_cache(settings: RunSettings) -> InputCache | None:
    """Return the cache of prepared canvases, where the run uses one."""
    return InputCache(default_cache_folder(), optional=True) if settings.cache else None


def visual_input(
    question: Question,
    kind: InputKind,
    input: InputConfig,
    *,
    cache: InputCache | None = None,
    grid: TokenGrid = PLAIN_GRID,
    control: Control | None = None,
) -> VisualInput | None:
    """Return what the harness prepares for a question, or nothing where the wrapper does it.

    Args:
        question: What is asked.
        kind: What the model is shown.
        input: How much of it.
        cache: Of canvases.
        grid: How the model cuts frames into tokens.
        control: Which other video's pixels are shown, where that is so.

    Raises:
        VideoError: The video cannot be read.
        DataError: There is more than the one video, or canvases of another tool are not there or
            are none.
        UsageError: The budget is too small for the video, or a control has none to swap.
    """
    if kind not in ("frames", "codec"):
        return None
    videos = [media.path for media in question.media if media.kind == "video"]
    other = None if control is None else control.partner(question)
    if not videos:
        return None  # images are the wrapper's own
    if len(question.media) > 1:
        # A wrapper that gets frames looks at no other media: they would be dropped silently.
        images = len(question.media) - len(videos)
        raise DataError(
            f"{question.id}: {kind} are made of one video, and the question shows {len(videos)} "
            f"with {images} images; a model that takes input=video may see them all"
        )
    path = videos[0]
    planned = partial(_planned, kind=kind, input=input, cache=cache, grid=grid)
    if control is None or other is None:
        return planned(path)
    own = planned(path) if control.kind == "selection" else None
    try:
        if own is None:
            return planned(other)
        return _swapped(own, probe(other).require_whole(), cache)
    except JumpScoreError as error:
        message = f"run.control={control.kind} shows {other.name} for {path.name}: {error}"
        raise type(error)(message) from error


def _planned(
    path: Path,
    *,
    kind: InputKind,
    input: InputConfig,
    cache: InputCache | None,
    grid: TokenGrid,
) -> VisualInput:
    """Return the frames or canvases of a video, as the configuration says."""
    if input.folder is not None:
        visual = _made_elsewhere(path, input.folder)
    else:
        info = probe(path).require_whole()
        if input.tokens is not None:
            arms = _arms(info, input.tokens, input, cache=cache, grid=grid)
            visual = arms.frames if kind == "frames" else arms.canvases
        elif kind == "frames":
            visual = _frames(info, input, grid)
        else:
            visual = _canvases(info, input, cache)
    return _stamped(visual, input)


def _arms(
    info: VideoInfo, tokens: int, input: InputConfig, *, cache: InputCache | None, grid: TokenGrid
) -> MatchedArms:
    """Return both arms of a budget: in the published sizes, or both in the size that was asked."""
    planned = partial(
        match_budgets,
        info.path,
        visual_tokens=tokens,
        matching=input.matching or "visual",
        backend=input.backend or "pyav",
        info=info,
        cache=cache,
    )
    if input.max_pixels is None:
        return planned(grid=grid)
    size = grid.fitted(info.width, info.height, max_pixels=input.max_pixels)
    return planned(max_pixels=input.max_pixels, grid=replace(grid, size=size))


def _swapped(own: VisualInput, other: VideoInfo, cache: InputCache | None) -> VisualInput:
    """Return the input with another video's pixels; canvases on disk, where a server reads them."""
    swapped = with_pixels_of(own, other)
    if cache is None or own.kind != "codec":
        return swapped
    kept = cache.get(own.path, {"control": swapped.fingerprint}, lambda: swapped)
    # Should the cache lose it, the own recipe would not give these pixels.
    return swapped.changed(folder=kept.folder)


def _stamped(visual: VisualInput, input: InputConfig) -> VisualInput:
    """Return the input with its stamps as the configuration wants them."""
    if input.decimals is not None:
        visual = visual.changed(decimals=input.decimals)
    if input.time_policy is not None and input.time_policy != visual.time_policy:
        # The note that explained the default policy would now be wrong.
        notes = [note for note in visual.notes if f"(policy {visual.time_policy})" not in note]
        notes.append(f"what time stamps state was chosen (policy {input.time_policy})")
        visual = visual.changed(time_policy=input.time_policy, notes=tuple(notes))
    return visual


def _frames(info: VideoInfo, input: InputConfig, grid: TokenGrid) -> VisualInput:
    count = DEFAULT_COUNT if input.count is None and input.fps is None else input.count
    return uniform_frames(
        info.path,
        info=info,
        count=count,
        fps=input.fps,
        min_pixels=input.min_pixels,
        max_pixels=input.max_pixels,
        grid=grid,
    )


def _canvases(info: VideoInfo, input: InputConfig, cache: InputCache | None) -> VisualInput:
    return cached_canvases(
        info,
        cache,
        canvases=input.count or DEFAULT_COUNT,
        min_pixels=input.min_pixels,
        max_pixels=input.max_pixels or MAX_PIXELS,
        backend=input.backend or "pyav",
    )


def _made_elsewhere(path: Path, folder: Path) -> VisualInput:
    """Return the canvases that another tool made of a video.

    Folders are named after the path that the tool was given, which may have been another one; the
    video's own name then has to be unique.
    """
    exact = folder / folder_name(path)
    named = [exact] if exact.is_dir() else sorted(folder.glob(f"{escape(path.stem)}__????????"))
    if len(named) != 1:
        found = "there is none" if not named else f"there are {len(named)}"
        raise DataError(
            f"{folder}: needs one folder {path.stem}__<8 hex digits> with the canvases of "
            f"{path.name}, {found}"
        )
    return read_prepared(named[0], video=path)
